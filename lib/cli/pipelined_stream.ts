/**
 * Messages over a stream that are sent on a schedule, whatever became of those
 * before them; and a server by which some of them are late, as after the loss of
 * a segment.
 *
 * @module
 */

import { isDisconnect } from "../net/errors.ts";
import type { StreamConnection } from "../net/stream_connection.ts";
import type { StreamHandler } from "../net/serve_streams.ts";
import { Pacer, periodic } from "../timing/pacer.ts";
import { sleepUntil } from "../timing/sleep.ts";
import { ProtocolError } from "../measure/messages.ts";
import { newSample, type Sample } from "../stats/sample.ts";
import { SampleQueue } from "../stats/sample.ts";

/**
 * Echoes lines, each after those before it.
 *
 * @param isHeld Whether the next line is held back; asked once a line.
 * @param holdMs For how long: on a path that lost a segment, as long as the
 * sender takes to send it again.
 * @returns What a server does with a connection.
 */
export function heldEcho(
  isHeld: () => boolean,
  holdMs: number,
): StreamHandler {
  return async (connection) => {
    for (let line; (line = await connection.readLine()) !== null;) {
      if (isHeld()) await sleepUntil(performance.now() + holdMs);
      await connection.writeAll(line);
    }
  };
}

/**
 * Sends lines on a schedule, and takes their echoes as they come.
 *
 * @param connection To a server that echoes lines; it is closed at the end.
 * @param options How many, how long, how often, and what ends it early.
 * @returns A sample for each line that was sent, once it came back or cannot any
 * more.
 */
export async function* measurePipelined(
  connection: StreamConnection,
  options: {
    count: number;
    sizeBytes: number;
    intervalMs: number;
    signal: AbortSignal;
  },
): AsyncGenerator<Sample, void, void> {
  const { count, sizeBytes, intervalMs, signal } = options;
  const line = new Uint8Array(sizeBytes).fill(0x2e); // full stops
  line[sizeBytes - 1] = 0x0a;
  const underWay: Sample[] = [];
  const queue = new SampleQueue();
  connection.stopOn(signal);
  const sending = send().catch((error) => queue.fail(error));
  const receiving = receive().then(giveUp, (error) => {
    if (!signal.aborted || !isDisconnect(error)) queue.fail(error);
    giveUp();
  });
  try {
    yield* queue;
  } finally {
    connection.close();
    await Promise.all([sending, receiving]);
  }

  /** No more will come: what was not echoed is lost. */
  function giveUp(): void {
    if (!signal.aborted) { for (const sample of underWay) queue.push(sample); }
    queue.end();
  }

  async function send(): Promise<void> {
    const pacer = new Pacer(periodic(intervalMs));
    for (let sequence = 1; sequence <= count; sequence++) {
      const intendedAtMs = await pacer.next(signal);
      if (signal.aborted) return;
      const sample = newSample(sequence, false, intendedAtMs);
      sample.sentAtMs = performance.now();
      underWay.push(sample);
      await connection.writeAll(line);
      sample.sendCallMs = performance.now() - sample.sentAtMs;
    }
  }

  /** A stream keeps the order: each echo is that of the oldest line. */
  async function receive(): Promise<void> {
    for (let received = 0; received < count; received++) {
      const line = await connection.readLine();
      if (line === null) {
        if (signal.aborted) return;
        throw new ProtocolError("the echo of a line", null);
      }
      const sample = underWay.shift();
      if (sample === undefined) {
        throw new ProtocolError("no line that was not sent", line);
      }
      sample.rttMs = performance.now() - sample.sentAtMs;
      queue.push(sample);
    }
  }
}
