/**
 * One connection between two peers: what is to be sent waits in a queue of
 * bounded length, so that nobody waits for a slow reader; pings tell the round
 * trip, and keep a peer that is alive from being dropped.
 *
 * @module
 */

import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import { FramingError } from "../framing/line_decoder.ts";
import { RateLimiter } from "../net/rate_limiter.ts";
import type { StreamConnection } from "../net/stream_connection.ts";
import {
  type ByeReason,
  formatPeerMessage,
  type Hello,
  MAX_PEER_LINE_BYTES,
  parsePeerMessage,
  type PeerMessage,
} from "./messages.ts";

/** What one connection may cost. */
export interface LinkLimits {
  /** A peer that sends nothing for so long is dropped, in milliseconds. */
  timeoutMs: number;
  /**
   * The most messages a second that it may send of its own. Of what it passes
   * on, which others said, as much is taken, and the rest passed over: for others'
   * floods it cannot be blamed.
   */
  maxRatePerSec: number;
  /** The most bytes that may wait for it. */
  queueBytes: number;
}

/** What a peer did that costs it the connection. */
export class PeerFault extends Error {
  /** Tells it from other errors, also in a log. */
  override readonly name = "PeerFault";
}

/** The most that may wait for a peer, unless told otherwise, in bytes. */
export const QUEUE_BYTES = 256 * 1024;
/** A peer that sends so many times the rate is dropped, whoever said it. */
const FLOOD_FACTOR = 32;
/** How many pings are sent in the time after which a silent peer is dropped. */
const PINGS_PER_TIMEOUT = 4;
/** How long what is queued may take to leave at the end, in milliseconds. */
const FAREWELL_MS = 2000;

/** A connection to a peer. */
export class PeerLink {
  /** What the peer said first; `null` before that. */
  hello: Hello | null = null;
  /** Whether we dialled it. */
  readonly dialled: boolean;
  /** When it was opened, in milliseconds of the monotonic clock. */
  readonly openedMs: number = performance.now();
  /** The last round trip in milliseconds; `null` before the first pong. */
  rttMs: number | null = null;
  /** Where it goes. */
  readonly remote: string;
  /** Whether what the peer says is listened to. */
  listening = false;
  /** Why we closed it, if it was for that. */
  fault: PeerFault | null = null;
  #connection: StreamConnection;
  #limits: LinkLimits;
  #own: RateLimiter;
  #passedOn: RateLimiter;
  #any: RateLimiter;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #writing: Promise<void> | null = null;
  #ending = false;
  #pings: ReturnType<typeof setInterval>;
  #confirm: (() => void)[] = [];
  #ping = 0;
  #pingedMs = 0;

