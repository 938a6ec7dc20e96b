/**
 * The client of the measure protocol: a session that yields samples, and the
 * messages it exchanges, strictly or leniently.
 *
 * @module
 */

import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import { Buffer } from "node:buffer";
import { FramingError } from "../framing/line_decoder.ts";
import type { StreamConnection } from "../net/stream_connection.ts";
import { newSample, type Sample } from "../stats/sample.ts";
import { Pacer, periodic, type SkippedEvents } from "../timing/pacer.ts";
import { isSuccess, learnEchoForm } from "./dialects.ts";
import {
  formatSetup,
  ProtocolError,
  quote,
  REPLIES,
  type Setup,
  TERMINATION,
} from "./messages.ts";
import { maxProbeBytes, ProbeBuilder } from "./probe.ts";

/** What to measure, and how. */
export interface MeasureOptions {
  /** What the server is asked for; its probes include the warm-up. */
  setup: Setup;
  /** How many of the probes are warm-up; in a lenient session at least one. */
  warmup: number;
  /**
   * The time from one probe to the next, in milliseconds; 0 sends each after the
   * echo of the one before. The warm-up is always sent that way.
   */
  intervalMs: number;
  /** Receives the slots that were missed in a pause of this process. */
  skipped?: SkippedEvents;
  /** The unit in which the server takes its delay. Default `"ms"`. */
  delayUnit?: "ms" | "s";
  /** Makes the session lenient; receives each deviation that was accepted. */
  tolerate?: (what: string) => void;
  /** Ends the session early. */
  signal?: AbortSignal;
}

/** The silence that ends a reply without LF, in milliseconds. */
const QUIET_MS = 200;
/** The deviation of a server that closes the connection instead of replying. */
const CLOSED_SILENTLY = "a session closed without a reply";

/**
 * Measures over a connection: setup, probes, termination.
 *
 * The round-trip time of a probe is from just before it is written to the last
 * byte of its echo; the echo is compared afterwards. A lenient session learns
 * from its first probe how the server echoes.
 *
 * @param dial Opens the connection; called a second time only by a lenient
 * session whose server counts from 0.
 * @param options What to measure.
 * @returns A sample for each probe. A probe without an echo is yielded as lost
 * before the error is thrown.
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
        try { // again, with sequence numbers from 0
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
    const { intervalMs, skipped } = options;
    using pacer = new Pacer(intervalMs === 0 ? null : periodic(intervalMs), {
      intervalMs,
      closedLoop: true,
      ...(skipped && { skipped }),
    });
    for (let sequence = learnt ? 2 : 1; sequence <= setup.probes; sequence++) {
      const warmup = sequence <= options.warmup;
      const intendedAtMs = warmup
        ? performance.now()
        : (await pacer.next(signal))!;
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

/** The messages of one session, over a connection that stays open. */
export class MeasureConversation {
  /** The connection to the server. */
  readonly connection: StreamConnection;
  #options: MeasureOptions;
  #sequenceOffset: number;
  #probes: ProbeBuilder;
  #echoOf: (sequence: number) => Uint8Array;

  /**
   * Raises the connection's message limit to the longest echo.
   *
   * @param connection The connection to the server.
   * @param options What to measure.
   * @param sequenceOffset What to add to our sequence numbers for the server.
   */
  constructor(
    connection: StreamConnection,
    options: MeasureOptions,
    sequenceOffset = 0,
  ) {
    this.connection = connection;
    this.#options = options;
    this.#sequenceOffset = sequenceOffset;
    const { sizeBytes } = options.setup;
    this.#probes = new ProbeBuilder(sizeBytes);
    connection.messageLimitBytes = Math.max(
      connection.messageLimitBytes,
      maxProbeBytes(sizeBytes),
    );
    this.#echoOf = (sequence) => this.#message(sequence);
  }

  /** Sends the setup, and waits for its reply. */
  async setUp(): Promise<void> {
    const { setup, delayUnit } = this.#options;
    await this.connection.writeAll(formatSetup(setup, delayUnit));
    await this.#expectStatus(REPLIES.ready, "setup");
  }

  /** Sends the termination, and waits for its reply. */
  async terminate(): Promise<void> {
    await this.connection.writeAll(TERMINATION);
    await this.#expectStatus(REPLIES.closing, "termination");
  }

  /** Sends the termination, and does not wait for a reply. */
  async abandon(): Promise<void> {
    await this.connection.writeAll(TERMINATION).catch(() => {});
  }

