/**
 * Addresses as people write them, and back.
 *
 * | written | means |
 * |---|---|
 * | `HOST` | that host, the program's default port |
 * | `HOST:PORT`, `[V6]:PORT` | that host and port |
 * | `V6`, `[V6]` | that IPv6 host, the default port |
 * | `unix:PATH` | a Unix stream socket |
 *
 * @module
 */

/** Where a client goes: a host and port, or the path of a Unix socket. */
export type Target =
  | { transport: "tcp"; hostname: string; port: number }
  | { transport: "unix"; path: string };

/**
 * Reads a target.
 *
 * @param text As a person wrote it.
 * @param defaultPort Taken where the text names no port.
 * @returns The target; nothing is looked up.
 * @throws {SyntaxError} If it is no address; the message says why.
 *
 * @example Usage
 * ```ts
 * import { parseTarget } from "./address.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseTarget("[::1]:9999", 12000), {
 *   transport: "tcp",
 *   hostname: "::1",
 *   port: 9999,
 * });
 * assertEquals(parseTarget("unix:/run/up.sock", 12000), {
 *   transport: "unix",
 *   path: "/run/up.sock",
 * });
 * ```
 */
export function parseTarget(text: string, defaultPort: number): Target {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    if (path === "") throw new SyntaxError(`no path after "unix:"`);
    return { transport: "unix", path };
  }
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) {
    const [, hostname = "", port] = bracketed;
    if (!V6.test(hostname)) {
      throw new SyntaxError("brackets are for IPv6 addresses, as in [::1]:80");
    }
    return { transport: "tcp", hostname, port: portOf(port, defaultPort) };
  }
  if (text.includes("//")) {
    throw new SyntaxError("it is no URL: leave out the part before the host");
  }
  const colons = text.split(":").length - 1;
  const at = colons === 1 ? text.indexOf(":") : text.length;
  const hostname = text.slice(0, at);
  const port = colons === 1 ? text.slice(at + 1) : undefined;
  if (hostname === "") throw new SyntaxError("it names no host");
  const allowed = colons > 1 ? V6 : /^[^\s/\\@?#[\]]+$/;
  if (!allowed.test(hostname)) {
    throw new SyntaxError(
      "write it as HOST, HOST:PORT, [V6]:PORT or unix:PATH",
    );
  }
  return { transport: "tcp", hostname, port: portOf(port, defaultPort) };
}

/**
 * Groups of hexadecimal digits, perhaps an IPv4 address in the last place, as
 * in ::ffff:127.0.0.1, and perhaps a zone, as in fe80::1%eth0.
 */
const V6 = /^[0-9A-Fa-f]*:[0-9A-Fa-f:]*(:\d+(\.\d+){3})?(%[^\s\]/]+)?$/;

function portOf(text: string | undefined, defaultPort: number): number {
  if (text === undefined) return defaultPort;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65535) {
    throw new SyntaxError(
      `the port is a number from 1 to 65535, not "${text}"`,
    );
  }
  return port;
}

/**
 * Writes an address so that {@linkcode parseTarget} reads it back.
 *
 * @param address A socket's address, or a target.
 * @returns `HOST:PORT`, `[V6]:PORT` or `unix:PATH`.
 *
 * @example Usage
 * ```ts
 * import { formatAddress } from "./address.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   formatAddress({ transport: "tcp", hostname: "::1", port: 80 }),
 *   "[::1]:80",
 * );
 * ```
 */
export function formatAddress(address: Deno.Addr | Target): string {
  if ("path" in address) return `unix:${address.path}`;
  if (!("hostname" in address)) return address.transport;
  const { hostname, port } = address;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
