/**
 * The options, the target and the connection that all clients share.
 *
 * @module
 */

import { parseTarget, type Target } from "../net/address.ts";
import { connectWithin, resolveHost } from "../net/connect.ts";
import { DeadlineError } from "../net/errors.ts";
import { localHostFor } from "../net/datagram_socket.ts";
import { withContext } from "./context.ts";
import { duration, flag, integer, type Option, text } from "./option.ts";
import { UsageError } from "./options.ts";
import {
  clientTls,
  type Secure,
  type StartTls,
  type TlsClientValues,
} from "./tls_options.ts";

/** The options of every client. */
export type ClientOptions =
  & Record<"port" | "timeout", Option<number>>
  & Record<"ipv4" | "ipv6", Option<boolean>>;

/**
 * Returns the options of every client.
 *
 * @param port The default port.
 * @param timeout The default deadline of each wait.
 * @returns `--port`, `--ipv4`, `--ipv6` and `--timeout`.
 */
export function clientOptions(port: number, timeout = "5s"): ClientOptions {
  return {
    port: integer("the port if TARGET has none", {
      short: "p",
      max: 65535,
      default: `${port}`,
    }),
    ipv4: flag("use IPv4 only", "4"),
    ipv6: flag("use IPv6 only", "6"),
    timeout: duration("give up on a connection or a reply after this", {
      short: "W",
      default: timeout,
    }),
  };
}

/** The option for the local address that datagrams are sent from. */
export const SOURCE_OPTION: { source: Option<string | undefined> } = {
  source: text("ADDRESS", "send from this address of this machine (UDP only)"),
};

/** A run of a program that has {@linkcode clientOptions}. */
export interface ClientRun {
  /** The values of its options. */
  options: TlsClientValues & {
    /** The deadline, in milliseconds. */
    timeout: number;
    /** Whether only IPv4 is accepted. */
    ipv4: boolean;
    /** Whether only IPv6 is accepted. */
    ipv6: boolean;
    /** The local address to bind. */
    source?: string | undefined;
  };
  /** Aborts each wait. */
  signal: AbortSignal;
  /** Called with the time that a TLS handshake took, in milliseconds. */
  onHandshake?: (durationMs: number) => void;
}

/** The address family requested by an option or by the source address. */
function requestedFamily({ ipv4, ipv6, source }: ClientRun["options"]) {
  if (ipv4 && ipv6) {
    throw new UsageError("--ipv4 and --ipv6 exclude each other");
  }
  if (ipv4) return 4;
  if (ipv6) return 6;
  return source === undefined ? undefined : source.includes(":") ? 6 : 4;
}

/**
 * Connects within the deadline, and starts TLS if the options say so. If a family
 * is requested, the host is looked up first; otherwise `Deno.connect` tries the
 * addresses of both.
 *
 * @param run The run of the program.
 * @param target The target.
 * @param connect Calls `Deno.connect`.
 * @param start Calls `Deno.startTls`; without it the connection stays plain.
 * @returns The connection.
 */
export async function reach(
  run: ClientRun,
  target: Target | Deno.NetAddr,
  connect: (to: Deno.ConnectOptions) => Promise<Deno.Conn>,
  start?: StartTls,
): Promise<Deno.Conn> {
  const { options, signal } = run;
  const family = requestedFamily(options);
  const secure = start ? await clientTls(options, target, start) : null;
  const conn = await connectWithin(options.timeout, signal, async (signal) => {
    const address = family === undefined || !("hostname" in target) ? target : {
      ...target,
      hostname: await resolveHost(target.hostname, { family, signal }),
    };
    // Deno types TCP and Unix targets apart; the function is the same.
    return await connect({ ...address, signal } as Deno.ConnectOptions);
  });
  return secure === null ? conn : await handshake(run, conn, secure);
}

