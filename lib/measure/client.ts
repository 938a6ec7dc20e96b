/**
 * The client of the measure protocol: a session that yields samples, and the
 * messages it exchanges, strictly or leniently.
 *
 * @module
 */

import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import { Buffer } from "node:buffer";
import { FramingError } from "../framing/line_decoder.ts";
import { CR, LF, lineContent } from "../framing/line_ending.ts";
import { DeadlineError, isDisconnect } from "../net/errors.ts";
import type { SharedKey } from "../net/shared_key.ts";
import type { StreamConnection } from "../net/stream_connection.ts";
import { newSample, type Sample } from "../stats/sample.ts";
import { Pacer, periodic, type SkippedEvents } from "../timing/pacer.ts";
import { isError, isSuccess, learnEchoForm } from "./dialects.ts";
import {
  formatSetup,
  ProtocolError,
  type ProtocolHint,
  quote,
  REPLIES,
  type Setup,
  TERMINATION,
} from "./messages.ts";
import { maxProbeBytes, ProbeBuilder } from "./probe.ts";

/** What to measure, and how. */
export interface MeasureOptions {
  /** The contents of the setup; its probes include the warm-up. */
  setup: Setup;
  /** How many of the probes are warm-up; in a lenient session at least one. */
  warmup: number;
  /**
   * The time from one probe to the next, in milliseconds; 0 sends each after the
   * echo of the one before. The warm-up is always sent that way.
   */
  intervalMs: number;
  /** How long to send after the warm-up, in milliseconds. Default: no limit. */
  durationMs?: number;
  /** Receives the slots that were missed in a pause of this process. */
  skipped?: SkippedEvents;
  /** The unit in which the server takes its delay. Default `"ms"`. */
  delayUnit?: "ms" | "s";
  /** The number of the first probe on the wire. Default 1. */
  firstProbe?: 0 | 1;
  /** Makes the session lenient; receives each deviation that was accepted. */
  tolerate?: (what: string) => void;
  /** Measures only with a server that proves that it holds this key. */
  key?: SharedKey | undefined;
  /** Receives notes on the figures. */
  note?: (text: string) => void;
  /** Ends the session early, after the echo of the probe that is under way. */
  signal?: AbortSignal;
}

/** The silence that ends a reply without LF, in milliseconds. */
const QUIET_MS = 200;
/** How long an interrupted session waits for its last replies. */
const LAST_REPLIES_MS = 500;
/** How long a lenient session waits for the reply to its termination. */
const CLOSING_MS = 1000;
/** The deviation of a server that closes the connection, or stays silent. */
const NO_CLOSING_REPLY = "no reply to the termination";
/**
 * A wait of this length inside an echo is taken for a delayed acknowledgement,
 * which comes after 40 to 200 ms, depending on the system.
 */
const DELAYED_ACK_MS = [35, 250] as const;

/**
 * Measures over a connection: setup, probes, termination.
 *
 * The round-trip time of a probe is from just before it is written to the last
 * byte of its echo; the echo is compared afterwards. A lenient session learns
 * from its first probe how the server echoes.
 *
 * @param dial Opens the connection.
 * @param options What to measure.
 * @returns A sample for each probe. A probe without an echo is yielded as lost
 * before the error is thrown.
 * @throws {ProtocolError} If the server refuses, or answers something else.
 */
export async function* measureSession(
  dial: () => Promise<StreamConnection>,
  options: MeasureOptions,
): AsyncGenerator<Sample, void, void> {
  const { setup, signal, intervalMs, skipped } = options;
  const connection = await dial();
  const session = new MeasureConversation(connection, options);
  // Some servers fail when a session ends without its last messages.
  let grace: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    grace = setTimeout(() => connection.stop(), LAST_REPLIES_MS);
  };
  signal?.addEventListener("abort", stop);
  try {
    await session.setUp();
    using pacer = new Pacer(intervalMs === 0 ? null : periodic(intervalMs), {
      intervalMs,
      durationMs: options.durationMs ?? Infinity,
      closedLoop: true,
      ...(skipped && { skipped }),
    });
    for (let sequence = 1; sequence <= setup.probes; sequence++) {
      const learns = options.tolerate && sequence === 1;
      const warmup = learns || sequence <= options.warmup;
      const intendedAtMs = warmup
        ? performance.now()
        : await pacer.next(signal);
      if (intendedAtMs === null || signal?.aborted) break;
      const sample = newSample(sequence, warmup, intendedAtMs);
      try {
        await (learns ? session.learn(sample) : session.probe(sample));
      } catch (error) {
        if (signal?.aborted) break;
        yield sample;
        throw error;
      }
      yield sample;
    }
    await session.terminate();
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    clearTimeout(grace);
    connection.close();
    session.noteGaps();
  }
}

