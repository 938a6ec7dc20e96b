/**
 * TLS on a connected socket, on the side of the client, and why a handshake
 * failed.
 *
 * The client connects first and starts TLS then, because Deno can turn Nagle's
 * algorithm off on a plain socket alone, and so that the two times are apart.
 *
 * @module
 */

import { errorMessage, isDisconnect } from "./errors.ts";

/** Why TLS failed. */
export type TlsFault =
  /** The other side does not speak TLS. */
  | "plain"
  /** The other side speaks TLS, and we do not. */
  | "encrypted"
  /** Its certificate has expired. */
  | "expired"
  /** Its certificate is not valid yet. */
  | "early"
  /** Its certificate is for other names. */
  | "names"
  /** Its certificate is not signed by an authority that is trusted. */
  | "issuer"
  /** Its certificate is that of an authority. */
  | "authority"
  /** It refused us: for the lack of a certificate, or because of ours. */
  | "refused"
  /** It closed the connection. */
  | "closed"
  /** Something else. */
  | "other";

/** Thrown when TLS fails. */
export class TlsError extends Error {
  /** Why it failed. */
  readonly fault: TlsFault;
  /** The names in a certificate that is for other names. */
  readonly names: string[];
  /** The name that it ought to have; `null` if that is unknown. */
  asked: string | null = null;

  /**
   * Creates the error.
   *
   * @param fault Why the handshake failed.
   * @param detail What the TLS library says.
   * @param names The names in the certificate, if they are known.
   */
  constructor(fault: TlsFault, detail: string, names: string[] = []) {
    super(`TLS failed: ${detail}`);
    this.fault = fault;
    this.names = names;
  }
}

/**
 * What the messages of Deno's TLS library have in them. Its errors have neither
 * a code nor a class of their own, so {@linkcode tlsError} alone recognizes them
 * by that; `tests/net/tls_test.ts` makes each of them happen.
 */
const MARKS: [string, TlsFault][] = [
  ["received corrupt message", "plain"],
  ["certificate expired", "expired"],
  ["not valid yet", "early"],
  ["not valid for name", "names"],
  ["UnknownIssuer", "issuer"],
  ["BadSignature", "issuer"], // another authority of the same name
  ["CaUsedAsEndEntity", "authority"],
  ["received fatal alert", "refused"],
];

/**
 * Finds out why a TLS connection failed.
 *
 * @param error What a handshake, a read or a write was rejected with.
 * @returns The reason; an error that is not about TLS as it is.
 */
export function tlsError(error: unknown): unknown {
  const message = errorMessage(error);
  if (error instanceof Deno.errors.InvalidData) {
    const [, fault = "other"] = MARKS.find(([mark]) =>
      message.includes(mark)
    ) ?? [];
    const names = [...message.matchAll(/DnsName\("([^"]+)"\)/g)];
    return new TlsError(fault, message, names.map(([, name = ""]) => name));
  }
  const isClosed = isDisconnect(error) &&
    !(error instanceof Deno.errors.Interrupted);
  return isClosed ? new TlsError("closed", message) : error;
}

/** Whom a client trusts; the options of `Deno.startTls`. */
export interface TlsTrust {
  /** The certificates of authorities, in PEM, besides the public ones. */
  caCerts: string[];
  /** The name or address that the server's certificate must have. */
  hostname: string;
}

/** A connection with TLS. */
export interface TlsStarted {
  /** The encrypted connection. */
  conn: Deno.TlsConn;
  /**
   * How long the handshake took, in milliseconds; without the time in which Deno
   * loads the public authorities, which it does once.
   */
  handshakeMs: number;
}

/**
 * Starts TLS on a connected socket, and waits for the handshake.
 *
 * @param conn The socket; Nagle's algorithm is turned off. It is closed if the
 * handshake fails.
 * @param trust Whom to trust.
 * @param signal Ends the handshake.
 * @param start Calls `Deno.startTls`.
 * @returns The encrypted connection, and how long the handshake took.
 * @throws {TlsError} If the handshake fails.
 */
export async function startTls(
  conn: Deno.TcpConn,
  trust: TlsTrust,
  signal: AbortSignal,
  start: (conn: Deno.TcpConn, trust: TlsTrust) => Promise<Deno.TlsConn>,
): Promise<TlsStarted> {
  conn.setNoDelay(true);
  const secure = await start(conn, trust);
  const startMs = performance.now();
  const close = () => secure[Symbol.dispose]();
  signal.addEventListener("abort", close);
  if (signal.aborted) close();
  try {
    await secure.handshake();
    return { conn: secure, handshakeMs: performance.now() - startMs };
  } catch (error) {
    close();
    const failure = tlsError(error);
    if (failure instanceof TlsError) failure.asked = trust.hostname;
    throw failure;
  } finally {
    signal.removeEventListener("abort", close);
  }
}

/**
 * What a TLS server answers a client that does not speak TLS: an alert, fatal,
 * protocol_version.
 *
 * @internal
 */
export const PLAIN_ALERT: Uint8Array = Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70);

/**
 * Checks whether bytes are the alert of a TLS server to a client that does not
 * speak TLS.
 *
 * @param bytes All bytes that arrived.
 * @returns Whether they are.
 */
export function isTlsAlert(bytes: Uint8Array): boolean {
  return bytes.length === PLAIN_ALERT.length &&
    bytes.every((byte, at) => at === 2 || at === 6 || byte === PLAIN_ALERT[at]);
}
