/**
 * What a client of the measurement protocol says and hears, strictly or
 * leniently: the setup, one probe and its echo, the termination.
 *
 * @module
 */

import { concat } from "../framing/concat.ts";
import { sameBytes } from "../framing/same_bytes.ts";
import type { StreamConnection } from "../net/stream_connection.ts";
import { formatSetup, REPLIES, type Setup, TERMINATION } from "./messages.ts";
import { isSuccess, learnEchoForm } from "./dialect.ts";
import { maxProbeBytes, ProbeBuilder } from "./probe.ts";
import { ProtocolError } from "./protocol_error.ts";
import { newSample, type Sample } from "../stats/sample.ts";

/** What to measure, and how. */
export interface MeasureOptions {
  /** What the server is asked for; its probes include the warm-up. */
  setup: Setup;
  /** How many of the probes are warm-up; in a lenient session at least one. */
  warmup: number;
  /**
   * The time from one probe to the next, in milliseconds; 0 for none. The
   * warm-up does not wait.
   */
  intervalMs: number;
  /** The unit in which the server takes its delay. Default `"ms"`. */
  delayUnit?: "ms" | "s";
  /** Makes the session lenient; told each thing that was tolerated. */
  tolerate?: (what: string) => void;
  /** Ends the session early. */
  signal?: AbortSignal;
}

/** How long a silence ends a reply that has no LF, in milliseconds. */
const QUIET_MS = 200;

/** One session's conversation, over a connection that stays open. */
export class MeasureConversation {
  /** Where it takes place. */
  readonly connection: StreamConnection;
  #options: MeasureOptions;
  /** What is added to our sequence numbers to be the server's. */
  #sequenceOffset: number;
  #probes: ProbeBuilder;
  #echoOf: (sequence: number) => Uint8Array;

  /**
   * Nothing is said yet.
   *
   * @param connection Where it takes place; its message limit is raised to the
   * longest echo.
   * @param options What is to be measured, and how.
   * @param sequenceOffset What is added to our sequence numbers to be the
   * server's.
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
    this.#echoOf = (sequence) => this.#messageOf(sequence);
  }

  /** Agrees with the server on what is to be measured. */
  async setUp(): Promise<void> {
    const { setup, delayUnit } = this.#options;
    await this.connection.writeAll(formatSetup(setup, delayUnit));
    await this.#expectStatus(REPLIES.ready, "the setup");
  }

  /** Says goodbye and waits for the answer. */
  async terminate(): Promise<void> {
    await this.connection.writeAll(TERMINATION);
    await this.#expectStatus(REPLIES.closing, "the termination");
  }

  /** Says goodbye and does not wait for an answer. */
  async abandon(): Promise<void> {
    await this.connection.writeAll(TERMINATION).catch(() => {});
  }

  /** Sends a probe, waits for its echo, and completes its sample. */
  async probe(sample: Sample): Promise<void> {
    const { connection } = this;
    const { sequence } = sample;
    const message = this.#messageOf(sequence);
    const echo = this.#echoOf(sequence);
    const sentAtMs = performance.now();
    sample.sentAtMs = sentAtMs;
    let reply;
    try {
      await connection.writeAll(message);
      sample.sendCallMs = performance.now() - sentAtMs;
      reply = await connection.readEcho(echo);
    } catch (error) {
      throw this.#saidInstead(error, `the echo of probe ${sequence}`);
    }
    const rttMs = performance.now() - sentAtMs;
    if (reply !== null && sameBytes(reply, echo)) {
      sample.rttMs = rttMs;
      return;
    }
    if (reply === null) throw closedBefore(`the echo of probe ${sequence}`);
    throw this.#refused(`did not echo probe ${sequence}`, reply);
  }

  /**
   * Sends the first probe of a lenient session and learns the form of its
   * echo. Its time tells nothing where a silence had to end it.
   */
  async learn(): Promise<Sample | null> {
    const { setup, tolerate, signal } = this.#options;
    const sample = newSample(1, true, performance.now());
    await this.connection.writeAll(this.#messageOf(1));
    const reply = await this.#readLenient();
    if (signal?.aborted) return null;
    if (reply === null) throw closedBefore("the echo of probe 1");
    sample.rttMs = performance.now() - sample.sentAtMs;
    const form = learnEchoForm(
      reply,
      1 + this.#sequenceOffset,
      setup.sizeBytes,
    );
    if (form === null) {
      throw this.#refused("did not echo probe 1", reply);
    }
    const echoes = new ProbeBuilder(setup.sizeBytes, form.ending);
    const offset = form.sequenceOffset;
    if (offset === null) {
      tolerate!("echoes of the payload alone");
      this.#echoOf = () => echoes.payload();
    } else {
      if (offset !== 0) tolerate!(`echoes numbered ${offset} off`);
      const total = offset + this.#sequenceOffset;
      this.#echoOf = (sequence) => echoes.message(sequence + total);
    }
    const ending = new TextDecoder().decode(form.ending);
    if (ending !== "\n") {
      tolerate!(`echoes that end in ${JSON.stringify(ending)}`);
    }
    return sample;
  }

  /** A reply with all that came with it, as a NUL after its LF. */
  async #readLenient(): Promise<Uint8Array<ArrayBuffer> | null> {
    const message = await this.connection.readMessage(QUIET_MS);
    if (message === null) return null;
    const reply = message.slice();
    const stray = this.connection.takePending();
    return stray === null ? reply : concat([reply, stray]);
  }

  #messageOf(sequence: number): Uint8Array<ArrayBuffer> {
    return this.#probes.message(sequence + this.#sequenceOffset);
  }

  async #expectStatus(expected: Uint8Array, to: string): Promise<void> {
    const { tolerate, signal } = this.#options;
    let reply;
    try {
      reply = tolerate
        ? await this.#readLenient()
        : await this.connection.readLine();
    } catch (error) {
      if (
        tolerate && expected === REPLIES.closing &&
        error instanceof Deno.errors.ConnectionReset
      ) {
        return tolerate("a session closed without a reply");
      }
      throw this.#saidInstead(error, `the answer to ${to}`);
    }
    if (reply === null) {
      if (signal?.aborted) return;
      if (tolerate && expected === REPLIES.closing) {
        return tolerate("a session closed without a reply");
      }
      throw closedBefore(`the answer to ${to}`);
    }
    if (sameBytes(reply, expected)) return;
    if (!isSuccess(reply)) {
      throw new ProtocolError(`The server refused ${to}`, reply);
    }
    if (!tolerate) {
      throw this.#refused(
        `answered ${to} in other words than the protocol's`,
        reply,
      );
    }
    const said = JSON.stringify(new TextDecoder().decode(reply));
    tolerate(`the reply ${said} to ${to}`);
  }

  /** What went wrong, with what the server said of it where it said something. */
  #saidInstead(error: unknown, awaited: string): unknown {
    const said = this.connection.takePending();
    return said === null
      ? error
      : this.#refused(`did not send ${awaited} as the protocol says`, said);
  }

  /** A reply that is not what it should be; some servers are only different. */
  #refused(what: string, reply: Uint8Array): ProtocolError {
    const isError = new TextDecoder().decode(reply.subarray(0, 3)) === "404";
    const hint = isError || this.#options.tolerate
      ? ""
      : "; --lenient accepts the known dialects";
    return new ProtocolError(`The server ${what}${hint}`, reply);
  }
}

function closedBefore(awaited: string): ProtocolError {
  return new ProtocolError(
    `The server closed the connection before ${awaited}`,
    null,
  );
}
