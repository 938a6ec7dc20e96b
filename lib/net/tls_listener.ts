/**
 * TLS on the connections of a plain listener, on the side of the server.
 *
 * Deno's own `Deno.listenTls` is not used: it can neither turn Nagle's algorithm
 * off, which delays an echo of 32 KiB by 40 ms, nor close a connection whose
 * handshake has not ended, nor ask for a certificate of the client, nor change
 * its own certificate. `node:tls` can from Deno 2.8 on; it works on an accepted
 * `Deno.Conn` here:
 *
 * ```text
 *   Deno.listen().accept() -> TcpStream (a node:stream) -> TLSSocket -> TlsConn
 * ```
 *
 * @module
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { Duplex } from "node:stream";
import { createServer, Server, type TLSSocket } from "node:tls";
import { formatAddress } from "./address.ts";
import { errorMessage } from "./errors.ts";
import { ThrottledLog } from "./throttled_log.ts";
import { PLAIN_ALERT } from "./tls.ts";

/** What a server shows and asks for, in PEM. */
export interface TlsIdentity {
  /** Its certificate, and those of the authorities between it and the root. */
  cert: string;
  /** The key of the certificate. */
  key: string;
  /** The authorities that sign the certificates of clients, to ask for one. */
  clientCa?: string | undefined;
}

/** Thrown for an identity that is unusable. */
export class TlsIdentityError extends Error {
  /** The part that is. */
  readonly part: keyof TlsIdentity;

  /**
   * Creates the error.
   *
   * @param part The part that is unusable.
   * @param message Why.
   */
  constructor(part: keyof TlsIdentity, message: string) {
    super(message);
    this.part = part;
  }
}

/** How a listener starts TLS. */
export interface TlsListenerOptions {
  /** How long a handshake may take, in milliseconds. Default 10 seconds. */
  handshakeMs?: number;
  /** Receives the lines about handshakes that failed, at most one a second. */
  log?: (line: string) => void;
}

/** How much is read at once, in bytes: a TLS record and its frame fit. */
const READ_BYTES = 20_480;

/** How long the last alert may take to be sent, in milliseconds. */
const LAST_ALERT_MS = 1000;

/** Whether this version of Deno can serve TLS. */
export const CAN_SERVE_TLS: boolean = "setSecureContext" in Server.prototype;

/**
 * A listener whose connections are encrypted. `accept` does not wait for the
 * handshake, which the first read or write does; so one that stalls keeps no
 * other client out, and counts as an open connection.
 */
export class TlsListener implements Deno.Listener<Deno.TcpConn> {
  #listener: Deno.Listener<Deno.TcpConn>;
  #server: Server;
  #handshakeMs: number;
  #log: ThrottledLog;

  /**
   * Starts TLS on a listener.
   *
   * @param listener The listener.
   * @param identity What to show and ask for: see {@linkcode checkIdentity}.
   * @param options The deadline of handshakes, and the log.
   */
  constructor(
    listener: Deno.Listener<Deno.TcpConn>,
    identity: TlsIdentity,
    options: TlsListenerOptions = {},
  ) {
    const { handshakeMs = 10_000, log = () => {} } = options;
    this.#listener = listener;
    this.#server = createServer({
      ...contextOf(identity),
      requestCert: identity.clientCa !== undefined,
      rejectUnauthorized: identity.clientCa !== undefined,
      allowHalfOpen: true,
    });
    this.#handshakeMs = handshakeMs;
    this.#log = new ThrottledLog(log);
  }

  /** The address of the listener. */
  get addr(): Deno.Addr {
    return this.#listener.addr;
  }

  /**
   * Changes the identity, for the connections to come.
   *
   * @param identity What to show and ask for: see {@linkcode checkIdentity}.
   */
  renew(identity: TlsIdentity): void {
    this.#server.setSecureContext(contextOf(identity));
  }

  /** Waits for a client, and not for the handshake. */
  async accept(): Promise<Deno.TcpConn> {
    const conn = await this.#listener.accept();
    return new TlsServerConn(
      conn,
      this.#server,
      this.#handshakeMs,
      this.#log,
    );
  }

  /** Closes the listener. */
  close(): void {
    this.#listener.close();
  }

  /** Closes the listener. */
  [Symbol.dispose](): void {
    this.#listener[Symbol.dispose]();
  }

  /** Lets the listener keep the process alive. */
  ref(): void {
    this.#listener.ref();
  }

  /** Does not let the listener keep the process alive. */
  unref(): void {
    this.#listener.unref();
  }

  /** Yields the clients until the listener is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Deno.TcpConn, void, void> {
    try {
      for (;;) yield await this.accept();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    } finally {
      this[Symbol.dispose]();
    }
  }
}

/**
 * Checks an identity. The library takes any text, and fails with each client.
 *
 * @param identity The identity.
 * @throws {TlsIdentityError} If it is unusable.
 */
export function checkIdentity({ cert, key, clientCa }: TlsIdentity): void {
  const check = <T>(part: keyof TlsIdentity, parse: () => T): T => {
    try {
      return parse();
    } catch (error) {
      throw new TlsIdentityError(part, errorMessage(error));
    }
  };
  const certificate = check("cert", () => new X509Certificate(cert));
  const secret = check("key", () => createPrivateKey(key));
  if (clientCa !== undefined) {
    check("clientCa", () => new X509Certificate(clientCa));
  }
  if (certificate.checkPrivateKey(secret)) return;
  throw new TlsIdentityError("key", "the key is that of another certificate");
}

/** The parts of an identity, as `node:tls` names them. */
function contextOf({ cert, key, clientCa }: TlsIdentity) {
  return { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}

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

  /** Keeps the first error, and wakes whoever waits. */
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
