/**
 * Which addresses count as one source, are of this machine, or reply by themselves.
 *
 * @module
 */

/**
 * Ports of services that reply to any datagram: echo, systat, daytime, netstat,
 * qotd, chargen, time, DNS, TFTP, NTP, SNMP, LDAP, RIP, STAMP, SSDP, mDNS and
 * memcached.
 */
// deno-fmt-ignore
const RESPONDER_PORTS = new Set([7, 11, 13, 15, 17, 19, 37, 53, 69, 123, 161,
                                 389, 520, 862, 1900, 5353, 11211]);

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

/**
 * Checks whether a reply to a source could cause another reply, and so a loop.
 *
 * @param from The source of a datagram.
 * @param own Where it was received.
 * @returns `true` for the ports of known responders, and for the port served
 * here on any host, which may be this socket or another instance.
 *
 * @example Usage
 * ```ts
 * import { isResponder } from "./source.ts";
 * import { assert } from "@std/assert";
 *
 * const udp = (port: number): Deno.NetAddr => ({
 *   transport: "udp",
 *   hostname: "192.0.2.1",
 *   port,
 * });
 * assert(isResponder(udp(7), udp(12000)));
 * assert(isResponder(udp(12000), udp(12000)));
 * assert(!isResponder(udp(54321), udp(12000)));
 * ```
 */
export function isResponder(from: Deno.NetAddr, own: Deno.NetAddr): boolean {
  return from.port === 0 || from.port === own.port ||
    RESPONDER_PORTS.has(from.port);
}

/** An IPv4 address, also if it is written inside IPv6; `null` for others. */
function plainV4(host: string): string | null {
  // `::ffff:c` is no such address, though it begins like one.
  const isMapped = host.startsWith("::ffff:") && host.includes(".");
  const v4 = isMapped ? host.slice(7) : host;
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
