/**
 * The options for TLS, of clients and of servers, and the files that they name.
 *
 * @module
 */

import { startTls, type TlsStarted, type TlsTrust } from "../net/tls.ts";
import type { TlsIdentity, TlsListener } from "../net/tls_listener.ts";
import type { Target } from "../net/address.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { RunError, withContext } from "./context.ts";
import { flag, type Option, text } from "./option.ts";
import { flagOf, UsageError } from "./options.ts";

/** The options of a client for TLS. */
export const TLS_CLIENT_OPTIONS: {
  tls: Option<boolean>;
  tlsCa: Option<string | undefined>;
  tlsName: Option<string | undefined>;
} = {
  tls: flag("encrypt with TLS"),
  tlsCa: text("FILE", "trust this authority, in PEM, besides the public ones"),
  tlsName: text("NAME", "a name of the server's certificate, if not TARGET"),
};

/** The options of a server for TLS. */
export const TLS_SERVER_OPTIONS: Record<
  "tlsCert" | "tlsKey" | "tlsClientCa",
  Option<string | undefined>
> = {
  tlsCert: text("FILE", "encrypt with TLS: the certificate, in PEM"),
  tlsKey: text("FILE", "the key of the certificate, in PEM"),
  tlsClientCa: text(
    "FILE",
    "serve clients alone whose certificate this authority signed",
  ),
};

/** The help's paragraph about TLS of servers. */
export const TLS_SERVER_HELP =
  "With --tls-cert and --tls-key the server speaks TLS alone; on SIGHUP it reads the files again. The tasks may read the folder certs, where make-cert writes a certificate.";

/** The values of {@linkcode TLS_CLIENT_OPTIONS}. */
export interface TlsClientValues {
  /** Whether to encrypt. */
  tls?: boolean;
  /** The file of the authority. */
  tlsCa?: string | undefined;
  /** The name that the certificate must have. */
  tlsName?: string | undefined;
}

/** The values of {@linkcode TLS_SERVER_OPTIONS}. */
export interface TlsServerValues {
  /** The file of the certificate. */
  tlsCert?: string | undefined;
  /** The file of its key. */
  tlsKey?: string | undefined;
  /** The file of the authority of clients. */
  tlsClientCa?: string | undefined;
}

/** Calls `Deno.startTls`. */
export type StartTls = (
  conn: Deno.TcpConn,
  trust: TlsTrust,
) => Promise<Deno.TlsConn>;

/** Starts TLS on a connection. */
export type Secure = (
  conn: Deno.Conn,
  signal: AbortSignal,
) => Promise<TlsStarted>;

/**
 * Reads whom to trust.
 *
 * @param options The values of the options.
 * @param target The target.
 * @param start Calls `Deno.startTls`.
 * @returns What starts TLS; `null` if the options do not ask for it.
 * @throws {UsageError} If the options do not go together.
 * @throws {RunError} If the file cannot be read.
 */
export async function clientTls(
  options: TlsClientValues,
  target: Target | Deno.NetAddr,
  start: StartTls,
): Promise<Secure | null> {
  const { tls = false, tlsCa, tlsName } = options;
  if (!tls) {
    for (const name of ["tlsCa", "tlsName"] as const) {
      if (options[name] === undefined) continue;
      throw new UsageError(`--${flagOf(name)} needs --tls`);
    }
    return null;
  }
  if (!("hostname" in target)) {
    throw new UsageError("--tls needs a HOST: a Unix socket has no TLS");
  }
  const trust = {
    caCerts: tlsCa === undefined
      ? []
      : [await readPem("tlsCa", tlsCa, "CERTIFICATE")],
    hostname: tlsName ?? target.hostname,
  };
  return (conn, signal) => startTls(conn as Deno.TcpConn, trust, signal, start);
}

/**
 * Reads the certificate of a server.
 *
 * @param options The values of the options.
 * @returns The certificate and its key; `null` if the options have none.
 * @throws {UsageError} If an option is missing.
 * @throws {RunError} If a file cannot be read, or has something else.
 */
