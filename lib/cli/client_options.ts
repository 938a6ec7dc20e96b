/**
 * The options and operands that clients share.
 *
 * @module
 */

import { parseTarget, type Target } from "../net/address.ts";
import type { OptionTable } from "./options.ts";
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
