/**
 * Errors as one sentence: what was being done, to whom, what happened, and what
 * to try.
 *
 * @module
 */

import { FramingError } from "../framing/line_decoder.ts";
import { ProtocolError } from "../measure/messages.ts";
import { DeadlineError, errorMessage } from "../net/errors.ts";

/** An error whose message is meant for the person at the keyboard. */
export class RunError extends Error {
  /** Tells it from other errors, also in a log. */
  override readonly name = "RunError";
}

/**
 * Does something that may fail, and says what it was if it does.
 *
 * @param what What is done, as in `listen on 127.0.0.1:80`.
 * @param action Does it.
 * @returns What it gives.
 * @throws {RunError} If it fails; the error itself is its `cause`.
 *
 * @example Usage
 * ```ts
 * import { withContext } from "./context.ts";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(
 *   () =>
 *     withContext("connect to 127.0.0.1:12000", () => {
 *       throw new Deno.errors.ConnectionRefused();
 *     }),
 *   Error,
 *   "Cannot connect to 127.0.0.1:12000: nothing listens there",
 * );
 * ```
 */
export async function withContext<T>(
  what: string,
  action: () => T | Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof RunError) throw error; // it says all there is
    const meaning = explainUnix(error, what) ?? explainFile(error, what) ??
      explain(error);
    throw new RunError(`Cannot ${what}: ${meaning}`, { cause: error });
  }
}

/** What an error means where a Unix socket was to be opened. */
function explainUnix(error: unknown, what: string): string | null {
  const path = / unix:(.*)$/.exec(what)?.[1];
  if (path === undefined) return null;
  if (error instanceof Deno.errors.NotCapable) {
    return `permission not granted; run it by deno run with --allow-net=unix:${path} --allow-read=${path} --allow-write=${path}`;
  }
  if (error instanceof Deno.errors.NotFound) {
    return "there is no such path; start the server first, or check the spelling";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "the system does not allow it; choose a path in a folder of your own";
  }
  return error instanceof Deno.errors.AddrInUse
    ? "something is at that path; choose another, or remove it if it is the socket of a server that has ended"
    : null;
}

/** What an error means where a file was to be read or written. */
function explainFile(error: unknown, what: string): string | null {
  if (error instanceof Deno.errors.NotFound && /^read [^/]/.test(what)) {
    return `there is no such path in ${
      currentFolder() ?? "this folder"
    }, where it was looked for; check the spelling, or name the whole path`;
  }
  return error instanceof Deno.errors.PermissionDenied &&
      /^(read|write) /.test(what)
    ? "the system does not allow it; check whose file that is"
    : null;
}

/** Where relative paths start; a task starts in the project's folder. */
function currentFolder(): string | null {
  try {
    return Deno.cwd();
  } catch { // it may not be told
    return null;
  }
}

/** What each kind of error means to a person, and what to try. */
const MEANINGS: [abstract new (...args: never[]) => Error, string][] = [
  [
    Deno.errors.AddrInUse,
    "the address is taken by another program; choose another port with --port, or let --port 0 pick a free one",
  ],
  [
    Deno.errors.AddrNotAvailable,
    "this machine has no such address; use 127.0.0.1, or 0.0.0.0 for all of its addresses",
  ],
  [
    Deno.errors.ConnectionRefused,
    "nothing listens there; start the server, or check the host and the port",
  ],
  [
    Deno.errors.ConnectionReset,
    "the peer reset the connection: it has ended, or refuses what it was sent",
  ],
  [
    Deno.errors.BrokenPipe,
    "the peer closed the connection: it has ended, or refuses what it was sent",
  ],
  [
    Deno.errors.UnexpectedEof,
    "the peer closed the connection in the middle of a message",
  ],
  [
    Deno.errors.NotFound,
    "there is no such path; check the spelling",
  ],
  [
    Deno.errors.IsADirectory,
    "it is a folder; name a file",
  ],
  [
    Deno.errors.PermissionDenied,
    "the system does not allow it; ports below 1024 need the administrator, so choose a higher one",
  ],
];

/**
 * Says what an error means and what to try.
 *
 * @param error What was caught.
 * @returns Half a sentence.
 */
export function explain(error: unknown): string {
  if (error instanceof RunError) return error.message;
  if (error instanceof Deno.errors.NotCapable) return explainDenied(error);
  if (error instanceof FramingError) {
    return `${error.message}; the peer does not speak this protocol`;
  }
  if (error instanceof ProtocolError && error.hint === "dialect") {
    return `${error.message}; --lenient accepts the known dialects`;
  }
  if (error instanceof TypeError && !("listenDatagram" in Deno)) {
    return "UDP is off; run it as deno run --unstable-net --allow-net, or from the project's folder";
  }
  if (error instanceof DeadlineError && error.wait === "connect") {
    return `no answer within ${error.timeoutMs} ms; check the address and the firewalls, or raise --timeout`;
  }
  const known = MEANINGS.find(([kind]) => error instanceof kind);
  if (known) return known[1];
  const message = errorMessage(error);
  if (/failed to lookup address|ENOTFOUND|EAI_AGAIN/.test(message)) {
    return "there is no host of that name; check the spelling, or write its address";
  }
  if (/unreachable/i.test(message)) {
    return "there is no route to it; check the address and this machine's network";
  }
  if (/message too long/i.test(message)) {
    return "it is too long for one datagram; 65507 bytes is the most";
  }
  if (/too many open files/i.test(message)) {
    return "this process may open no more sockets; raise the limit with ulimit -n";
  }
  return message;
}

/** Names the exact flag, from `Requires net access to "X", run again with ...`. */
function explainDenied(error: Error): string {
  const found = /Requires (\S+) access to "([^"]*)"/.exec(error.message);
  if (!found) return `permission not granted; ${error.message}`;
  const [, kind, what] = found;
  return `permission not granted; run it by deno run with --allow-${kind}=${what}`;
}