export async function serverIdentity(
  { tlsCert, tlsKey, tlsClientCa }: TlsServerValues,
): Promise<TlsIdentity | null> {
  if (tlsCert === undefined && tlsKey === undefined) {
    if (tlsClientCa === undefined) return null;
    throw new UsageError("--tls-client-ca needs --tls-cert and --tls-key");
  }
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new UsageError("--tls-cert and --tls-key go together");
  }
  const identity = {
    cert: await readPem("tlsCert", tlsCert, "CERTIFICATE"),
    key: await readPem("tlsKey", tlsKey, "PRIVATE KEY"),
    clientCa: tlsClientCa === undefined
      ? undefined
      : await readPem("tlsClientCa", tlsClientCa, "CERTIFICATE"),
  };
  // Loaded here: other runs need none of it.
  const { CAN_SERVE_TLS, checkIdentity } = await import(
    "../net/tls_listener.ts"
  );
  await withContext({ action: "use", read: tlsCert }, () => {
    if (CAN_SERVE_TLS) checkIdentity(identity);
  });
  return identity;
}

/** The part of a run that starts TLS on a server. */
export interface TlsServerRun {
  /** The values of its options. */
  options: TlsServerValues;
  /** Stops the server. */
  signal: AbortSignal;
  /** Where the log is written. */
  terminal: Terminal;
}

/**
 * Prepares TLS for a server: reads its files, and reads them again on SIGHUP.
 *
 * @param run The run of the program.
 * @returns What starts TLS on a listener; `null` if the options do not ask for it.
 * @throws {UsageError} If an option is missing.
 * @throws {RunError} If a file cannot be used, or Deno is too old.
 */
export async function serverTls(
  run: TlsServerRun,
): Promise<((listener: Deno.Listener<Deno.TcpConn>) => TlsListener) | null> {
  const { options, terminal } = run;
  const identity = await serverIdentity(options);
  if (identity === null) return null;
  const { CAN_SERVE_TLS, TlsListener } = await import(
    "../net/tls_listener.ts"
  );
  if (!CAN_SERVE_TLS) {
    throw new RunError(
      `Cannot serve TLS: it needs Deno 2.8 or later, and this is ${Deno.version.deno}; run npx -y deno@2.9.6 in place of deno`,
    );
  }
  return (listener) => {
    const secure = new TlsListener(listener, identity, {
      log: (line) => terminal.log(line),
    });
    renewOnHangUp(run, (renewed) => secure.renew(renewed));
    return secure;
  };
}

/**
 * Reads the certificate of a server again on SIGHUP, where there is one, until the
 * server is stopped. If it is bad, the old one stays, and a line says so.
 *
 * @param run The run of the program.
 * @param renew Takes the new certificate.
 */
export function renewOnHangUp(
  { options, signal, terminal }: TlsServerRun,
  renew: (identity: TlsIdentity) => void,
): void {
  if (Deno.build.os === "windows" || signal.aborted) return;
  const read = async () => {
    try {
      renew((await serverIdentity(options))!);
      terminal.log("read the certificate again");
    } catch (error) {
      terminal.log(`${(error as Error).message}; the old certificate stays`);
    }
  };
  Deno.addSignalListener("SIGHUP", read);
  signal.addEventListener("abort", () => {
    Deno.removeSignalListener("SIGHUP", read);
  });
}

async function readPem(
  option: keyof TlsServerValues | "tlsCa",
  path: string,
  kind: "CERTIFICATE" | "PRIVATE KEY",
): Promise<string> {
  const pem = await withContext({ action: "read", read: path }, async () => {
    try {
      return await Deno.readTextFile(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
      throw new RunError(
        `Cannot read ${path}: permission not granted; put it in the folder certs, which the tasks may read, or run it with deno run --allow-read=${path}`,
      );
    }
  });
  if (pem.includes(`${kind}-----`)) return pem;
  throw new RunError(
    `Cannot use ${path}: it has no line "-----BEGIN ${kind}-----"; give --${
      flagOf(option)
    } a file in PEM, as make-cert writes it`,
  );
}
