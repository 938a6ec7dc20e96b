/**
 * A stream socket that reads and writes whole messages, with a deadline on
 * every wait.
 *
 * It owns a `Deno.Conn` and the buffer of its unread bytes. One read at a time,
 * and one write at a time; a read and a write may overlap.
 *
 * | event | result of a read |
 * |---|---|
 * | a message arrives | the message |
 * | the peer ends the stream between messages | `null` |
 * | the peer ends the stream inside a message | `Deno.errors.UnexpectedEof` |
 * | the message exceeds the limit | `FramingError` |
 * | no whole message in time | `DeadlineError`, and the socket is closed |
 * | the connection is stopped, and no reply is pending | `null` |
 * | the peer speaks TLS, or TLS breaks | `TlsError` |
 *
 * A message is a view of the buffer: it is valid until the next read.
 *
 * @module
 */

import { LineDecoder } from "../framing/line_decoder.ts";
import { systemClock } from "../timing/clock.ts";
import { formatAddress } from "./address.ts";
import { DeadlineError, isDisconnect } from "./errors.ts";
import { isTlsAlert, TlsError, tlsError } from "./tls.ts";
import { Watchdog } from "./watchdog.ts";

/** Limits of one connection; times in milliseconds, sizes in bytes. */
export interface StreamLimits {
  /** The longest message, including its LF. */
  messageBytes: number;
  /** The longest wait for one whole message. */
  readMs: number;
  /** The longest wait without progress during a write. */
  writeMs: number;
}

/** Limits for interactive and automatic peers alike. */
export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  messageBytes: 65_536,
  readMs: 120_000,
  writeMs: 10_000,
};

/** How {@linkcode StreamConnection.readMessage} divides the stream. */
export interface MessageOptions {
  /** Return all complete lines that have arrived as one block. */
  batch?: boolean;
  /** Return a line above the limit in pieces instead of rejecting it. */
  pieces?: boolean;
  /** Take so many bytes without an LF as a message if the first is this one. */
  exactly?: { firstByte: number; bytes: number } | null;
  /**
   * Let a message that a pause ended not renew the deadline, which then counts
   * from the last whole line: bytes that trickle in do not extend it.
   */
  lineDeadline?: boolean;
}

/** What a connection has carried. */
export interface StreamCounts {
  /** Received, in bytes. */
  receivedBytes: number;
  /** Sent, in bytes. */
  sentBytes: number;
  /**
   * Messages that were read. A batch of lines counts as one, unless
   * {@linkcode StreamConnection.countsMessages} is set.
   */
  messages: number;
}

type Take = (decoder: LineDecoder) => Uint8Array<ArrayBuffer> | null;

/** How long `finish` waits for the peer to close its side, in milliseconds. */
const LINGER_MS = 1000;
/** The silence after which a connection that is stopped is closed, in ms. */
const STOP_QUIET_MS = 10;

const takeLine: Take = (decoder) => decoder.takeLine();
const takePiece: Take = (decoder) => decoder.takeLineOrPiece();
const takeSome: Take = (decoder) => decoder.takeSome();

/**
 * A stream socket with framing and deadlines.
 *
 * @example Usage
 * ```ts
 * import { StreamConnection } from "./stream_connection.ts";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using client = new StreamConnection(
 *   await Deno.connect({ hostname: "127.0.0.1", port }),
 *   { readMs: 1000 },
 * );
 * using server = new StreamConnection(await listener.accept());
 * await client.writeAll(new TextEncoder().encode("hello\n"));
 * const line = await server.readLine();
 * assertEquals(line && new TextDecoder().decode(line), "hello\n");
 * ```
 */
