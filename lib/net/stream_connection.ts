/**
 * A stream socket that speaks in messages, with a deadline on every wait.
 *
 * It owns a `Deno.Conn` and a {@linkcode LineDecoder}. One reader at a time;
 * writes may come from elsewhere, one at a time.
 *
 * | what happens | what a read gives |
 * |---|---|
 * | a message arrives | the message |
 * | the peer ends the stream between messages | `null` |
 * | the peer ends the stream inside a message | `Deno.errors.UnexpectedEof` |
 * | the message is longer than the limit | `FramingError` |
 * | nothing comes in time | `Deno.errors.TimedOut`, and the socket is closed |
 * | the server stops, and no reply is owed | `null` |
 *
 * @module
 */

import { LineDecoder } from "../framing/line_decoder.ts";
import { formatAddress } from "./address.ts";
import { isDisconnect } from "./errors.ts";
import { Watchdog } from "./watchdog.ts";

/** What one connection may cost; times in milliseconds, sizes in bytes. */
export interface StreamLimits {
  /** The longest message, its LF included. */
  messageBytes: number;
  /** How long one whole message may take to arrive, the wait for it included. */
  readMs: number;
  /** How long one write may make no progress at all. */
  writeMs: number;
}

/** Limits that suit a person typing and a program alike. */
export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  messageBytes: 65_536,
  readMs: 120_000,
  writeMs: 10_000,
};

/** How long `finish` waits for the peer to close its side, in milliseconds. */
const LINGER_MS = 1000;

/** A stream socket with framing and deadlines. */
export class StreamConnection implements Disposable {
  /** The peer's address, as `HOST:PORT` or `unix:PATH`. */
  readonly remote: string;
  /** The bytes received so far and not taken; its limit may be changed. */
  readonly decoder: LineDecoder;
  #conn: Deno.Conn;
  #limits: StreamLimits;
  #reading: Promise<number | null> | null = null;
  #readWatch: Watchdog;
  #writeWatch: Watchdog;
  #expired: Error | null = null;
  #waiting = false;
  #stopping = false;
  #owed = 0;
  #ended = false;
  #finishing = false;
  #isClosed = false;
  #closing: AbortController | null = null;

