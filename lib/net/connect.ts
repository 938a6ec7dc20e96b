/**
 * How a client reaches a host: a deadline for the connection, and the lookup of
 * a name.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { DeadlineError } from "./errors.ts";

/**
 * Runs a call that takes a signal, as `Deno.connect` does, with a deadline.
 * At the deadline the signal ends the call itself, so nothing stays pending.
 *
 * @param timeoutMs The deadline, in milliseconds from now.
 * @param signal Ends the call early.
 * @param connect The call; it gets a signal that is aborted at the deadline or
 * with `signal`.
 * @returns What the call returns.
 * @throws {DeadlineError} At the deadline.
 * @throws The signal's reason when it is aborted.
 *
 * @example Usage
 * ```ts
 * import { connectWithin } from "./connect.ts";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await connectWithin(
 *   1000,
 *   undefined,
 *   (signal) => Deno.connect({ hostname: "127.0.0.1", port, signal }),
 * );
 * ```
 */
export async function connectWithin<T>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  connect: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    return await connect(
      signal ? AbortSignal.any([signal, deadline]) : deadline,
    );
  } catch (error) {
    signal?.throwIfAborted();
    throw deadline.aborted ? new DeadlineError("connect", timeoutMs) : error;
  }
}

/** How a name is looked up. */
export interface ResolveOptions {
  /** The only family of addresses to accept. */
  family?: 4 | 6 | undefined;
  /** Ends the wait; the system may go on looking for a while. */
  signal?: AbortSignal;
}

/**
 * Looks a host up once, since a datagram socket looks the name up for each
 * datagram.
 *
 * @param hostname A name or an address.
 * @param options The family, and a signal.
 * @returns An address in its canonical form. For `localhost` the IPv4 address
 * if there is one, since the servers here listen on that; otherwise the first
 * that the system returns.
 * @throws {Error} If no host has that name, or it is an address of the other
 * family.
 * @throws {Deno.errors.NotCapable} If the permission to look it up is missing.
 *
 * @example Usage
 * ```ts
 * import { resolveHost } from "./connect.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await resolveHost("127.0.0.1"), "127.0.0.1");
 * assertEquals(await resolveHost("0:0::1"), "::1");
 * ```
 */
export async function resolveHost(
  hostname: string,
  options: ResolveOptions = {},
): Promise<string> {
  const { family, signal } = options;
  const isV6 = hostname.includes(":");
  if (isV6 || /^[0-9.]+$/.test(hostname)) {
    if (family === (isV6 ? 4 : 6)) {
      throw new Error(`it is no IPv${family} address`);
    }
    return isV6 ? canonicalV6(hostname) : hostname;
  }
  signal?.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal!.reason);
  signal?.addEventListener("abort", abort);
  try {
    const found = await Promise.race([
      lookup(hostname, { all: true, family: family ?? 0 }),
      aborted.promise,
    ]);
    const preferred = hostname === "localhost"
      ? found.find(({ family }) => family === 4)
      : undefined;
    return (preferred ?? found[0]!).address;
  } catch (error) {
    if ((error as { code?: string }).code !== "EPERM") throw error;
    throw new Deno.errors.NotCapable(`Requires net access to "${hostname}"`);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** Writes an address as sources of datagrams are written, to compare them. */
function canonicalV6(address: string): string {
  const [bare = "", zone] = address.split("%");
  const written = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  return zone === undefined ? written : `${written}%${zone}`;
}
