/**
 * Targets as words, as their configuration gives them.
 *
 * | word | probe |
 * |---|---|
 * | `stamp:HOST[:PORT]` | a STAMP request; port 862, or 8620 if that answers |
 * | `measure:HOST[:PORT]` | a message of the measure protocol, port 10000 |
 * | `connect:HOST:PORT` | the set-up of a TCP connection |
 * | `HOST` | STAMP if it answers, otherwise a connection to port 443 |
 *
 * @module
 */

import { formatAddress, parseTarget } from "../net/address.ts";
import type { SharedKey } from "../net/shared_key.ts";
import type { ProbeCounts, ProbeKind } from "./api.ts";

/** One way to probe a host. */
export interface ProbePort {
  /** The kind of probe. */
  probe: ProbeKind;
  /** The port. */
  port: number;
}

/** A target as configured; each of its address families is a series. */
export interface TargetSpec {
  /** Its name; unique among targets with the same kind of probe. */
  name: string;
  /** Its group; empty for none. */
  group: string;
  /** Its labels. */
  labels: Record<string, string>;
  /** The host: a name or an address. */
  host: string;
  /** The ways to probe it: the first that answers, else the last one. */
  ways: ProbePort[];
  /** The only address family; both if absent. */
  family?: 4 | 6 | undefined;
  /** The time between probes. */
  intervalMs: number;
  /** A probe without a reply is lost after this time. */
  timeoutMs: number;
  /** The key that a measure server must hold; without one it needs none. */
  key?: Promise<SharedKey> | undefined;
}

const KINDS: Record<ProbeKind, ProbePort[]> = {
  stamp: [8620, 862].map((port) => ({ probe: "stamp", port })),
  measure: [{ probe: "measure", port: 10_000 }],
  connect: [{ probe: "connect", port: 443 }],
};

/**
 * Parses a word.
 *
 * @param word The word.
 * @returns Its host, the ways to probe it, and the name it has by itself.
 * @throws {SyntaxError} If it is not a target.
 *
 * @example Usage
 * ```ts
 * import { parseTargetWord } from "./target.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseTargetWord("connect:example.net:22"), {
 *   name: "example.net:22",
 *   host: "example.net",
 *   ways: [{ probe: "connect", port: 22 }],
 * });
 * ```
 */
export function parseTargetWord(
  word: string,
): Pick<TargetSpec, "name" | "host" | "ways"> {
  const [, kind, address = word] =
    /^(stamp|measure|connect):(.+)$/.exec(word) ??
      [];
  const probe = (kind ?? "connect") as ProbeKind;
  const parsed = parseTarget(address, 0);
  if (parsed.transport !== "tcp") {
    throw new SyntaxError("a Unix socket cannot be monitored");
  }
  const { hostname: host, port } = parsed;
  if (kind === undefined) {
    if (port !== 0) {
      throw new SyntaxError(
        `write connect:${address}, stamp:${address} or measure:${address}`,
      );
    }
    return { name: host, host, ways: [...KINDS.stamp, ...KINDS.connect] };
  }
  if (port !== 0) {
    return { name: formatAddress(parsed), host, ways: [{ probe, port }] };
  }
  if (probe === "connect") {
    throw new SyntaxError(`the port is missing, as in connect:${host}:443`);
  }
  return { name: host, host, ways: KINDS[probe] };
}

/** A probed address family of a target, as the prober reports it. */
export interface SeriesInfo
  extends Omit<TargetSpec, "ways" | "family" | "key"> {
  /** Names it in the interface; see `TargetStatus.id`. */
  id: string;
  /** Its number among the series of this run. */
  series: number;
  /** How it is probed. */
  way: ProbePort;
  /** Its address family. */
  family: 4 | 6;
  /** Its address now; `null` if the name has none. */
  address: string | null;
}

/** The outcome of a probe, or a correction of an earlier one. */
export interface ProbeRecord {
  /** The number of the series. */
  series: number;
  /** When the probe was sent, or due, in Unix seconds. */
  at: number;
  /** Which counters grow by how much. */
  counts: Partial<ProbeCounts>;
  /** Whether a probe was completed by this. */
  completes: boolean;
  /** The round trip; `null` if there is none. */
  rttUs: number | null;
  /** The apparent forward delay, the offset of the clocks included. */
  forwardUs?: number | undefined;
  /** The apparent backward delay, likewise. */
  backwardUs?: number | undefined;
  /** Why it failed or was not sent. */
  error?: string | undefined;
}