  /**
   * Takes over a connection.
   *
   * @param connection The connection, whose reads have the deadline after which
   * a silent peer is dropped.
   * @param dialled Whether we dialled it.
   * @param limits What it may cost.
   */
  constructor(
    connection: StreamConnection,
    dialled: boolean,
    limits: LinkLimits,
  ) {
    this.#connection = connection;
    this.dialled = dialled;
    this.remote = connection.remote;
    this.#limits = limits;
    const { maxRatePerSec } = limits;
    this.#own = new RateLimiter(maxRatePerSec, { burst: maxRatePerSec });
    this.#passedOn = new RateLimiter(maxRatePerSec, { burst: maxRatePerSec });
    this.#any = new RateLimiter(
      FLOOD_FACTOR * maxRatePerSec,
      { burst: FLOOD_FACTOR * maxRatePerSec },
    );
    connection.messageLimitBytes = MAX_PEER_LINE_BYTES;
    this.#pings = setInterval(
      () => this.ping(),
      limits.timeoutMs / PINGS_PER_TIMEOUT,
    );
  }

  /** Whether no more is sent on it. */
  get ending(): boolean {
    return this.#ending;
  }

  /**
   * Queues a message. A peer that lets too much wait is dropped.
   *
   * @param message The message, or its line.
   */
  send(message: PeerMessage | Uint8Array): void {
    if (this.#ending) return;
    const line = message instanceof Uint8Array
      ? message
      : formatPeerMessage(message);
    this.#queue.push(line);
    this.#queuedBytes += line.length;
    const { queueBytes } = this.#limits;
    if (this.#queuedBytes > queueBytes) {
      this.fault = new PeerFault(
        `it reads too slowly, ${queueBytes} bytes wait`,
      );
      return this.close();
    }
    this.#writing ??= this.#write();
  }

  /**
   * Waits for the next message; pings are answered here.
   *
   * @returns The message; `null` at the end of the stream.
   * @throws {PeerFault} If the peer sends what it must not.
   */
  async receive(): Promise<PeerMessage | null> {
    for (;;) {
      const message = await this.#read();
      if (message?.verb === "ping") {
        this.send({ verb: "pong", token: message.token });
      } else if (message?.verb === "pong") this.#takePong(message.token);
      else if (message === null || this.#isWelcome(message)) return message;
    }
  }

  /** Asks for an answer, which tells the round trip. */
  ping(): void {
    if (this.hello === null) return; // by hand, a hello may take a while
    this.#ping += 1;
    this.#pingedMs = performance.now();
    this.send({ verb: "ping", token: String(this.#ping) });
  }

  /**
   * Asks whether the peer is there, and has read all that was sent before.
   *
   * @returns Whether it has answered, within two seconds.
   */
  async confirmed(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const deny = () => resolve(false);
    const { closed } = this.#connection;
    const late = setTimeout(deny, FAREWELL_MS);
    closed.addEventListener("abort", deny);
    if (closed.aborted) deny();
    this.#confirm.push(() => resolve(true));
    this.ping();
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      closed.removeEventListener("abort", deny);
    }
  }

  /** Resolves when all that waited was handed to the system. */
  async drained(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  /**
   * Ends the connection once all that waits is sent; the peer's side may still
   * be read to its end.
   *
   * @param reason What the peer is told.
   */
  async finish(reason: ByeReason): Promise<void> {
    if (this.#ending) return;
    this.send({ verb: "bye", reason });
    if (this.#connection.closed.aborted) return;
    this.#ending = true;
    clearInterval(this.#pings);
    const late = setTimeout(() => this.close(), FAREWELL_MS);
    this.#connection.closed.addEventListener("abort", () => clearTimeout(late));
    await this.drained();
    await this.#connection.closeWrite().catch(() => {}); // it was closed before
  }

  /** Closes the connection at once. */
  close(): void {
    this.#ending = true;
    clearInterval(this.#pings);
    this.#queue = [];
    this.#connection.close();
  }

  async #read(): Promise<PeerMessage | null> {
    let line;
    try {
      line = await this.#connection.readLine();
    } catch (error) {
      if (error instanceof FramingError) throw new PeerFault(error.message);
      throw error;
    }
    if (line === null) return null;
    let message;
    try {
      message = parsePeerMessage(line);
    } catch (error) {
      throw new PeerFault((error as Error).message);
    }
    const isOwn = !this.#isPassedOn(message);
    if (!this.#any.allow("") || isOwn && !this.#own.allow("")) {
      const { maxRatePerSec } = this.#limits;
      throw new PeerFault(
        `it sent more than ${maxRatePerSec} messages in a second`,
      );
    }
    return message;
  }

  #isPassedOn(message: PeerMessage): boolean {
    return message.verb === "say" && message.origin !== this.hello?.id;
  }

  #isWelcome(message: PeerMessage): boolean {
    return !this.#isPassedOn(message) || this.#passedOn.allow("");
  }

  async #write(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const batch = this.#queue.length === 1
          ? this.#queue[0]!
          : concat(this.#queue);
        this.#queue = [];
        await this.#connection.writeAll(batch);
        this.#queuedBytes -= batch.length;
      }
    } catch {
      this.close(); // reading it says why
    } finally {
      this.#writing = null;
    }
  }

  #takePong(token: string): void {
    if (token !== String(this.#ping)) return;
    this.rttMs = performance.now() - this.#pingedMs;
    for (const confirm of this.#confirm.splice(0)) confirm();
  }
}
