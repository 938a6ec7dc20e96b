/**
 * From a name to an address, once: a socket for datagrams would look the name up
 * for each.
 *
 * @module
 */

import { lookup } from "node:dns/promises";

/**
 * The address of a host.
 *
 * @param hostname A name, or an address, which is given back.
 * @returns An address. For `localhost` it is an IPv4 one where there is one,
 * since that is where servers here listen; else the system chooses.
 * @throws {Error} If there is no host of that name.
 * @throws {Deno.errors.NotCapable} If names may not be looked up.
 *
 * @example Usage
 * ```ts
 * import { addressOf } from "./lookup.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await addressOf("127.0.0.1"), "127.0.0.1");
 * ```
 */
export async function addressOf(hostname: string): Promise<string> {
  if (/^[0-9.]+$/.test(hostname)) return hostname;
  if (hostname.includes(":")) return canonical(hostname);
  const found = await lookup(hostname, { all: true }).catch((error) => {
    if (error.code !== "EPERM") throw error;
    throw new Deno.errors.NotCapable(`Requires net access to "${hostname}"`);
  });
  const wanted = hostname === "localhost"
    ? found.find(({ family }) => family === 4)
    : undefined;
  return (wanted ?? found[0]!).address;
}

/** As the system writes it, so that it can be compared with a source. */
function canonical(address: string): string {
  const [bare = "", zone] = address.split("%");
  const written = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  return zone === undefined ? written : `${written}%${zone}`;
}
