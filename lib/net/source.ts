/**
 * Which addresses count as one source, and a limit of the connections of each.
 *
 * @module
 */

import { formatAddress } from "./address.ts";

/**
 * Names the source that limits are counted for.
 *
 * @param host A numeric address.
 * @returns The IPv4 address, or the /64 network of an IPv6 address, the
 * smallest that a customer gets. An IPv4 address inside IPv6 counts as IPv4.
 *
 * @example Usage
 * ```ts
 * import { sourceOf } from "./source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sourceOf("::ffff:192.0.2.1"), "192.0.2.1");
 * assertEquals(sourceOf("2001:db8::1"), sourceOf("2001:db8::2"));
 * ```
 */
export function sourceOf(host: string): string {
  return plainV4(host) ?? groupsOf(host).slice(0, 4).join(":");
}

/**
 * Names the network that a source belongs to.
 *
 * @param host A numeric address.
 * @returns The /24 network of an IPv4 address, the /56 network of an IPv6 one.
 *
 * @example Usage
 * ```ts
 * import { prefixOf } from "./source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(prefixOf("192.0.2.1"), "192.0.2");
 * assertEquals(prefixOf("2001:db8:0:1200::1"), prefixOf("2001:db8:0:12ff::1"));
 * ```
 */
export function prefixOf(host: string): string {
  const v4 = plainV4(host);
  if (v4 !== null) return v4.slice(0, v4.lastIndexOf("."));
  const [first, second, third, fourth = "0"] = groupsOf(host);
  return `${first}:${second}:${third}:${parseInt(fourth, 16) >> 8}`;
}

/**
 * Checks whether an address is this machine's loopback. No other host can send
 * from it, since systems drop such packets when they arrive from a network.
 *
 * @param host A numeric address.
 * @returns Whether it is.
 *
 * @example Usage
 * ```ts
 * import { isLoopback } from "./source.ts";
 * import { assert } from "@std/assert";
 *
 * assert(isLoopback("127.0.0.1") && isLoopback("::1"));
 * ```
 */
export function isLoopback(host: string): boolean {
  return host === "::1" || (plainV4(host) ?? "").startsWith("127.");
}

/** An IPv4 address, also if it is written inside IPv6; `null` for others. */
function plainV4(host: string): string | null {
  const v4 = host.startsWith("::ffff:") ? host.slice(7) : host;
  return v4.includes(":") ? null : v4;
}

/** The eight groups of an IPv6 address. */
function groupsOf(host: string): string[] {
  const [bare = ""] = host.split("%");
  const [left = [], right = []] = bare.split("::")
    .map((half) => half.split(":").filter((group) => group !== ""));
  const zeros = new Array(Math.max(0, 8 - left.length - right.length)).fill(
    "0",
  );
  return [...left, ...zeros, ...right];
}

/** The default of {@linkcode SourceLimit}. */
export const DEFAULT_MAX_PER_SOURCE = 64;
/** The least time between two lines about refusals, in milliseconds. */
const REFUSAL_LOG_MS = 1000;

/**
 * Limits the connections that each source has open, and logs refusals, at most
 * one line a second.
 *
 * @example Usage
 * ```ts
 * import { SourceLimit } from "./source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const limit = new SourceLimit(1);
 * const client: Deno.NetAddr = {
 *   transport: "tcp",
 *   hostname: "192.0.2.1",
 *   port: 50_000,
 * };
 * const leave = limit.enter(client);
 * assertEquals(limit.enter(client), null);
 * leave?.();
 * assertEquals(limit.enter(client) !== null, true);
 * ```
 */
export class SourceLimit {
  #max: number;
  #exemptsLoopback: boolean;
  #log: (line: string) => void;
  #open = new Map<string, number>();
  #loggedAtMs = -Infinity;
  #unlogged = 0;

  /**
   * Creates a limit.
   *
   * @param maxPerSource The most connections of a source at once; by default
   * {@linkcode DEFAULT_MAX_PER_SOURCE}, from which loopback is exempt.
   * @param log Receives the lines about refusals.
   */
  constructor(maxPerSource?: number, log: (line: string) => void = () => {}) {
    this.#max = maxPerSource ?? DEFAULT_MAX_PER_SOURCE;
    this.#exemptsLoopback = maxPerSource === undefined;
    this.#log = log;
  }

  /**
   * Counts a connection.
   *
   * @param remote The address of its peer; a Unix socket has no limit.
   * @returns A function to call once when it has ended, or `null` if the source
   * has too many.
   */
  enter(remote: Deno.Addr): (() => void) | null {
    if (!("hostname" in remote)) return () => {};
    if (this.#exemptsLoopback && isLoopback(remote.hostname)) return () => {};
    const source = sourceOf(remote.hostname);
    const count = this.#open.get(source) ?? 0;
    if (count >= this.#max) {
      this.#refuse(remote);
      return null;
    }
    this.#open.set(source, count + 1);
    return () => {
      const left = this.#open.get(source)! - 1;
      if (left === 0) this.#open.delete(source);
      else this.#open.set(source, left);
    };
  }

  #refuse(remote: Deno.Addr): void {
    const nowMs = performance.now();
    if (nowMs - this.#loggedAtMs < REFUSAL_LOG_MS) {
      this.#unlogged += 1;
      return;
    }
    const others = this.#unlogged === 0
      ? ""
      : `; ${this.#unlogged} more since the last line`;
    this.#loggedAtMs = nowMs;
    this.#unlogged = 0;
    this.#log(
      `${formatAddress(remote)}: refused: ${this.#max} connections of its ` +
        `source are open${others}`,
    );
  }
}