/** The messages of one session, over a connection that stays open. */
export class MeasureConversation {
  /** The connection to the server. */
  readonly connection: StreamConnection;
  #options: MeasureOptions;
  /** The server's number of a probe, less ours. */
  #sequenceOffset: number;
  #probes: ProbeBuilder;
  #echoOf: (sequence: number) => Uint8Array;
  /** How many echoes were measured, and in how many there was a long wait. */
  #echoes = 0;
  #gaps = { count: 0, minMs: Infinity };

  /**
   * Raises the connection's message limit to the longest echo.
   *
   * @param connection The connection to the server.
   * @param options What to measure.
   */
  constructor(connection: StreamConnection, options: MeasureOptions) {
    this.connection = connection;
    this.#options = options;
    this.#sequenceOffset = (options.firstProbe ?? 1) - 1;
    const { sizeBytes } = options.setup;
    this.#probes = new ProbeBuilder(sizeBytes);
    connection.messageLimitBytes = Math.max(
      connection.messageLimitBytes,
      maxProbeBytes(sizeBytes),
    );
    this.#echoOf = (sequence) => this.#message(sequence);
  }

  /** Sends the setup, and waits for its reply; before it, the shared key if any. */
  async setUp(): Promise<void> {
    await this.#options.key?.prove(this.connection, "measure");
    const { setup, delayUnit } = this.#options;
    const message = formatSetup(setup, delayUnit);
    await this.connection.writeAll(message);
    try {
      await this.#expectStatus(REPLIES.ready, "setup");
    } catch (error) {
      const reply = error instanceof ProtocolError ? error.reply : null;
      if (reply === null) throw error;
      const isEcho = isEchoOfSetup(reply, message);
      if (!isEcho && !isError(reply)) throw error;
      throw new ProtocolError(
        READY_REPLY,
        reply,
        isEcho ? "echo_server" : "setup",
      );
    }
  }

