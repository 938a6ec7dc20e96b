/**
 * How long it takes until the first byte of an answer, from nothing.
 *
 * @module
 */

import { DatagramSocket } from "../net/datagram_socket.ts";
import type { StreamConnection } from "../net/stream_connection.ts";
import { StampReplyReader, StampRequest } from "../stamp/request.ts";
import { WallClock } from "../timing/wall_clock.ts";
import { MeasureConversation } from "../measure/client.ts";
import type { StampOptions } from "../stamp/session.ts";

/** The times of one attempt, in microseconds. */
export interface FirstByte {
  /** Until something could be sent. */
  setupUs: number;
  /** Until the answer came; `null` if none did. */
  firstByteUs: number | null;
  /** Whether something came that is no answer. */
  isMalformed?: boolean;
}

/**
 * Connects, asks, and waits for the answer.
 *
 * @param dial Connects to a server of the measurement protocol.
 * @param signal Ends the wait early.
 * @returns The time of the connection's set-up, and of both together.
 * @throws {ProtocolError} If the server answers something else, or closes the
 * connection instead.
 */
export async function streamFirstByte(
  dial: () => Promise<StreamConnection>,
  signal?: AbortSignal,
): Promise<FirstByte> {
  const startMs = performance.now();
  using connection = await dial();
  const setupUs = sinceUs(startMs);
  connection.stopOn(signal);
  const conversation = new MeasureConversation(connection, {
    setup: { type: "rtt", probes: 1, sizeBytes: 1, delayMs: 0 },
    warmup: 0,
    intervalMs: 0,
    ...(signal && { signal }),
  });
  await conversation.setUp();
  const firstByteUs = sinceUs(startMs);
  signal?.throwIfAborted();
  await conversation.terminate();
  return { setupUs, firstByteUs };
}

/**
 * Opens a datagram socket, asks, and waits for the answer.
 *
 * @param open Opens the socket.
 * @param target A STAMP reflector, by its address.
 * @param options What the question is like, and how long to wait.
 * @returns The time that the socket took to open, and of both together.
 */
export async function datagramFirstByte(
  open: () => Deno.DatagramConn,
  target: { hostname: string; port: number },
  options: Pick<StampOptions, "request" | "timeoutMs" | "signal">,
): Promise<FirstByte> {
  const request = new StampRequest(options.request);
  const reader = new StampReplyReader(request);
  const wall = new WallClock();
  wall.read(performance.now());
  request.prepare(0, wall);
  const startMs = performance.now();
  using socket = new DatagramSocket(open());
  const setupUs = sinceUs(startMs);
  await socket.send(request.bytes, target);
  const { timeoutMs, signal } = options;
  let isMalformed = false;
  for (;;) {
    const leftMs = timeoutMs - sinceUs(startMs) / 1000;
    const answer = await socket.receiveFrom(target, leftMs, signal);
    const firstByteUs = sinceUs(startMs);
    if (answer === null) return { setupUs, firstByteUs: null, isMalformed };
    if (reader.take(answer)) return { setupUs, firstByteUs };
    isMalformed = true;
    if (leftMs <= 0) return { setupUs, firstByteUs: null, isMalformed };
  }
}

function sinceUs(startMs: number): number {
  return (performance.now() - startMs) * 1000;
}