  /**
   * Takes over an open socket, and turns Nagle's algorithm off.
   *
   * @param conn The socket; from now on it belongs to this connection.
   * @param limits Where they differ from {@linkcode DEFAULT_STREAM_LIMITS}.
   */
  constructor(conn: Deno.Conn, limits: Partial<StreamLimits> = {}) {
    this.#conn = conn;
    this.#limits = { ...DEFAULT_STREAM_LIMITS, ...limits };
    const { messageBytes, readMs, writeMs } = this.#limits;
    this.remote = formatAddress(conn.remoteAddr);
    this.decoder = new LineDecoder(messageBytes);
    this.#readWatch = new Watchdog(
      readMs,
      () => this.#expire(`no whole message arrived within ${readMs} ms`),
    );
    this.#writeWatch = new Watchdog(
      writeMs,
      () => this.#expire(`the peer took nothing for ${writeMs} ms`),
    );
    // Nagle's algorithm would hold back small messages for up to 40 ms.
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
  }

  /**
   * Reads one line.
   *
   * @returns The line with its LF, a view that is good until the next read;
   * `null` at the end of the stream.
   */
  readLine(): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.read(this.#takeLine);
  }

  /**
   * Reads an exact number of bytes.
   *
   * @param count How many, at most the decoder's limit.
   * @returns The bytes, a view that is good until the next read; `null` if the
   * stream ends before the first.
   */
  readExactly(count: number): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.read(() => this.decoder.takeExactly(count));
  }

  /**
   * Reads whatever comes.
   *
   * @returns At least one byte, a view that is good until the next read;
   * `null` at the end of the stream.
   */
  readSome(): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.read(this.#takeSome);
  }

  /**
   * Reads by a rule of one's own.
   *
   * @param take Takes a message from {@linkcode StreamConnection.decoder}, or
   * gives `null` while it needs more bytes.
   * @returns What was taken; `null` at the end of the stream.
   */
  async read(
    take: () => Uint8Array<ArrayBuffer> | null,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    let message = take();
    if (message !== null) return message;
    this.#readWatch.start();
    try {
      do {
        if (!await this.#fill()) return this.#endOfStream();
        message = take();
      } while (message === null);
      return message;
    } finally {
      this.#readWatch.stop();
    }
  }

  /**
   * Reads one message of a peer that may not end its messages: a line, or what
   * came before a silence or the end of the stream.
   *
   * @param quietMs How long a silence ends a message, in milliseconds.
   * @param take Takes something else than a line; see
   * {@linkcode StreamConnection.read}.
   * @returns The message with its LF if it had one, a view that is good until
   * the next read; `null` at the end of the stream.
   */
  async readMessage(
    quietMs: number,
    take: () => Uint8Array<ArrayBuffer> | null = this.#takeLine,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    let message = take();
    if (message !== null) return message;
    this.#readWatch.start();
    try {
      do {
        const pending = this.decoder.pendingBytes > 0;
        if ((pending && await this.#quiet(quietMs)) || !await this.#fill()) {
          return this.decoder.takeSome();
        }
        message = take();
      } while (message === null);
      return message;
    } finally {
      this.#readWatch.stop();
    }
  }

  /**
   * Writes all of the bytes, in as many calls as it takes.
   *
   * @param bytes What to send; must not change until this resolves.
   */
  async writeAll(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        this.#writeWatch.start();
        done += await this.#conn.write(
          done === 0 ? bytes : bytes.subarray(done),
        );
      }
    } catch (error) {
      throw this.#expired ?? error;
    } finally {
      this.#writeWatch.stop();
    }
  }

  /** Ends our side of the stream; the peer may go on sending. */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  /**
   * Ends the connection without losing what was sent last: closing a socket
   * that has unread bytes resets it, and the reset overtakes the reply. So we
   * end our side, then read and drop for a second at most.
   */
  async finish(): Promise<void> {
    if (this.#ended) return;
    this.#finishing = true;
    const timer = setTimeout(() => this.close(), LINGER_MS);
    try {
      await this.#conn.closeWrite();
      do this.decoder.takeSome(); while (await this.#fill());
    } catch (error) {
      if (!isDisconnect(error)) throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** A reply is under way that {@linkcode StreamConnection.stop} lets finish. */
  owe(): void {
    this.#owed += 1;
  }

  /** That reply was sent. */
  paid(): void {
    this.#owed -= 1;
    this.#closeIfStopped();
  }

  /**
   * Reads nothing more: the read under way, and each later one that would have
   * to wait, gives `null` as soon as no reply is owed.
   */
  stop(): void {
    this.#stopping = true;
    this.#closeIfStopped();
  }

  /** Aborted when the socket is closed. */
  get closed(): AbortSignal {
    // Made when first asked for: most connections are idle, and have none.
    this.#closing ??= new AbortController();
    if (this.#isClosed) this.#closing.abort();
    return this.#closing.signal;
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

  #takeLine = () => this.decoder.takeLine();
  #takeSome = () => this.decoder.takeSome();

  #endOfStream(): null {
    const pendingBytes = this.decoder.pendingBytes;
    if (pendingBytes === 0 || this.#stopping) return null;
    throw new Deno.errors.UnexpectedEof(
      `The stream ended inside a message, after ${pendingBytes} bytes of it`,
    );
  }

  /** Waits for more bytes; `false` at the end of the stream. */
  async #fill(): Promise<boolean> {
    if (this.#ended || this.#mayStop) return false;
    const reading = this.#reading ?? this.#conn.read(this.decoder.space());
    this.#reading = null;
    this.#waiting = true;
    try {
      const count = await reading;
      if (count === null) this.#ended = true;
      else this.decoder.commit(count);
      return count !== null;
    } catch (error) {
      if (this.#expired !== null) throw this.#expired;
      if (this.#stopping && isDisconnect(error)) return false;
      throw error;
    } finally {
      this.#waiting = false;
    }
  }

  /** Waits for bytes, but leaves the read under way; `true` if none came. */
  async #quiet(quietMs: number): Promise<boolean> {
    const reading = this.#reading ??= this.#conn.read(this.decoder.space());
    const silence = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => silence.resolve(true), quietMs);
    const arrival = reading.then(() => false, () => false);
    try {
      return await Promise.race([arrival, silence.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  get #mayStop(): boolean {
    return this.#stopping && this.#owed === 0 && !this.#finishing;
  }

  #closeIfStopped(): void {
    if (this.#waiting && this.#mayStop) this.close();
  }

  #expire(what: string): void {
    this.#expired = new Deno.errors.TimedOut(`Timed out: ${what}`);
    this.close();
  }
}
