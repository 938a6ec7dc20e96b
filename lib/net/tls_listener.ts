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
import { createServer, Server } from "node:tls";
import { errorMessage } from "./errors.ts";
import { ThrottledLog } from "./throttled_log.ts";
import { serveTls } from "./tls_server_conn.ts";

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
    return serveTls(
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
