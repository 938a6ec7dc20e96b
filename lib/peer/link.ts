/**
 * One connection between two peers. What is to be sent waits in a queue of
 * bounded length, so that a slow reader delays no other peer; pings measure the
 * round trip, and keep the connection of a live peer within the read deadline.
 *
 * @module
 */

import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import { FramingError } from "../framing/line_decoder.ts";
import { RateLimiter } from "../net/rate_limiter.ts";
import { KeyError, type SharedKey } from "../net/shared_key.ts";
import type {
  StreamConnection,
  StreamLimits,
} from "../net/stream_connection.ts";
import {
  type ByeReason,
  type FirstMessage,
  formatPeerMessage,
  MAX_PEER_LINE_BYTES,
  parseFirstMessage,
  parsePeerMessage,
  PeerFault,
  type PeerMessage,
} from "./messages.ts";
import { parseNumeric } from "./scope.ts";

/** The most that may wait for a peer, unless told otherwise, in bytes. */
export const QUEUE_BYTES = 256 * 1024;
/** How many pings are sent in the time after which a silent peer is dropped. */
const PINGS_PER_TIMEOUT = 4;
/** How long sending the queue may take at the end, in milliseconds. */
const FAREWELL_MS = 2000;

/** The limits of one connection. */
export interface LinkLimits {
  /** The longest time without a whole line, in milliseconds; then the peer is dropped. */
  timeoutMs: number;
  /** A peer that sends more lines a second is dropped. */
  maxRatePerSec: number;
  /** A peer for which more bytes wait is dropped; default {@linkcode QUEUE_BYTES}. */
  queueBytes?: number;
}

/**
 * Gives the limits of a peer's connection.
 *
 * @param timeoutMs See {@linkcode LinkLimits}.
 * @returns The limits to make the connection with.
 */
export function peerStreamLimits(timeoutMs: number): StreamLimits {
  const messageBytes = MAX_PEER_LINE_BYTES;
  return { messageBytes, readMs: timeoutMs, writeMs: timeoutMs };
}

/** A connection to a peer. */
export class PeerLink {
  /** The peer's ID; empty before its hello. */
  id = "";
  /** The name that is shown, unique among the peers. */
  name = "";
  /** The folded form of that name. */
  folded = "";
  /** Where the peer listens, as `HOST:PORT`, or else where it connected from. */
  address: string;
  /** Whether we sent our hello. */
  isGreeted = false;
  /** Whether both sides sent `welcome`. */
  isJoined = false;
  /** Whether it accepts connections at that address. */
  isReachable = false;
  /** Whether the peer has sent the addresses that it knows. */
  hasTold = false;
  /** The last round trip in milliseconds; `null` before the first pong. */
  rttMs: number | null = null;
  /** The numeric address of the peer's host. */
  readonly host: string;
  /** Why we closed the connection, if it was for a fault of the peer. */
  fault: PeerFault | null = null;
  /** Whether the last line is queued. */
  isEnding = false;
  #connection: StreamConnection;
  #limits: LinkLimits;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #writing: Promise<void> | null = null;
  #pings: ReturnType<typeof setInterval> | undefined;
  #ping = 0;
  #pingedMs = 0;
  #rate: RateLimiter;