/**
 * Starts TLS on a connection within the deadline, and tells how long it took.
 *
 * @param run The run of the program.
 * @param conn The connection; it is closed if the handshake fails.
 * @param secure Starts TLS.
 * @returns The encrypted connection.
 * @throws {TlsError} If the handshake fails.
 * @throws {DeadlineError} At the deadline.
 */
export async function handshake(
  { options: { timeout }, signal, onHandshake }: ClientRun,
  conn: Deno.Conn,
  secure: Secure,
): Promise<Deno.Conn> {
  try {
    const { conn: encrypted, handshakeMs } = await connectWithin(
      timeout,
      signal,
      (signal) => secure(conn, signal),
    );
    onHandshake?.(handshakeMs);
    return encrypted;
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    throw new DeadlineError("handshake", timeout);
  }
}

/**
 * Connects as {@linkcode reach} does. An error names the target and a remedy.
 *
 * @param run The run of the program.
 * @param target The target.
 * @param connect Calls `Deno.connect`.
 * @param start Calls `Deno.startTls`; without it the connection stays plain.
 * @returns The connection.
 * @throws {RunError} If it cannot be reached.
 */
export function dial(
  run: ClientRun,
  target: Target | Deno.NetAddr,
  connect: (to: Deno.ConnectOptions) => Promise<Deno.Conn>,
  start?: StartTls,
): Promise<Deno.Conn> {
  return withContext(
    { action: "connect to", target },
    () => reach(run, target, connect, start),
  );
}

/** The remote and the local address of datagrams. */
export interface DatagramRoute {
  /** The address of the target. */
  hostname: string;
  /** The local address to bind. */
  source: string;
}

/**
 * Looks up the host of a target for datagrams.
 *
 * @param run The run of the program.
 * @param hostname The target's host.
 * @returns Its address, and the local address from which to reach it.
 */
export async function datagramRoute(
  { options, signal }: ClientRun,
  hostname: string,
): Promise<DatagramRoute> {
  const family = requestedFamily(options);
  const address = await withContext(
    { action: "look up", target: hostname },
    () =>
      connectWithin(
        options.timeout,
        signal,
        (signal) => resolveHost(hostname, { family, signal }),
      ),
  );
  return { hostname: address, source: options.source ?? localHostFor(address) };
}

/** The help's sentence about the target. */
export const TARGET_HELP = "TARGET is HOST, HOST:PORT or [V6]:PORT.";

/** The same for programs that also connect to Unix sockets. */
export const STREAM_TARGET_HELP =
  "TARGET is HOST, HOST:PORT, [V6]:PORT or, for a Unix socket, unix:PATH.";

/** A target that is not the path of a Unix socket. */
export type HostTarget = Extract<Target, { transport: "tcp" }>;

/**
 * Parses the target of a client.
 *
 * @param operand The operand, if there is one.
 * @param defaultPort The port if the operand has none.
 * @returns The target.
 * @throws {UsageError} If it is missing or not an address.
 *
 * @example Usage
 * ```ts
 * import { targetOf } from "./client_options.ts";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => targetOf(undefined, 80), Error, "name the target");
 * ```
 */
export function targetOf(
  operand: string | undefined,
  defaultPort: number,
): Target {
  if (operand === undefined) {
    throw new UsageError(
      `name the target, as in 127.0.0.1 or 127.0.0.1:${defaultPort}: see --help`,
    );
  }
  try {
    return parseTarget(operand, defaultPort);
  } catch (error) {
    throw new UsageError(
      `"${operand}" is not a target: ${(error as Error).message}`,
    );
  }
}

/**
 * Parses a target that must be a host.
 *
 * @param operand The operand, if there is one.
 * @param defaultPort The port if the operand has none.
 * @returns The target.
 * @throws {UsageError} If it is missing, not an address, or a path.
 */
export function hostTargetOf(
  operand: string | undefined,
  defaultPort: number,
): HostTarget {
  const target = targetOf(operand, defaultPort);
  if (target.transport === "tcp") return target;
  throw new UsageError("this program does not use Unix sockets: name a host");
}
