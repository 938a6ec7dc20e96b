/**
 * An accepted connection of a TLS server: a `Deno.Conn` above the `TLSSocket` of
 * `node:tls`, which is above another one.
 *
 * @module
 */

import { Duplex } from "node:stream";
import type { Server, TLSSocket } from "node:tls";
import { formatAddress } from "./address.ts";
import { errorMessage } from "./errors.ts";
import type { ThrottledLog } from "./throttled_log.ts";
import { PLAIN_ALERT } from "./tls.ts";

/** How much is read at once, in bytes: a TLS record and its frame fit. */
const READ_BYTES = 20_480;

/** How long the last alert may take to be sent, in milliseconds. */
const LAST_ALERT_MS = 1000;

/** A socket of Deno as a stream of Node. */
class TcpStream extends Duplex {
  #conn: Deno.TcpConn;
  #destroyed: () => void;

  constructor(conn: Deno.TcpConn, destroyed: () => void) {
    super({ allowHalfOpen: true });
    this.#conn = conn;
    this.#destroyed = destroyed;
  }

  override async _read(): Promise<void> {
    try {
      const buffer = new Uint8Array(READ_BYTES);
      const count = await this.#conn.read(buffer);
      this.push(count === null ? null : buffer.subarray(0, count));
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  override async _write(
    chunk: Uint8Array,
    _encoding: string,
    done: (error?: Error) => void,
  ): Promise<void> {
    try {
      for (let sent = 0; sent < chunk.length;) {
        sent += await this.#conn.write(chunk.subarray(sent));
      }
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override async _final(done: (error?: Error) => void): Promise<void> {
    try {
      await this.#conn.closeWrite();
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _destroy(
    error: Error | null,
    done: (error: Error | null) => void,
  ): void {
    this.#destroyed();
    done(error);
  }
}

/** Handshakes that fail, by their code; whether the client expects no TLS. */
const FAILURES: Record<string, [words: string, isPlain?: boolean]> = {
  ERR_SSL_WRONG_VERSION_NUMBER: ["the client does not speak it", true],
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: ["the client has no certificate"],
  ECONNRESET: ["the client's certificate is not trusted, or it left"],
};

/**
 * Starts TLS on an accepted connection, and does not wait for the handshake: the
 * first read or write does.
 *
 * @param conn The connection; it is closed with what is returned.
 * @param server Has the certificate and the rules of handshakes.
 * @param handshakeMs How long a handshake may take, in milliseconds.
 * @param log Receives a line if it fails.
 * @returns The encrypted connection.
 */
export function serveTls(
  conn: Deno.TcpConn,
  server: Server,
  handshakeMs: number,
  log: ThrottledLog,
): Deno.TcpConn {
  return new TlsServerConn(conn, server, handshakeMs, log);
}

/** An accepted connection; its handshake has started. */
class TlsServerConn implements Deno.TcpConn {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  #conn: Deno.TcpConn;
  #stream: TcpStream;
  #log: ThrottledLog;
  #handshakeTimer: ReturnType<typeof setTimeout>;
  #secure = Promise.withResolvers<TLSSocket>();
  #socket: TLSSocket | null = null;
  /** What was decrypted and not read. */
  #rest: Uint8Array = new Uint8Array(0);
  #arrived = Promise.withResolvers<void>();
  #ended = false;
  #isClosed = false;
  #fault: unknown = null;

  constructor(
    conn: Deno.TcpConn,
    server: Server,
    handshakeMs: number,
    log: ThrottledLog,
  ) {
    this.#conn = conn;
    this.#log = log;
    this.#handshakeTimer = setTimeout(
      () => this.#giveUp(PLAIN_ALERT, "no handshake in time"),
      handshakeMs,
    );
    this.localAddr = conn.localAddr;
    this.remoteAddr = conn.remoteAddr;
    // During the handshake the socket stays open for a last alert.
    this.#stream = new TcpStream(conn, () => {
      if (this.#socket !== null) conn[Symbol.dispose]();
    });
    this.#stream.on("error", (error) => this.#fail(error));
    this.#stream.once("end", () => {
      if (this.#socket === null) this.#giveUp(null, null);
    });
    conn.setNoDelay(true);
    this.#secure.promise.catch(() => {}); // the first read or write throws it
    // The events of this connection alone: a server emits those of all.
    const own = Object.create(server) as Server;
    // Its own timer would keep a socket for all that time after it was closed.
    Object.assign(own, { _handshakeTimeout: 0 });
    own.emit = (name: string, ...[first]: unknown[]) => {
      if (name === "secureConnection") {
        this.#take(first as TLSSocket);
      } else if (name === "tlsClientError") {
        const error = first as Error & { code?: string };
        const [words, isPlain = false] = FAILURES[error.code ?? ""] ??
          [errorMessage(error)];
        this.#giveUp(isPlain ? PLAIN_ALERT : null, words);
      }
      return true;
    };
    const start: (event: string, stream: Duplex) => boolean = server.emit;
    start.call(own, "connection", this.#stream);
  }

  #take(socket: TLSSocket): void {
    clearTimeout(this.#handshakeTimer);
    this.#socket = socket;
    this.#secure.resolve(socket);
    const wake = () => this.#arrived.resolve();
    socket.on("readable", wake);
    socket.on("end", () => {
      this.#ended = true;
      wake();
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Deno.errors.ConnectionReset()));
  }

  /** Ends a handshake that failed; the handler sees a broken connection. */
  async #giveUp(
    alert: Uint8Array | null,
    words: string | null,
  ): Promise<void> {
    clearTimeout(this.#handshakeTimer);
    if (words !== null && this.#fault === null) {
      this.#log.write(() =>
        `${formatAddress(this.remoteAddr)}: no TLS: ${words}`
      );
    }
    this.#fail(new Deno.errors.ConnectionAborted());
    try {
      if (alert !== null) await this.#conn.write(alert);
    } catch { // the client has left
    }
    this.#stream.destroy();
    this.#conn[Symbol.dispose]();
  }

  /** Keeps the first error, and ends all waits. */
  #fail(error: unknown): void {
    const { code } = error as { code?: string };
    this.#fault ??= code === "ECONNRESET"
      ? new Deno.errors.ConnectionReset(errorMessage(error))
      : error;
    this.#secure.reject(this.#fault);
    this.#arrived.resolve();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#isClosed) throw new Deno.errors.BadResource();
    const socket = this.#socket ?? await this.#secure.promise;
    for (;;) {
      if (this.#rest.length === 0) this.#rest = socket.read() ?? this.#rest;
      const count = Math.min(buffer.length, this.#rest.length);
      if (count > 0) {
        buffer.set(this.#rest.subarray(0, count));
        this.#rest = this.#rest.subarray(count);
        return count;
      }
      if (this.#ended) return null;
      if (this.#fault !== null) throw this.#fault;
      this.#arrived = Promise.withResolvers();
      await this.#arrived.promise;
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#isClosed) throw new Deno.errors.BadResource();
    const socket = this.#socket ?? await this.#secure.promise;
    if (this.#fault !== null) throw this.#fault;
    const written = Promise.withResolvers<number>();
    socket.write(bytes, (error) => {
      if (error) written.reject(this.#fault ?? error);
      else written.resolve(bytes.length);
    });
    return await written.promise;
  }

  async closeWrite(): Promise<void> {
    const socket = this.#socket ?? await this.#secure.promise;
    if (this.#fault !== null) throw this.#fault;
    await new Promise<void>((resolve) => {
      socket.once("close", resolve);
      socket.end(resolve);
    });
  }

  close(): void {
    if (this.#isClosed) throw new Deno.errors.BadResource();
    this.#isClosed = true;
    clearTimeout(this.#handshakeTimer);
    const isBroken = this.#fault !== null;
    this.#fail(new Deno.errors.Interrupted("operation canceled"));
    const destroy = () => {
      this.#socket?.destroy();
      this.#stream.destroy();
      this.#conn[Symbol.dispose]();
    };
    if (this.#socket === null || isBroken || this.#stream.destroyed) {
      return destroy();
    }
    // Without the alert that ends TLS, the end looks like a break to the peer.
    const timer = setTimeout(destroy, LAST_ALERT_MS);
    this.#stream.once("close", () => clearTimeout(timer));
    this.#socket.end(() => this.#stream.end(destroy));
  }

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.close();
  }

  setNoDelay(isOn?: boolean): void {
    this.#conn.setNoDelay(isOn);
  }

  setKeepAlive(isOn?: boolean): void {
    this.#conn.setKeepAlive(isOn);
  }

  ref(): void {
    this.#conn.ref();
  }

  unref(): void {
    this.#conn.unref();
  }

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      pull: async (controller) => {
        const buffer = new Uint8Array(READ_BYTES);
        const count = await this.read(buffer);
        if (count === null) controller.close();
        else controller.enqueue(buffer.subarray(0, count));
      },
    });
  }

  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return new WritableStream({
      write: async (bytes) => void await this.write(bytes),
      close: () => this.closeWrite(),
    });
  }
}
