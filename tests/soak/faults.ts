/**
 * What is done to servers while valid clients use them.
 *
 * @module
 */

import { sleepUntil } from "../../lib/timing/sleep.ts";
import { bytes, openDatagrams } from "../fixtures.ts";
import { Crowd, resets, rubbish } from "../hostile_clients.ts";

/** A server of the soak has so many files; {@linkcode EXHAUSTING} clients more. */
export const OPEN_FILES = 128;
export const EXHAUSTING = 300;
/** The name of that fault. */
export const EXHAUSTION = "too many files";
/** How long connections are held, in milliseconds. */
const HOLD_MS = 2000;

/** Something that goes wrong for a while. */
export type Fault = (port: number, signal: AbortSignal) => Promise<void>;

/** Whole requests of clients that read no answer; others send lines. */
const REQUESTS: Record<string, string> = {
  monitor: "GET /api/targets HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(500),
  measure: `s rtt 1000 500 0\n${
    Array.from(
      { length: 1000 },
      (_, at) => `m ${at + 1} ${"x".repeat(500)}\n`,
    ).join("")
  }`,
};
const LINES = "hi there\n".repeat(8000);

function crowd(count: number, act: (crowd: Crowd) => void): Fault {
  return async (port, signal) => {
    using crowd = await new Crowd().open(port, count);
    act(crowd);
    const untilMs = performance.now() + HOLD_MS;
    await sleepUntil(untilMs, signal, { relaxed: true });
  };
}

/** The faults of a stream server. */
export function streamFaults(name: string): Record<string, Fault> {
  const requests = bytes(REQUESTS[name] ?? LINES);
  return {
    resets: (port) => resets(port, 200),
    [EXHAUSTION]: crowd(EXHAUSTING, () => {}),
    "half-open": crowd(30, ({ sockets }) => {
      for (const socket of sockets) socket.end();
    }),
    "slow writers": crowd(30, (crowd) => {
      crowd.write((at) => requests.subarray(at, at + 1), 200);
    }),
    "slow readers": crowd(30, (crowd) => crowd.write(() => requests)),
    rubbish: crowd(50, (crowd) => crowd.write(() => rubbish(4096), 500)),
  };
}

function burst(count: number, content: () => Uint8Array): Fault {
  return async (port) => {
    const socket = openDatagrams();
    const to = { transport: "udp", hostname: "127.0.0.1", port } as const;
    for (let sent = 0; sent < count; sent++) await socket.send(content(), to);
    socket.close();
  };
}

/** The faults of a datagram server. */
export const DATAGRAM_FAULTS: Record<string, Fault> = {
  rubbish: burst(200, () => rubbish(1500)),
  "empty datagrams": burst(200, () => new Uint8Array(0)),
  "a full queue": burst(3000, () => rubbish(100)),
};