export class StreamConnection implements Disposable {
  /** The peer's address, as `HOST:PORT` or `unix:PATH`. */
  readonly remote: string;
  /** Count each line of a batch, which then has one line each. */
  countsMessages = false;
  #counts: StreamCounts = { receivedBytes: 0, sentBytes: 0, messages: 0 };
  #conn: Deno.Conn;
  #decoder: LineDecoder;
  #reading: Promise<number | null> | null = null;
  #readWatch: Watchdog;
  #writeWatch: Watchdog;
  #expired: DeadlineError | null = null;
  #waiting = false;
  #quietTimer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the deadline of the previous read continues. */
  #deadlineRuns = false;
  #stopping = false;
  #pendingReplies = 0;
  #ended = false;
  #finishing = false;
  #isClosed = false;
  #closing: AbortController | null = null;
  #lastGapMs = 0;

  /**
   * Takes ownership of an open socket, and turns Nagle's algorithm off.
   *
   * @param conn The socket.
   * @param limits Limits that differ from {@linkcode DEFAULT_STREAM_LIMITS}.
   */
  constructor(conn: Deno.Conn, limits: Partial<StreamLimits> = {}) {
    const { messageBytes, readMs, writeMs } = {
      ...DEFAULT_STREAM_LIMITS,
      ...limits,
    };
    this.#conn = conn;
    this.remote = formatAddress(conn.remoteAddr);
    this.#decoder = new LineDecoder(messageBytes);
    const expire = (error: DeadlineError) => {
      this.#expired = error;
      this.close();
    };
    this.#readWatch = new Watchdog(
      readMs,
      (limitMs) => expire(new DeadlineError("read", limitMs)),
    );
    this.#writeWatch = new Watchdog(
      writeMs,
      (limitMs) => expire(new DeadlineError("write", limitMs)),
    );
    // Nagle's algorithm would hold back small messages for up to 40 ms.
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
  }

  /** What it has carried so far. */
  get counts(): Readonly<StreamCounts> {
    return this.#counts;
  }

  /** The longest message accepted, including its LF, in bytes. */
  get messageLimitBytes(): number {
    return this.#decoder.limitBytes;
  }

  /** Changes the limit, as when both sides agree on longer messages. */
  set messageLimitBytes(limitBytes: number) {
    this.#decoder.limitBytes = limitBytes;
  }

  /** Changes the longest wait for one whole message, in milliseconds. */
  set readMs(limitMs: number) {
    this.#readWatch.limitMs = limitMs;
  }

  /** How many bytes have arrived and were not read. */
  get pendingBytes(): number {
    return this.#decoder.pendingBytes;
  }

  /** Whether {@linkcode StreamConnection.stop} was called. */
  get isStopping(): boolean {
    return this.#stopping;
  }

  /**
   * The time between the last two parts of the last message, in milliseconds; 0 if
   * it came as one part, or had arrived before it was read.
   */
  get lastGapMs(): number {
    return this.#lastGapMs;
  }

  /** Aborted when the socket is closed. */
  get closed(): AbortSignal {
    // Created on first use: most connections are idle and need none.
    this.#closing ??= new AbortController();
    if (this.#isClosed) this.#closing.abort();
    return this.#closing.signal;
  }

  /**
   * Reads one line.
   *
   * @returns The line with its LF; `null` at the end of the stream.
   */
  readLine(): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#read(takeLine);
  }

  /**
   * Reads an exact number of bytes.
   *
   * @param count How many, at most the message limit.
   * @returns The bytes; `null` if the stream ends before the first one.
   */
  readExactly(count: number): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#read((decoder) => decoder.takeExactly(count));
  }

  /**
   * Reads what arrives first.
   *
   * @returns At least one byte; `null` at the end of the stream.
   */
  readSome(): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#read(takeSome);
  }

  /**
   * Reads an echo, or the line that the peer sends in its place, such as an
   * error. The two are told apart by their first byte.
   *
   * @param expected The echo; the caller compares the rest.
   * @returns As many bytes as the echo has, or a line; `null` at the end of the
   * stream.
   */
  readEcho(expected: Uint8Array): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#read((decoder) =>
      decoder.firstByte === expected[0]
        ? decoder.takeExactly(expected.length)
        : decoder.takeLine()
    );
  }

  /**
   * Reads one message of a peer that may omit the LF: a line, or the bytes
   * before a pause or the end of the stream.
   *
   * @param quietMs How long a pause ends a message, in milliseconds.
   * @param options How the stream is divided.
   * @returns The message, with its LF if it has one; `null` at the end of the
   * stream.
   */
  readMessage(
    quietMs: number,
    options: MessageOptions = {},
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    const { exactly } = options;
    const takeByLf = options.pieces ? takePiece : takeLine;
    const take: Take = exactly
      ? (decoder) =>
        takeByLf(decoder) ??
          (decoder.firstByte === exactly.firstByte &&
              decoder.pendingBytes >= exactly.bytes
            ? decoder.takeExactly(exactly.bytes)
            : null)
      : takeByLf;
    return this.#read(
      options.batch && !this.countsMessages
        ? (decoder) => decoder.takeLines() ?? take(decoder)
        : take,
      quietMs,
      options.lineDeadline,
    );
  }

  /**
   * Takes the bytes that have arrived and were not read, without waiting.
   *
   * @returns At least one byte, or `null` if there are none.
   */
  takePending(): Uint8Array<ArrayBuffer> | null {
    return this.#decoder.takeSome();
  }

  /**
   * Writes all of the bytes, in as many calls as that takes.
   *
   * @param bytes The bytes; they must not change until this resolves.
   */
  async writeAll(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        this.#writeWatch.start();
        done += await this.#conn.write(
          done === 0 ? bytes : bytes.subarray(done),
        );
      }
      this.#counts.sentBytes += bytes.length;
    } catch (error) {
      throw this.#expired ?? error;
    } finally {
      this.#writeWatch.stop();
    }
  }

  /** Ends our side of the stream; the peer may continue to send. */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  /**
   * Closes the connection without losing the last reply. Closing a socket with
   * unread bytes resets the connection, and the reset can overtake the reply.
   * So this ends our side, then reads and discards for at most one second.
   */
  async finish(): Promise<void> {
    if (this.#ended) return;
    this.#finishing = true;
    const timer = setTimeout(() => this.close(), LINGER_MS);
    try {
      await this.#conn.closeWrite();
      do this.#decoder.takeSome(); while (await this.#fill());
    } catch (error) {
      if (!isDisconnect(error)) throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Marks a reply as pending; {@linkcode StreamConnection.stop} waits for it. */
  beginReply(): void {
    this.#pendingReplies += 1;
  }

  /** Marks a pending reply as sent. */
  endReply(): void {
    this.#pendingReplies -= 1;
    this.#closeIfStopped();
  }

  /**
   * Stops reading. What has arrived is still read, so that the requests among it
   * get their replies. Once no reply is pending and nothing arrives for 10 ms,
   * the socket is closed, and the read gives `null`. If more arrives in that
   * moment, the system resets the connection, so it never looks as if all requests
   * had been answered.
   */
  stop(): void {
    this.#stopping = true;
    this.#closeIfStopped();
  }

  /**
   * Stops reading when a signal is aborted, at once if it already is.
   *
   * @param signal The signal, if there is one.
   */
  stopOn(signal: AbortSignal | undefined): void {
    if (signal?.aborted) this.stop();
    else {
      signal?.addEventListener("abort", () => this.stop(), {
        signal: this.closed,
      });
    }
  }

  /** Closes the socket at once. May be called again. */
  close(): void {
    this.#isClosed = true;
    this.#closing?.abort();
    this.#readWatch[Symbol.dispose]();
    this.#writeWatch[Symbol.dispose]();
    try {
      this.#conn.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Fills the decoder until `take` returns a message. */
  async #read(
    take: Take,
    quietMs: number | null = null,
    lineDeadline = false,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    this.#lastGapMs = 0;
    let message = take(this.#decoder);
    if (message === null) {
      if (!this.#deadlineRuns) this.#readWatch.start();
      this.#deadlineRuns = false;
      let partAtMs: number | null = null;
      try {
        do {
          const quiet = quietMs !== null && this.#decoder.pendingBytes > 0 &&
            await this.#waitQuiet(quietMs);
          if (quiet || !await this.#fill()) {
            this.#deadlineRuns = quiet && lineDeadline;
            message = quietMs === null
              ? this.#endOfStream()
              : this.#decoder.takeSome();
            break;
          }
          message = take(this.#decoder);
          if (message === null) partAtMs = systemClock.now();
          else if (partAtMs !== null) {
            this.#lastGapMs = systemClock.now() - partAtMs;
          }
        } while (message === null);
      } finally {
        if (!this.#deadlineRuns) this.#readWatch.stop();
      }
    } else if (this.#deadlineRuns) {
      this.#deadlineRuns = false;
      this.#readWatch.stop();
    }
    if (message !== null) this.#counts.messages += 1;
    return message;
  }

  #endOfStream(): null {
    const { pendingBytes } = this.#decoder;
    if (pendingBytes === 0 || this.#stopping) return null;
    throw new Deno.errors.UnexpectedEof(
      `The stream ended inside a message, after ${pendingBytes} bytes of it`,
    );
  }

  /** Throws if the first bytes are those of a TLS server that expects TLS. */
  #checkPlain(count: number): void {
    if (!isTlsAlert(this.#decoder.space().subarray(0, count))) return;
    throw new TlsError("encrypted", "the server expects it");
  }

  /** Waits for more bytes; `false` at the end of the stream. */
  async #fill(): Promise<boolean> {
    if (this.#ended) return false;
    try {
      const reading = this.#reading ?? this.#conn.read(this.#decoder.space());
      this.#reading = null;
      this.#waiting = true;
      this.#closeIfStopped();
      const count = await reading;
      if (count === null) this.#ended = true;
      else {
        if (this.#counts.receivedBytes === 0) this.#checkPlain(count);
        this.#decoder.commit(count);
        this.#counts.receivedBytes += count;
      }
      return count !== null;
    } catch (error) {
      if (this.#expired !== null) throw this.#expired;
      if ("handshake" in this.#conn && !this.#stopping) {
        // A server checks our certificate after our side of the handshake.
        const isEarly = this.#counts.receivedBytes === 0 &&
          error instanceof Deno.errors.UnexpectedEof;
        if (isEarly || error instanceof Deno.errors.InvalidData) {
          throw tlsError(error);
        }
      }
      if (!this.#stopping || !isDisconnect(error)) throw error;
      this.close(); // so that nothing waits to reply
      return false;
    } finally {
      this.#waiting = false;
      clearTimeout(this.#quietTimer);
    }
  }

  /** Waits for bytes, but leaves the read running; `true` after a pause. */
  async #waitQuiet(quietMs: number): Promise<boolean> {
    const reading = this.#reading ??= this.#conn.read(this.#decoder.space());
    const pause = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => pause.resolve(true), quietMs);
    const arrival = reading.then(() => false, () => false);
    try {
      return await Promise.race([arrival, pause.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  get #mayStop(): boolean {
    return this.#stopping && this.#pendingReplies === 0 && !this.#finishing;
  }

  /** Closes a stopped connection if nothing arrives for a moment. */
  #closeIfStopped(): void {
    if (!this.#waiting || !this.#mayStop) return;
    clearTimeout(this.#quietTimer);
    // In two steps: after a stall both a timer and a read are due, and the timer
    // comes first.
    this.#quietTimer = setTimeout(() => {
      this.#quietTimer = setTimeout(() => {
        if (this.#mayStop) this.close();
      }, STOP_QUIET_MS / 2);
    }, STOP_QUIET_MS / 2);
  }
}