  /** Sends a probe, waits for its echo, and completes its sample. */
  async probe(sample: Sample): Promise<void> {
    const { connection } = this;
    const { sequence } = sample;
    const message = this.#message(sequence);
    const echo = this.#echoOf(sequence);
    const sentAtMs = performance.now();
    sample.sentAtMs = sentAtMs;
    let reply;
    try {
      await connection.writeAll(message);
      sample.sendCallMs = performance.now() - sentAtMs;
      reply = await connection.readEcho(echo);
    } catch (error) {
      throw this.#describe(
        error,
        echoOfProbe(sequence),
        (reply) => this.#isEchoDialect(sequence, reply),
      );
    }
    const rttMs = performance.now() - sentAtMs;
    if (reply === null) throw this.#unexpected(echoOfProbe(sequence), null);
    if (!sameBytes(reply, echo)) {
      const isDialect = this.#isEchoDialect(sequence, reply);
      throw this.#unexpected(echoOfProbe(sequence), reply, isDialect);
    }
    sample.rttMs = rttMs;
  }

  /**
   * Sends the first probe of a lenient session, and learns the form of its echo.
   *
   * @returns Its sample, a warm-up: its time may include the silence that ended
   * the echo. `null` if the session was aborted.
   */
  async learn(): Promise<Sample | null> {
    const { setup: { sizeBytes }, tolerate, signal } = this.#options;
    const sample = newSample(1, true, performance.now());
    await this.connection.writeAll(this.#message(1));
    const reply = await this.#readLenient();
    if (signal?.aborted) return null;
    sample.rttMs = performance.now() - sample.sentAtMs;
    const sent = 1 + this.#sequenceOffset;
    const form = reply && learnEchoForm(reply, sent, sizeBytes);
    if (form === null) throw this.#unexpected(echoOfProbe(1), reply);
    const echoes = new ProbeBuilder(sizeBytes, form.ending);
    const offset = form.sequenceOffset;
    if (offset === null) {
      tolerate!("echoes of the payload alone");
      this.#echoOf = () => echoes.payload();
    } else {
      if (offset !== 0) tolerate!(`echoes numbered ${offset} off`);
      const total = offset + this.#sequenceOffset;
      this.#echoOf = (sequence) => echoes.message(sequence + total);
    }
    const ending = quote(form.ending);
    if (ending !== '"\\n"') tolerate!(`echoes that end in ${ending}`);
    return sample;
  }

  /** A reply with all that came with it, as a NUL after its LF. */
  async #readLenient(): Promise<Uint8Array<ArrayBuffer> | null> {
    const message = await this.connection.readMessage(QUIET_MS);
    if (message === null) return null;
    const reply = message.slice();
    const rest = this.connection.takePending();
    return rest === null ? reply : concat([reply, rest]);
  }

  #message(sequence: number): Uint8Array<ArrayBuffer> {
    return this.#probes.message(sequence + this.#sequenceOffset);
  }

  async #expectStatus(status: Uint8Array, phase: string): Promise<void> {
    const { tolerate, signal } = this.#options;
    const expected = `the reply ${quote(status)} to the ${phase}`;
    const mayClose = tolerate && status === REPLIES.closing;
    let reply;
    try {
      reply = tolerate
        ? await this.#readLenient()
        : await this.connection.readLine();
    } catch (error) {
      if (mayClose && error instanceof Deno.errors.ConnectionReset) {
        return tolerate(CLOSED_SILENTLY);
      }
      throw this.#describe(error, expected, isSuccess);
    }
    if (reply === null) {
      if (signal?.aborted) return;
      if (mayClose) return tolerate(CLOSED_SILENTLY);
      throw this.#unexpected(expected, null);
    }
    if (sameBytes(reply, status)) return;
    if (!tolerate || !isSuccess(reply)) {
      throw this.#unexpected(expected, reply, isSuccess(reply));
    }
    tolerate(`the reply ${quote(reply)} to the ${phase}`);
  }

  /** An error of a read; what the server sent instead says more. */
  #describe(
    error: unknown,
    expected: string,
    isDialect: (reply: Uint8Array<ArrayBuffer>) => boolean,
  ): unknown {
    const reply = this.connection.takePending();
    if (reply === null) return error;
    const isTooLong = error instanceof FramingError;
    return this.#unexpected(expected, reply, !isTooLong && isDialect(reply));
  }

  #unexpected(
    expected: string,
    reply: Uint8Array | null,
    isDialect = false,
  ): ProtocolError {
    const helps = isDialect && !this.#options.tolerate;
    return new ProtocolError(expected, reply, helps ? "dialect" : null);
  }

  /** Whether a lenient session would accept the echo of the first probe. */
  #isEchoDialect(sequence: number, reply: Uint8Array<ArrayBuffer>): boolean {
    const { sizeBytes } = this.#options.setup;
    return sequence === 1 && learnEchoForm(reply, 1, sizeBytes) !== null;
  }
}

function echoOfProbe(sequence: number): string {
  return `the echo of probe ${sequence}`;
}

/** Compares 32 KiB in 0.5 us; `@std/bytes` takes 5. */
function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.prototype.equals.call(one, other);
}
