/**
 * The options and operands that clients share.
 *
 * @module
 */

import { parseTarget, type Target } from "../net/address.ts";
import { connectWithin, resolveHost } from "../net/connect.ts";
import { localHostFor } from "../net/datagram_socket.ts";
import { withContext } from "./context.ts";
import type { OptionTable, Quantity } from "./options.ts";
import { UsageError } from "./options.ts";

/** How long a client waits for its peer. */
export const TIMEOUT_OPTION = {
  timeout: {
    kind: "duration",
    short: "W",
    min: 1,
    max: 3_600_000,
    default: "5s",
    help: "give up on a connection or a reply after this",
  },
} as const satisfies OptionTable;

/** Which family of addresses a client uses. */
export const FAMILY_OPTIONS = {
  ipv4: { kind: "flag", short: "4", help: "use IPv4 only" },
  ipv6: { kind: "flag", short: "6", help: "use IPv6 only" },
} as const satisfies OptionTable;

/** From which address a client sends datagrams. */
export const SOURCE_OPTION = {
  source: {
    kind: "text",
    placeholder: "ADDRESS",
    help: "send from this address of this machine (UDP only)",
  },
} as const satisfies OptionTable;

/**
 * The port of a client's target.
 *
 * @param port Its default.
 * @returns The option `--port`.
 */
export function portOption(
  port: number,
): { port: Quantity & { default: string } } {
  return {
    port: {
      kind: "integer",
      short: "p",
      min: 1,
      max: 65535,
      default: `${port}`,
      help: "the port if TARGET has none",
    },
  };
}

/** The values of the options that say how to reach a target. */
export interface ReachOptions {
  /** The deadline, in milliseconds. */
  timeout: number;
  /** Whether only IPv4 is accepted. */
  ipv4: boolean;
  /** Whether only IPv6 is accepted. */
  ipv6: boolean;
  /** The local address to bind. */
  source?: string | undefined;
}

/** The family that is asked for, by an option or by the source address. */
function familyOf({ ipv4, ipv6, source }: Omit<ReachOptions, "timeout">) {
  if (ipv4 && ipv6) {
    throw new UsageError("--ipv4 and --ipv6 exclude each other");
  }
  if (ipv4) return 4;
  if (ipv6) return 6;
  return source === undefined ? undefined : source.includes(":") ? 6 : 4;
}

/**
 * Looks the host of a target up if a family is asked for; otherwise
 * `Deno.connect` tries the addresses of both.
 *
 * @param target The target.
 * @param options The family.
 * @param signal Ends the wait.
 * @returns The target with an address of that family; other targets unchanged.
 */
export async function inFamily<T extends Target | Deno.NetAddr>(
  target: T,
  options: Omit<ReachOptions, "timeout">,
  signal: AbortSignal,
): Promise<T> {
  const family = familyOf(options);
  if (family === undefined || !("hostname" in target)) return target;
  const hostname = await resolveHost(target.hostname, { family, signal });
  return { ...target, hostname };
}

/** Where to send datagrams, and where from. */
export interface DatagramRoute {
  /** The address of the target. */
  hostname: string;
  /** The local address to bind. */
  source: string;
}

/**
 * Looks the host of a target up, for datagrams.
 *
 * @param hostname The target's host.
 * @param options The family, the source address and the deadline.
 * @param signal Ends the wait.
 * @returns Its address, and the local address from which to reach it.
 */
export async function datagramRoute(
  hostname: string,
  options: ReachOptions,
  signal: AbortSignal,
): Promise<DatagramRoute> {
  const family = familyOf(options);
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

/** The sentence of the help about the target. */
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