  /**
   * Takes over a connection.
   *
   * @param connection The connection, made with {@linkcode peerStreamLimits}.
   * @param dialled Where we dialled it; `null` if the peer dialled.
   * @param limits Its limits.
   */
  constructor(
    connection: StreamConnection,
    readonly dialled: string | null,
    limits: LinkLimits,
  ) {
    this.#connection = connection;
    this.#limits = limits;
    this.#rate = new RateLimiter(limits.maxRatePerSec, {
      burst: limits.maxRatePerSec,
    });
    const remote = parseNumeric(connection.remote);
    this.host = remote?.hostname ?? connection.remote;
    this.address = remote?.address ?? connection.remote;
  }

  /**
   * Queues a message. A peer whose queue is too long is dropped.
   *
   * @param message The message, or its line.
   */
  send(message: PeerMessage | Uint8Array): void {
    if (this.isEnding) return;
    const line = message instanceof Uint8Array
      ? message
      : formatPeerMessage(message);
    this.#queue.push(line);
    this.#queuedBytes += line.length;
    const { queueBytes = QUEUE_BYTES } = this.#limits;
    if (this.#queuedBytes > queueBytes) {
      this.fault = new PeerFault(
        `it reads too slowly: more than ${queueBytes} bytes wait for it`,
        false,
      );
      return this.close();
    }
    this.#writing ??= this.#write();
  }

  /**
   * Exchanges proofs of the shared key, before the hello.
   *
   * @param key The key.
   * @returns Why the peer ends the connection instead, as when it has no room; `null`
   * if it holds the key.
   * @throws {PeerFault} If the peer does not prove that it holds the key.
   */
  async authenticate(key: SharedKey): Promise<ByeReason | null> {
    try {
      if (this.dialled === null) await key.verify(this.#connection, "peer");
      else await key.prove(this.#connection, "peer");
      return null;
    } catch (error) {
      if (error instanceof Deno.errors.TimedOut) {
        throw new PeerFault(
          "it did not prove in time that it has the key",
          false,
        );
      }
      if (!(error instanceof KeyError)) throw error;
      const { line, fault, message } = error;
      if (this.dialled !== null && line?.startsWith("bye ")) {
        const bye = parsePeerMessage(new TextEncoder().encode(`${line}\n`));
        if (bye.verb === "bye" && bye.reason !== "key") return bye.reason;
      }
      throw new PeerFault(
        `${message}; all peers of a mesh need the same key`,
        fault !== "closed",
        "key",
      );
    }
  }

  /**
   * Waits for the first message.
   *
   * @returns A hello or a bye.
   * @throws {PeerFault} If the peer speaks another protocol, or none.
   */
  async receiveFirst(): Promise<FirstMessage> {
    let line;
    try {
      line = await this.#connection.readLine();
    } catch (error) {
      if (error instanceof FramingError) {
        throw new PeerFault("it speaks another protocol: it ends no line");
      }
      if (!(error instanceof Deno.errors.TimedOut)) throw error;
      throw new PeerFault("it sent no hello: perhaps it is no peer", false);
    }
    if (line !== null) return parseFirstMessage(line);
    throw new PeerFault("it closed the connection without a hello", false);
  }

  /**
   * Waits for the next message; pings are answered here.
   *
   * @returns The message; `null` at the end of the stream.
   * @throws {PeerFault} If the peer breaks the rules.
   */
  async receive(): Promise<PeerMessage | null> {
    for (;;) {
      let line;
      try {
        line = await this.#connection.readLine();
      } catch (error) {
        if (!(error instanceof FramingError)) throw error;
        throw new PeerFault(
          `it sent a line of more than ${MAX_PEER_LINE_BYTES} bytes`,
        );
      }
      if (line === null) return null;
      if (!this.#rate.allow("")) {
        const { maxRatePerSec } = this.#limits;
        throw new PeerFault(
          `it sent more than ${maxRatePerSec} lines a second`,
        );
      }
      const message = parsePeerMessage(line);
      if (message.verb === "ping") {
        this.send({ verb: "pong", token: message.token });
      } else if (message.verb === "pong") {
        if (message.token !== `${this.#ping}`) continue;
        this.rttMs = performance.now() - this.#pingedMs;
      } else return message;
    }
  }

  /** Pings the peer now, and at intervals. */
  startPings(): void {
    const ping = () => {
      this.#ping += 1;
      this.#pingedMs = performance.now();
      this.send({ verb: "ping", token: `${this.#ping}` });
    };
    const { timeoutMs } = this.#limits;
    this.#pings = setInterval(ping, timeoutMs / PINGS_PER_TIMEOUT);
    ping();
  }

  /** Waits until the queue was handed to the system. */
  async drained(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  /**
   * Sends the queue and a last line, and ends our side; the peer's side can still
   * be read to its end.
   *
   * @param reason What the peer is told.
   */
  async finish(reason: ByeReason): Promise<void> {
    if (this.isEnding) return;
    this.send({ verb: "bye", reason });
    if (this.#connection.closed.aborted) return;
    this.isEnding = true;
    clearInterval(this.#pings);
    const late = setTimeout(() => this.close(), FAREWELL_MS);
    this.#connection.closed.addEventListener("abort", () => clearTimeout(late));
    await this.drained();
    await this.#connection.closeWrite().catch(() => {}); // it may be closed
  }

  /** Reads to the end of the stream, so that no reset overtakes our last line. */
  async ignoreRest(): Promise<void> {
    try {
      while (await this.#connection.readSome() !== null);
    } catch {
      // Closed by the peer, or at the deadline.
    }
  }

  /** Closes the connection at once. */
  close(): void {
    this.isEnding = true;
    clearInterval(this.#pings);
    this.#queue = [];
    this.#connection.close();
  }

  async #write(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const batch: Uint8Array = concat(this.#queue);
        this.#queue = [];
        await this.#connection.writeAll(batch);
        this.#queuedBytes -= batch.length;
      }
    } catch {
      this.close(); // the pending read rejects with the reason
    } finally {
      this.#writing = null;
    }
  }
}
