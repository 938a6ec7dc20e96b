/**
 * The client of the measurement protocol: a session that yields samples.
 *
 * @module
 */

import type { StreamConnection } from "../net/stream_connection.ts";
import { Pacer } from "../timing/pacer.ts";
import { periodic } from "../timing/schedule.ts";
import { MeasureConversation, type MeasureOptions } from "./conversation.ts";
import { ProtocolError } from "./protocol_error.ts";
import { newSample, type Sample } from "../stats/sample.ts";

/**
 * Measures over a connection: setup, probes, termination.
 *
 * A probe's time is from just before it is written to the last byte of its
 * echo; the echo's content is compared afterwards. A lenient session learns
 * from its first probe how the server echoes.
 *
 * @param dial Opens the connection; called a second time only by a lenient
 * session whose server counts from 0.
 * @param options What to measure.
 * @returns A sample for each probe. One that got no echo is yielded as lost
 * before the error that says why is thrown.
 * @throws {ProtocolError} If the server refuses, or answers something else.
 */
export async function* measureSession(
  dial: () => Promise<StreamConnection>,
  options: MeasureOptions,
): AsyncGenerator<Sample, void, void> {
  const { setup, signal, tolerate } = options;
  let session = new MeasureConversation(await dial(), options);
  const stop = () => session.connection.stop();
  signal?.addEventListener("abort", stop);
  try {
    await session.setUp();
    let learnt: Sample | null = null;
    if (tolerate) {
      try {
        learnt = await session.learn();
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        session.connection.close();
        try { // as a server that counts from 0 wants it
          session = new MeasureConversation(await dial(), options, -1);
          await session.setUp();
          learnt = await session.learn();
        } catch {
          throw error;
        }
        tolerate("sequence numbers from 0");
      }
      if (learnt !== null) yield learnt;
    }
    const { intervalMs } = options;
    const pacer = new Pacer(intervalMs === 0 ? null : periodic(intervalMs));
    for (let sequence = learnt ? 2 : 1; sequence <= setup.probes; sequence++) {
      const warmup = sequence <= options.warmup;
      const intendedAtMs = warmup
        ? performance.now()
        : await pacer.next(signal);
      if (signal?.aborted) return await session.abandon();
      const sample = newSample(sequence, warmup, intendedAtMs);
      try {
        await session.probe(sample);
      } catch (error) {
        if (signal?.aborted) return;
        yield sample;
        throw error;
      }
      yield sample;
    }
    await session.terminate();
  } finally {
    signal?.removeEventListener("abort", stop);
    session.connection.close();
  }
}
