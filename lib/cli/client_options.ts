/**
 * What clients share: the target, and how long to wait for it.
 *
 * @module
 */

import { parseTarget, type Target } from "../net/address.ts";
import type { OptionTable } from "./options.ts";
import { UsageError } from "./options.ts";

/** How long a client waits. */
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

/** What is said of a target in a client's help. */
export const TARGET_HELP = "TARGET is HOST, HOST:PORT or [V6]:PORT.";

/** The same where a Unix socket will do. */
export const STREAM_TARGET_HELP =
  "TARGET is HOST, HOST:PORT, [V6]:PORT or, for a Unix socket, unix:PATH.";

/** A target that is not the path of a Unix socket. */
export type HostTarget = Extract<Target, { transport: "tcp" }>;

/**
 * Reads the target among a client's words.
 *
 * @param word The word, if there is one.
 * @param defaultPort Taken where the word names no port.
 * @returns The target.
 * @throws {UsageError} If it is missing or no address.
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
  word: string | undefined,
  defaultPort: number,
): Target {
  if (word === undefined) {
    throw new UsageError(
      `name the target, as in 127.0.0.1 or 127.0.0.1:${defaultPort}: see --help`,
    );
  }
  try {
    return parseTarget(word, defaultPort);
  } catch (error) {
    throw new UsageError(
      `"${word}" is no target: ${(error as Error).message}`,
    );
  }
}

/**
 * Reads a target that has to be a host.
 *
 * @param word The word, if there is one.
 * @param defaultPort Taken where the word names no port.
 * @returns The target.
 * @throws {UsageError} If it is missing, no address, or a path.
 */
export function hostTargetOf(
  word: string | undefined,
  defaultPort: number,
): HostTarget {
  const target = targetOf(word, defaultPort);
  if (target.transport === "tcp") return target;
  throw new UsageError("this takes no Unix socket: name a host");
}
