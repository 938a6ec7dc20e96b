/**
 * Admission control: which connections and datagrams a server takes, by their
 * source.
 *
 * | rule | by default |
 * |---|---|
 * | hosts on the deny list are refused | none |
 * | with an allow list, all hosts that are not on it are refused | all are allowed |
 * | open connections of a source | 64 |
 * | new connections of a source a second | 1000 |
 * | datagrams of a source a second | 1000 |
 *
 * A source is an IPv4 address or an IPv6 /64 network. A /24 or a /56 network gets
 * four times the rate of a source, and all sources together forty times: so forged
 * sources do not multiply the replies that one host or one network gets.
 *
 * No other host can send from a loopback address. So the limits of connections
 * exempt it unless they are given, and for datagrams each of its sockets is a
 * source, with no other limit: a flood does not silence the clients on this
 * machine.
 *
 * Memory is bounded, whatever addresses are forged: see {@linkcode RateLimiter}.
 *
 * @module
 */

import { type Clock, systemClock } from "../timing/clock.ts";
import { formatAddress } from "./address.ts";
import { includesHost, type Network } from "./networks.ts";
import { RateLimiter } from "./rate_limiter.ts";
import { isLoopback, isResponder, prefixOf, sourceOf } from "./source.ts";
import { ThrottledLog } from "./throttled_log.ts";

/** The limits of each source. */
export interface SourceLimits {
  /** The most open connections. */
  maxPerSource: number;
  /** The most new connections a second, and so many at once. */
  maxConnectsPerSec: number;
  /** The most datagrams a second, and a quarter of it at once. */
  maxDatagramsPerSec: number;
}

/** The default limits. */
export const DEFAULT_SOURCE_LIMITS: Readonly<SourceLimits> = {
  maxPerSource: 64,
  maxConnectsPerSec: 1000,
  maxDatagramsPerSec: 1000,
};

/** Whom a server serves; data that can be sent to a thread. */
export interface AdmissionRules {
  /** Serves these networks alone; without any it serves all. */
  allow?: readonly Network[] | undefined;
  /** Refuses these networks, also those that are allowed. */
  deny?: readonly Network[] | undefined;
  /** The limits, which count for loopback as well. */
  limits?: { [K in keyof SourceLimits]?: SourceLimits[K] | undefined };
  /** Replaces some of {@linkcode DEFAULT_SOURCE_LIMITS}. */
  defaults?: Partial<SourceLimits>;
}

/**
 * Why something was refused: its address is denied; its source has too many
 * connections, or is too fast; or its port would reply to the reply.
 */
export type Refusal = "denied" | "tooMany" | "tooFast" | "responder";

/** Why something is refused, and how the counts name it. */
const REASONS: Record<"connections" | "datagrams", [Refusal, string][]> = {
  connections: [
    ["denied", "denied"],
    ["tooMany", "too many"],
    ["tooFast", "too fast"],
  ],
  datagrams: [
    ["denied", "denied"],
    ["responder", "from responders"],
    ["tooFast", "too fast"],
  ],
};

/**
 * Formats how many were refused.
 *
 * @param admission Has counted them.
 * @param what What was refused.
 * @returns As `denied 1, too many 0, too fast 2`.
 */
export function formatRefused(
  { refused }: AdmissionControl,
  what: "connections" | "datagrams",
): string {
  return REASONS[what].map(([why, name]) => `${name} ${refused[why]}`)
    .join(", ");
}

/** The rates of a network and of all sources, as multiples of a source's. */
const NETWORK_FACTOR = 4;
const TOTAL_FACTOR = 40;

/**
 * Decides on connections and datagrams, and counts and logs what it refuses, at
 * most one line a second.
 *
 * @example Usage
 * ```ts
 * import { AdmissionControl } from "./admission.ts";
 * import { parseNetworks } from "./networks.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const admission = new AdmissionControl({
 *   allow: parseNetworks("192.0.2.0/24"),
 *   limits: { maxPerSource: 1 },
 * });
 * const from = (hostname: string): Deno.NetAddr => ({
 *   transport: "tcp",
 *   hostname,
 *   port: 50_000,
 * });
 * assertEquals(admission.accept(from("198.51.100.1")), "denied");
 * const leave = admission.accept(from("192.0.2.1"));
 * assertEquals(admission.accept(from("192.0.2.1")), "tooMany");
 * if (typeof leave === "function") leave();
 * assertEquals(typeof admission.accept(from("192.0.2.1")), "function");
 * assertEquals(admission.refused.denied, 1);
 * ```
 */
export class AdmissionControl {
  /** How many were refused so far. */
  readonly refused: Record<Refusal, number> = {
    denied: 0,
    tooMany: 0,
    tooFast: 0,
    responder: 0,
  };
  /** The most open connections of a source. */
  readonly maxPerSource: number;
  #allow: readonly Network[] | null;
  #deny: readonly Network[] | null;
  #countsLoopback: { open: boolean; connects: boolean };
  #open = new Map<string, number>();
  #connects: SourceRates;
  #datagrams: SourceRates;
  #local: RateLimiter;
  #log: ThrottledLog;

