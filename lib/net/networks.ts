/**
 * Lists of networks in CIDR notation, and whether a host is in one.
 *
 * | text | hosts |
 * |---|---|
 * | `192.0.2.0/24` | those whose first 24 bits are the same |
 * | `2001:db8::/32` | the same of IPv6 |
 * | `192.0.2.1`, `2001:db8::1` | this one |
 * | `::ffff:192.0.2.0/120` | those of `192.0.2.0/24`: an IPv4 address in IPv6 is IPv4 |
 *
 * So `::/0` is every IPv6 host and no IPv4 host, however a socket writes it. The
 * zone of a host's address, as in `fe80::1%eth0`, is ignored.
 *
 * @module
 */

import { isIP } from "node:net";

/** A network: plain data, which can be sent to a thread. */
export interface Network {
  /** Whether its hosts are IPv4. */
  isV4: boolean;
  /** Its address in eight groups of 16 bits, IPv4 as `::ffff:192.0.2.0`. */
  groups: readonly number[];
  /** Which bits of each group have to be the same. */
  masks: readonly number[];
}

const COLON = 0x3a;
const DOT = 0x2e;
const PERCENT = 0x25;

/** The groups of the last address read, so that a check allocates nothing. */
const address: Uint16Array = new Uint16Array(8);

/**
 * Parses a list of networks.
 *
 * @param text Networks or addresses, separated by commas.
 * @returns The networks.
 * @throws {SyntaxError} If one of them is none; the message says what was
 * expected.
 *
 * @example Usage
 * ```ts
 * import { includesHost, parseNetworks } from "./networks.ts";
 * import { assert } from "@std/assert";
 *
 * const lab = parseNetworks("192.0.2.0/24,2001:db8::/32");
 * assert(includesHost(lab, "192.0.2.7") && includesHost(lab, "2001:db8::1"));
 * assert(includesHost(lab, "::ffff:192.0.2.7"));
 * assert(!includesHost(lab, "198.51.100.1"));
 * ```
 */
export function parseNetworks(text: string): Network[] {
  return text.split(",").map((one) => parseNetwork(one.trim()));
}

function parseNetwork(text: string): Network {
  const [host = "", ...rest] = text.split("/");
  const family = isIP(host);
  if (family === 0 || rest.length > 1) {
    throw new SyntaxError(
      `a network such as 192.168.1.0/24 or 2001:db8::/32, not "${text}"`,
    );
  }
  if (host.includes("%")) {
    throw new SyntaxError(`a network without a zone, not "${text}"`);
  }
  const width = family === 4 ? 32 : 128;
  const [prefix = `${width}`] = rest;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > width) {
    throw new SyntaxError(
      `a prefix from 0 to ${width} after ${host}/, not "${prefix}"`,
    );
  }
  const bits = Number(prefix) + 128 - width;
  const isV4 = readAddress(host) && bits >= 96;
  const groups = [...address];
  const masks = groups.map((_, at) => {
    const ones = Math.max(0, Math.min(16, bits - 16 * at));
    return 0xffff << 16 - ones & 0xffff;
  });
  if (groups.some((group, at) => (group & ~masks[at]!) !== 0)) {
    throw new SyntaxError(
      `a network whose bits after the first ${prefix} are 0, not "${text}"`,
    );
  }
  return { isV4, groups, masks };
}

/**
 * Checks whether a host is in one of some networks.
 *
 * @param networks The networks.
 * @param host A numeric address.
 * @returns Whether it is.
 */
export function includesHost(
  networks: readonly Network[],
  host: string,
): boolean {
  const isV4 = readAddress(host);
  for (const { isV4: ofV4, groups, masks } of networks) {
    let at = ofV4 === isV4 ? 0 : 9;
    while (at < 8 && ((address[at]! ^ groups[at]!) & masks[at]!) === 0) at++;
    if (at === 8) return true;
  }
  return false;
}

/**
 * Reads a valid numeric address into {@linkcode address}.
 *
 * @returns Whether it is IPv4, also if it is written inside IPv6.
 */
function readAddress(host: string): boolean {
  address.fill(0);
  let count = 0; // groups so far
  let gap = -1; // the group that follows the zeros of "::"
  if (!host.includes(":")) {
    address[5] = 0xffff;
    count = 6;
  }
  let [hex, decimal, quad, digits, dots] = [0, 0, 0, 0, 0];
  for (let at = 0;; at++) {
    const code = at < host.length ? host.charCodeAt(at) : PERCENT;
    if (code === DOT) {
      quad = quad << 8 | decimal;
      decimal = 0;
      dots += 1;
    } else if (code !== COLON && code !== PERCENT) {
      const digit = code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57;
      hex = hex << 4 | digit;
      decimal = decimal * 10 + digit;
      digits += 1;
    } else {
      if (dots > 0) {
        quad = quad << 8 | decimal;
        address[count++] = quad >>> 16;
        address[count++] = quad;
      } else if (digits > 0) address[count++] = hex;
      else if (at > 0 && code === COLON) gap = count;
      if (code === PERCENT) break;
      hex = decimal = digits = 0;
    }
  }
  if (gap >= 0) {
    address.copyWithin(8 - (count - gap), gap, count);
    address.fill(0, gap, 8 - (count - gap));
  }
  let zeros = 0;
  while (zeros < 5 && address[zeros] === 0) zeros++;
  return zeros === 5 && address[5] === 0xffff;
}
