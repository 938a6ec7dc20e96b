/**
 * Which addresses a peer may send.
 *
 * A peer announces a port only, and the host is the one its connection came from,
 * so it cannot make us dial a third host. But a mesh forms from one address only
 * if its members send a new peer the addresses of each other. Such an address is
 * used if its host is a numeric unicast address (nothing is looked up) that is no
 * closer to us than the sender: this machine is closer than a private network, and
 * that is closer than a public one. So no host outside can make us probe this
 * machine or its network.
 *
 * @module
 */

import { isIP } from "node:net";
import { formatAddress } from "../net/address.ts";
import { includesHost, parseNetworks } from "../net/networks.ts";

const LOOPBACK = parseNetworks("127.0.0.0/8,::1");
/** RFC 1918, 3927 and 6598; RFC 4193 and 4291. */
const PRIVATE = parseNetworks(
  "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,100.64.0.0/10," +
    "fc00::/7,fe80::/10",
);
/** This network, multicast and reserved; of IPv6 all but 2000::/3. */
const NOT_PUBLIC = parseNetworks(
  "0.0.0.0/8,224.0.0.0/3,::/3,4000::/2,8000::/1",
);

/**
 * Returns how close a host is.
 *
 * @param host A numeric address.
 * @returns 0 for this machine, 1 for a private network, 2 for the public one;
 * `null` if it is not a numeric unicast address.
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
export function scopeOf(host: string): 0 | 1 | 2 | null {
  if (isIP(host) === 0) return null;
  if (includesHost(LOOPBACK, host)) return 0;
  if (includesHost(PRIVATE, host)) return 1;
  return includesHost(NOT_PUBLIC, host) ? null : 2;
}

/**
 * Parses the address of a connection, or one that a peer sent.
 *
 * @param text As `HOST:PORT`.
 * @returns Its host, and the whole in the one form in which it is compared: an
 * IPv4 address in IPv6 is the plain one. `null` if it is no numeric unicast
 * address.
 */
export function parseNumeric(
  text: string,
): { hostname: string; address: string } | null {
  const [, v6, v4 = "", port] =
    /^(?:\[([^\]]+)\]|([\d.]+)):([1-9]\d{0,4})$/.exec(text) ?? [];
  const hostname = v6 === undefined ? v4 : canonical(v6);
  if (scopeOf(hostname) === null || Number(port) > 65_535) return null;
  const address = addressOf(hostname, Number(port));
  return { hostname, address };
}

/**
 * Writes an address.
 *
 * @param hostname The host.
 * @param port The port.
 * @returns As `HOST:PORT`.
 */
export function addressOf(hostname: string, port: number): string {
  return formatAddress({ transport: "tcp", hostname, port });
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
 * Checks whether an address may be sent by a peer, or to one.
 *
 * @param hostname The host of the address, numeric.
 * @param peer The host of that peer.
 * @returns Whether the host is no closer than the peer.
 */
export function mayTell(hostname: string, peer: string): boolean {
  const [told, own] = [scopeOf(hostname), scopeOf(peer)];
  return told !== null && own !== null && told >= own;
}
