/**
 * Probes over TCP: the set-up of a connection, and a message of the measure
 * protocol on a connection of its own.
 *
 * @module
 */

import { measureSession } from "../measure/client.ts";
import { connectWithin } from "../net/connect.ts";
import { errorCode } from "../net/errors.ts";
import type { SharedKey } from "../net/shared_key.ts";
import { StreamConnection } from "../net/stream_connection.ts";
import type { ProbeKind } from "./api.ts";

/** The payload of a measure probe, in bytes. */
const PAYLOAD_BYTES = 64;
/** Errors that are this host's, not the target's. */
const OWN_ERRORS = [
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "EPERM",
];

/**
 * Whether a probe failed because of this host, so that its outcome is unknown.
 *
 * @param error Why it failed.
 * @returns Whether the error is this host's.
 */
export function isOwnError(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable ||
    OWN_ERRORS.includes(errorCode(error) ?? "");
}

/**
 * Sends one probe.
 *
 * @param probe Its kind.
 * @param target The address.
 * @param timeoutMs The deadline.
 * @param signal Ends it early.
 * @param key The key that a measure server must hold.
 * @returns The round trip in milliseconds.
 * @throws {Error} Why the probe failed.
 */
export async function streamProbe(
  probe: Exclude<ProbeKind, "stamp">,
  target: { hostname: string; port: number },
  timeoutMs: number,
  signal?: AbortSignal,
  key?: SharedKey,
): Promise<number> {
  const connect = () =>
    connectWithin(
      timeoutMs,
      signal,
      (signal) => Deno.connect({ ...target, signal }),
    );
  if (probe === "connect") {
    const sentMs = performance.now();
    using _conn = await connect();
    return performance.now() - sentMs;
  }
  const samples = measureSession(
    async () =>
      new StreamConnection(await connect(), {
        readMs: timeoutMs,
        writeMs: timeoutMs,
      }),
    {
      setup: { type: "rtt", probes: 1, sizeBytes: PAYLOAD_BYTES, delayMs: 0 },
      warmup: 0,
      intervalMs: 0,
      key,
      ...(signal && { signal }),
    },
  );
  let rttMs: number | null = null;
  for await (const sample of samples) rttMs = sample.rttMs;
  if (rttMs === null) throw new Deno.errors.Interrupted();
  return rttMs;
}