  /**
   * Starts without any connection.
   *
   * @param rules Whom to serve; by default everyone, within the default limits.
   * @param options What receives the lines about refusals, and the clock.
   */
  constructor(
    rules: AdmissionRules = {},
    options: { log?: (line: string) => void; clock?: Clock } = {},
  ) {
    const { allow = [], deny = [], limits = {}, defaults } = rules;
    const { log = () => {}, clock = systemClock } = options;
    const byDefault = { ...DEFAULT_SOURCE_LIMITS, ...defaults };
    const {
      maxPerSource = byDefault.maxPerSource,
      maxConnectsPerSec = byDefault.maxConnectsPerSec,
      maxDatagramsPerSec = byDefault.maxDatagramsPerSec,
    } = limits;
    this.#allow = allow.length > 0 ? allow : null;
    this.#deny = deny.length > 0 ? deny : null;
    this.maxPerSource = maxPerSource;
    this.#countsLoopback = {
      open: limits.maxPerSource !== undefined,
      connects: limits.maxConnectsPerSec !== undefined,
    };
    // Clients come in groups, so connections have the longer burst.
    this.#connects = new SourceRates(maxConnectsPerSec, 1, clock);
    this.#datagrams = new SourceRates(maxDatagramsPerSec, 1 / 4, clock);
    this.#local = new RateLimiter(maxDatagramsPerSec, { clock });
    this.#log = new ThrottledLog(log, clock);
  }

  /** How many were refused so far, for whatever reason. */
  get refusedCount(): number {
    return Object.values(this.refused).reduce((sum, count) => sum + count, 0);
  }

  /**
   * Decides on a connection that a client opened.
   *
   * @param remote The client's address; a Unix socket is always accepted.
   * @returns A function to call once when the connection has ended, or why it is
   * refused.
   */
  accept(remote: Deno.Addr): (() => void) | Refusal {
    return this.#enter(remote, true);
  }

  /**
   * Decides on a connection that this program opens. It counts as one of its
   * source, but its rate is our own.
   *
   * @param remote The server's address.
   * @returns As {@linkcode AdmissionControl.accept}.
   */
  connect(remote: Deno.NetAddr): (() => void) | Refusal {
    return this.#enter(remote, false);
  }

  /**
   * Decides on a datagram.
   *
   * @param from Its source.
   * @param own Where it was received.
   * @returns Why it is refused; `null` if it is not.
   */
  datagram(from: Deno.NetAddr, own: Deno.NetAddr): Refusal | null {
    const { hostname, port } = from;
    if (!this.allows(hostname)) return this.#refuse(from, "denied");
    if (isResponder(from, own)) return this.#refuse(from, "responder");
    const isInTime = isLoopback(hostname)
      ? this.#local.allow(`${port} ${hostname}`)
      : this.#datagrams.allow(hostname);
    return isInTime ? null : this.#refuse(from, "tooFast");
  }

  /**
   * Checks a host against the lists.
   *
   * @param hostname Its numeric address.
   * @returns Whether it may be served.
   */
  allows(hostname: string): boolean {
    if (this.#deny !== null && includesHost(this.#deny, hostname)) return false;
    return this.#allow === null || includesHost(this.#allow, hostname);
  }

  #enter(remote: Deno.Addr, isAccepted: boolean): (() => void) | Refusal {
    if (!("hostname" in remote)) return () => {};
    const { hostname } = remote;
    if (!this.allows(hostname)) return this.#refuse(remote, "denied");
    const isLocal = isLoopback(hostname);
    const source = sourceOf(hostname);
    const count = this.#open.get(source) ?? 0;
    const counts = !isLocal || this.#countsLoopback.open;
    if (counts && count >= this.maxPerSource) {
      return this.#refuse(remote, "tooMany");
    }
    const isTimed = isAccepted && (!isLocal || this.#countsLoopback.connects);
    if (isTimed && !this.#connects.allow(hostname)) {
      return this.#refuse(remote, "tooFast");
    }
    this.#open.set(source, count + 1);
    return () => {
      const left = this.#open.get(source)! - 1;
      if (left === 0) this.#open.delete(source);
      else this.#open.set(source, left);
    };
  }

  #refuse(remote: Deno.Addr, why: Refusal): Refusal {
    this.refused[why] += 1;
    this.#log.write(() =>
      `${formatAddress(remote)}: refused: ${MEANINGS[why]}`
    );
    return why;
  }
}

/** What a refusal means, for the log. */
const MEANINGS: Record<Refusal, string> = {
  denied: "its address is not allowed",
  tooMany: "its source has too many connections",
  tooFast: "its source or its network is too fast",
  responder: "its port is of a service that replies",
};

/** The rates of the sources, of their networks, and of all together. */
class SourceRates {
  #sources: RateLimiter;
  #networks: RateLimiter;
  #total: RateLimiter;
  #clock: Clock;

  /** Creates full buckets, each for so many seconds. */
  constructor(ratePerSec: number, burstSec: number, clock: Clock) {
    const limiter = (factor: number) => {
      const rate = factor * ratePerSec;
      return new RateLimiter(rate, { burst: rate * burstSec, clock });
    };
    this.#sources = limiter(1);
    this.#networks = limiter(NETWORK_FACTOR);
    this.#total = limiter(TOTAL_FACTOR);
    this.#clock = clock;
  }

  /** Takes one token of a host that is not this one. */
  allow(hostname: string): boolean {
    const nowMs = this.#clock.now();
    // Asked first: otherwise forged sources would fill the tables for nothing,
    // and a source that is too fast would use up what is left for the others.
    return this.#total.hasToken("", nowMs) &&
      this.#sources.allow(sourceOf(hostname), nowMs) &&
      this.#networks.allow(prefixOf(hostname), nowMs) &&
      this.#total.allow("", nowMs);
  }
}
