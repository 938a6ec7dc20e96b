/**
 * Which network errors are ordinary, and what the others say.
 *
 * @module
 */

/**
 * Whether an error only says that the peer, or we, went away.
 *
 * A server meets these all day long; none of them is a fault of its own.
 *
 * @param error What a socket operation was rejected with.
 * @returns `true` for a reset, a broken pipe, an end of stream inside a
 * message, and for an operation on a socket closed meanwhile.
 *
 * @example Usage
 * ```ts
 * import { isDisconnect } from "./errors.ts";
 * import { assert } from "@std/assert";
 *
 * assert(isDisconnect(new Deno.errors.ConnectionReset()));
 * assert(!isDisconnect(new TypeError("a fault of ours")));
 * ```
 */
export function isDisconnect(error: unknown): boolean {
  return DISCONNECTS.some((kind) => error instanceof kind);
}

/**
 * What an error says, whatever was thrown.
 *
 * @param error What was caught.
 * @returns Its message.
 *
 * @example Usage
 * ```ts
 * import { errorMessage } from "./errors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(errorMessage(new Error("out of files")), "out of files");
 * assertEquals(errorMessage("out of files"), "out of files");
 * ```
 */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const DISCONNECTS = [
  Deno.errors.ConnectionReset,
  Deno.errors.ConnectionAborted,
  Deno.errors.BrokenPipe,
  Deno.errors.NotConnected,
  Deno.errors.UnexpectedEof,
  Deno.errors.Interrupted,
  Deno.errors.BadResource,
];