  /** Sends the termination, and waits for its reply. */
  async terminate(): Promise<void> {
    await this.connection.writeAll(TERMINATION);
    const timer = this.#options.tolerate &&
      setTimeout(() => this.connection.stop(), CLOSING_MS);
    try {
      await this.#expectStatus(REPLIES.closing, "termination");
    } finally {
      clearTimeout(timer);
    }
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
        (reply) => this.#echoHint(sequence, reply),
      );
    }
    const rttMs = performance.now() - sentAtMs;
    if (reply === null) throw this.#unexpected(echoOfProbe(sequence), null);
    if (!sameBytes(reply, echo) && !await this.#endsInCrLf(reply, echo)) {
      const hint = this.#echoHint(sequence, reply);
      throw this.#unexpected(echoOfProbe(sequence), reply, hint);
    }
    sample.rttMs = rttMs;
    if (!sample.warmup) this.#countGap(connection.lastGapMs);
  }

  /** Checks for an echo that ends in CR LF, and then expects it of later ones. */
  async #endsInCrLf(reply: Uint8Array, echo: Uint8Array): Promise<boolean> {
    const end = reply.length - 1;
    if (reply[end] !== CR || echo[end] !== LF) return false;
    if (!sameBytes(reply.subarray(0, end), echo.subarray(0, end))) return false;
    const rest = await this.connection.readExactly(1);
    if (rest?.[0] !== LF) return false;
    const { sizeBytes } = this.#options.setup;
    const echoes = new ProbeBuilder(sizeBytes, Uint8Array.of(CR, LF));
    this.#echoOf = (sequence) =>
      echoes.message(sequence + this.#sequenceOffset);
    return true;
  }

  /**
   * Sends the first probe of a lenient session, and learns the form of its echo.
   * Its RTT may include the silence that ended the echo.
   */
  async learn(sample: Sample): Promise<void> {
    const { setup: { sizeBytes }, tolerate } = this.#options;
    sample.sentAtMs = performance.now();
    const sent = 1 + this.#sequenceOffset;
    let reply;
    try {
      await this.connection.writeAll(this.#message(1));
      reply = await this.#readLenient();
    } catch (error) {
      throw this.#describe(error, echoOfProbe(1), () => null);
    }
    const rttMs = performance.now() - sample.sentAtMs;
    const form = reply && learnEchoForm(reply, sent, sizeBytes);
    if (form === null) {
      const hint = reply && this.#echoHint(1, reply);
      throw this.#unexpected(echoOfProbe(1), reply, hint);
    }
    sample.rttMs = rttMs;
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
    if (ending !== '"\\n"' && ending !== '"\\r\\n"') {
      tolerate!(`echoes that end in ${ending}`);
    }
  }

  #countGap(gapMs: number): void {
    this.#echoes += 1;
    if (gapMs < DELAYED_ACK_MS[0] || gapMs > DELAYED_ACK_MS[1]) return;
    this.#gaps.count += 1;
    this.#gaps.minMs = Math.min(this.#gaps.minMs, gapMs);
  }

  /** Notes that most echoes waited for a delayed acknowledgement. */
  noteGaps(): void {
    const { count, minMs } = this.#gaps;
    if (count === 0 || 2 * count < this.#echoes) return;
    const { sizeBytes } = this.#options.setup;
    this.#options.note?.(
      `the last part of each echo of ${sizeBytes} bytes came ${
        Math.floor(minMs / 10) * 10
      } ms and more after the part before: the peer's Nagle algorithm waits ` +
        "for a delayed ACK",
    );
  }

  /** Reads a reply and the bytes that follow it, such as a NUL after its LF. */
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

  async #expectStatus(
    status: Uint8Array<ArrayBuffer>,
    phase: string,
  ): Promise<void> {
    const { tolerate, signal } = this.#options;
    const expected = `the reply ${quote(status)} to the ${phase}`;
    const mayClose = tolerate && status === REPLIES.closing && !signal?.aborted;
    const hintOf = (reply: Uint8Array) => isSuccess(reply) ? "dialect" : null;
    let reply;
    try {
      reply = tolerate
        ? await this.#readLenient()
        : await this.connection.readLine();
    } catch (error) {
      if (mayClose && isDisconnect(error)) return tolerate(NO_CLOSING_REPLY);
      throw this.#describe(error, expected, hintOf);
    }
    if (reply === null) {
      if (mayClose) return tolerate(NO_CLOSING_REPLY);
      throw this.#unexpected(expected, null);
    }
    if (sameBytes(lineContent(reply), lineContent(status))) {
      if (reply.at(-1) === LF) return;
    }
    if (!tolerate || !isSuccess(reply)) {
      throw this.#unexpected(expected, reply, hintOf(reply));
    }
    tolerate(`the reply ${quote(reply)} to the ${phase}`);
  }

  /** Describes a failed read by the bytes that the server sent, if any. */
  #describe(
    error: unknown,
    expected: string,
    hintOf: (reply: Uint8Array<ArrayBuffer>) => ProtocolHint | null,
  ): unknown {
    const reply = this.connection.takePending();
    if (reply === null) {
      const { setup: { delayMs }, delayUnit } = this.#options;
      const isLate = error instanceof DeadlineError && error.wait === "read" &&
        expected.startsWith("the echo") && delayMs > 0 && delayUnit !== "s";
      return isLate ? new ProtocolError(expected, null, "delay_unit") : error;
    }
    const isTooLong = error instanceof FramingError;
    return this.#unexpected(expected, reply, isTooLong ? null : hintOf(reply));
  }

  #unexpected(
    expected: string,
    reply: Uint8Array | null,
    hint: ProtocolHint | null = null,
  ): ProtocolError {
    const isUseless = hint === "dialect" && this.#options.tolerate;
    return new ProtocolError(expected, reply, isUseless ? null : hint);
  }

  /** Finds a likely cause of an unexpected reply to the first probe. */
  #echoHint(
    sequence: number,
    reply: Uint8Array<ArrayBuffer>,
  ): ProtocolHint | null {
    if (sequence !== 1) return null;
    const { setup: { sizeBytes } } = this.#options;
    const sent = 1 + this.#sequenceOffset;
    if (learnEchoForm(reply, sent, sizeBytes) !== null) return "dialect";
    return sent === 1 && isError(reply) ? "first_probe" : null;
  }
}

const READY_REPLY = `the reply ${quote(REPLIES.ready)} to the setup`;

function echoOfProbe(sequence: number): string {
  return `the echo of probe ${sequence}`;
}

/** Whether a reply is the setup, possibly in upper case. */
function isEchoOfSetup(reply: Uint8Array, setup: Uint8Array): boolean {
  const [one, other] = [reply, setup].map((bytes) =>
    new TextDecoder("latin1").decode(bytes).trim().toLowerCase()
  );
  return one === other;
}

/** Compares 32 KiB in 0.5 us; `@std/bytes` takes 5. */
function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.prototype.equals.call(one, other);
}
