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

/**
 * Why a handshake failed: the other side does not speak TLS; its certificate has
 * expired, is not valid yet, is for other names, is not signed by a trusted
 * authority, or is that of an authority itself; it refused ours; it closed the
 * connection; or something else.
 */
export type TlsFault =
  | "plain"
  | "expired"
  | "early"
  | "names"
  | "issuer"
  | "authority"
  | "refused"
  | "closed"
  | "other";

/** Thrown when a handshake fails. */
export class TlsError extends Error {
  /** Why it failed. */
  readonly fault: TlsFault;
  /** The names in a certificate that is for other names. */
  readonly names: string[];

  /**
   * Creates the error.
   *
   * @param fault Why the handshake failed.
   * @param detail What the TLS library says.
   * @param names The names in the certificate, if they are known.
   */
  constructor(fault: TlsFault, detail: string, names: string[] = []) {
    super(`TLS handshake failed: ${detail}`);
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
  ["InvalidContentType", "plain"],
  ["certificate expired", "expired"],
  ["not valid yet", "early"],
  ["not valid for name", "names"],
  ["UnknownIssuer", "issuer"],
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

/**
 * Starts TLS on a connected socket, and waits for the handshake.
 *
 * @param conn The socket; Nagle's algorithm is turned off. It is closed if the
 * handshake fails.
 * @param trust Whom to trust.
 * @param signal Ends the handshake.
 * @param start Calls `Deno.startTls`.
 * @returns The encrypted connection.
 * @throws {TlsError} If the handshake fails.
 */
export async function startTls(
  conn: Deno.TcpConn,
  trust: TlsTrust,
  signal: AbortSignal,
  start: (conn: Deno.TcpConn, trust: TlsTrust) => Promise<Deno.TlsConn>,
): Promise<Deno.TlsConn> {
  conn.setNoDelay(true);
  const secure = await start(conn, trust);
  const close = () => secure[Symbol.dispose]();
  signal.addEventListener("abort", close);
  if (signal.aborted) close();
  try {
    await secure.handshake();
    return secure;
  } catch (error) {
    close();
    throw tlsError(error);
  } finally {
    signal.removeEventListener("abort", close);
  }
}

/** The length of the alert with which a TLS server answers anything else. */
const ALERT_BYTES = 7;

/**
 * Checks whether bytes are the answer of a TLS server to a client that does not
 * speak TLS: an alert, which is `15 03 0x 00 02 02` and its number.
 *
 * @param bytes The first bytes of a connection.
 * @returns Whether they are.
 */
export function isTlsAlert(bytes: Uint8Array): boolean {
  return bytes.length === ALERT_BYTES && bytes[0] === 0x15 &&
    bytes[1] === 3 && bytes[3] === 0 && bytes[4] === 2 && bytes[5] === 2;
}
