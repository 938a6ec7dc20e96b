/**
 * Errors of sockets: deadlines that passed, and which errors are ordinary.
 *
 * @module
 */

/** What was waited for when a deadline passed. */
export type DeadlineWait = "connect" | "handshake" | "read" | "write";

const WAITS: Record<DeadlineWait, (ms: number) => string> = {
  connect: (ms) => `no answer within ${ms} ms`,
  handshake: (ms) => `no TLS handshake within ${ms} ms`,
  read: (ms) => `no whole message arrived within ${ms} ms`,
  write: (ms) => `the peer took nothing for ${ms} ms`,
};

/**
 * Thrown when a peer does not respond in time.
 *
 * @example Usage
 * ```ts
 * import { DeadlineError } from "./errors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new DeadlineError("connect", 5000);
 * assertEquals(error.message, "Timed out: no answer within 5000 ms");
 * assertEquals(error.wait, "connect");
 * ```
 */
export class DeadlineError extends Deno.errors.TimedOut {
  /** What was waited for. */
  readonly wait: DeadlineWait;
  /** How long, in milliseconds. */
  readonly timeoutMs: number;

  /**
   * Creates the error.
   *
   * @param wait What was waited for.
   * @param timeoutMs How long, in milliseconds.
   */
  constructor(wait: DeadlineWait, timeoutMs: number) {
    super(`Timed out: ${WAITS[wait](timeoutMs)}`);
    this.wait = wait;
    this.timeoutMs = timeoutMs;
  }
}

/**
 * Checks whether an error only means that one side closed the connection.
 * Servers see these all the time; none of them is a fault of the server.
 *
 * @param error What a socket operation was rejected with.
 * @returns `true` for a reset, a broken pipe, an end of stream inside a
 * message, and an operation on a socket that was closed meanwhile.
 *
 * @example Usage
 * ```ts
 * import { isDisconnect } from "./errors.ts";
 * import { assert } from "@std/assert";
 *
 * assert(isDisconnect(new Deno.errors.ConnectionReset()));
 * assert(!isDisconnect(new TypeError("a programming error")));
 * ```
 */
export function isDisconnect(error: unknown): boolean {
  return DISCONNECTS.some((kind) => error instanceof kind);
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

/**
 * Returns the message of whatever was thrown.
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

/**
 * Returns the system's code of an error.
 *
 * Deno sets `code` on errors of the system. A failed lookup of a name by
 * `Deno.connect`, `Deno.listen` or `send` has no code and no class of its own,
 * so this function alone recognizes it by the start of its message.
 *
 * @param error What was caught.
 * @returns The code, as `ECONNREFUSED`; `ENOTFOUND` where a name has no
 * address; `null` for an error without one.
 *
 * @example Usage
 * ```ts
 * import { errorCode } from "./errors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const error = Object.assign(new Error(), { code: "EMFILE" });
 * assertEquals(errorCode(error), "EMFILE");
 * ```
 */
export function errorCode(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (error.message.startsWith("failed to lookup address information")) {
    return "ENOTFOUND";
  }
  const { code } = error as { code?: unknown };
  if (code === "EAI_AGAIN") return "ENOTFOUND"; // the resolver's other answer
  return typeof code === "string" ? code : null;
}
