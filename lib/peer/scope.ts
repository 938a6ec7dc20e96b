/**
 * Which addresses a peer may tell.
 *
 * A peer announces a port only, and the host is the one its connection came from,
 * so it cannot send us to a third host. But a mesh forms from one address only if
 * its members tell a newcomer of each other. A told address is used if its host is
 * a numeric unicast address (nothing is looked up) that is no closer to us than
 * the teller: this machine is closer than a private network, and that closer than
 * a public one. So no host outside can make us probe this machine or its network.
 *
 * @module
 */

import { BlockList, isIP } from "node:net";

/** How close a host is: 0 this machine, 1 a private network, 2 the public one. */
export type Scope = 0 | 1 | 2;

const LOOPBACK = networks("127.0.0.0/8", "::1/128");
/** RFC 1918, 3927 and 6598; RFC 4193 and 4291. */
const PRIVATE = networks(
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"],
  ...["100.64.0.0/10", "fc00::/7", "fe80::/10"],
);
/** This network, multicast and reserved; of IPv6 all but 2000::/3. */
const NOT_PUBLIC = networks(
  ...["0.0.0.0/8", "224.0.0.0/3", "::/3", "4000::/2", "8000::/1"],
);

/**
 * Tells how close a host is.
 *
 * @param host A numeric address.
 * @returns Its scope; `null` if it is no numeric unicast address.
 *
 * @example Usage
 * ```ts
 * import { scopeOf } from "./scope.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const hosts = ["127.0.0.1", "192.168.1.2", "2001:db8::1", "localhost"];
 * assertEquals(hosts.map(scopeOf), [0, 1, 2, null]);
 * ```
 */
export function scopeOf(host: string): Scope | null {
  const family = isIP(host) === 6 ? "ipv6" : "ipv4";
  if (isIP(host) === 0) return null;
  if (LOOPBACK.check(host, family)) return 0;
  if (PRIVATE.check(host, family)) return 1;
  return NOT_PUBLIC.check(host, family) ? null : 2;
}

function networks(...prefixes: string[]): BlockList {
  const list = new BlockList();
  for (const prefix of prefixes) {
    const [network = "", bits] = prefix.split("/");
    const family = network.includes(":") ? "ipv6" : "ipv4";
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}

/**
 * Names the source that limits are counted for: an IPv4 address, or the /64
 * network of an IPv6 address.
 *
 * @param host A numeric address.
 * @returns The key to count by.
 */
export function sourceOf(host: string): string {
  if (isIP(host) !== 6) return host;
  const short = canonical(host);
  const given = short.split(":").filter((group) => group !== "").length;
  return short.replace("::", `:${"0:".repeat(8 - given)}`)
    .split(":").slice(0, 4).join(":");
}

/**
 * Splits an address that a connection came from, or that a peer told.
 *
 * @param address As `HOST:PORT`.
 * @returns Host and port, an IPv4 address in IPv6 as the plain one; `null` if it
 * is no numeric unicast address.
 */
export function splitAddress(
  address: string,
): { hostname: string; port: number } | null {
  const [, v6, v4 = "", digits] =
    /^(?:\[([^\]]+)\]|([\d.]+)):([1-9]\d{0,4})$/.exec(address) ?? [];
  const hostname = v6 === undefined ? v4 : canonical(v6);
  const port = Number(digits);
  return scopeOf(hostname) === null || port > 65_535
    ? null
    : { hostname, port };
}

/** Writes an IPv6 address in the one way that RFC 5952 recommends. */
function canonical(host: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(host)?.[1];
  if (mapped !== undefined) return mapped;
  if (isIP(host) !== 6 || host.includes("%")) return "";
  const written = new URL(`http://[${host}]`).hostname.slice(1, -1);
  return written.startsWith("::ffff:") ? "" : written;
}

/**
 * Tells whether an address may be told by a peer, or to one.
 *
 * @param address As `HOST:PORT`.
 * @param host The host of that peer.
 * @returns Whether it is numeric, and no closer than the peer.
 */
export function mayTell(address: string, host: string): boolean {
  const target = splitAddress(address);
  const own = scopeOf(host);
  return target !== null && own !== null &&
    scopeOf(target.hostname)! >= own;
}
