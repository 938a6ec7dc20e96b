/**
 * Addresses as text.
 *
 * | text | meaning |
 * |---|---|
 * | `HOST` | that host, the default port |
 * | `HOST:PORT`, `[V6]:PORT` | that host and port |
 * | `V6`, `[V6]` | that IPv6 address, the default port |
 * | `unix:PATH` | a Unix stream socket |
 *
 * @module
 */

/** What a client connects to: a host and port, or a Unix socket. */
export type Target =
  | { transport: "tcp"; hostname: string; port: number }
  | { transport: "unix"; path: string };

/**
 * Parses a target. Names are not looked up.
 *
 * @param text The target as text.
 * @param defaultPort The port if the text has none.
 * @returns The target.
 * @throws {SyntaxError} If the text is not an address.
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
    if (path === "") throw new SyntaxError(`the path after "unix:" is missing`);
    return { transport: "unix", path };
  }
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) {
    const [, hostname = "", port] = bracketed;
    if (!V6.test(hostname)) {
      throw new SyntaxError("brackets are for IPv6 addresses, as in [::1]:80");
    }
    return { transport: "tcp", hostname, port: parsePort(port, defaultPort) };
  }
  if (text.includes("//")) {
    throw new SyntaxError(
      "a URL is not accepted: leave out the part before the host",
    );
  }
  const colons = text.split(":").length - 1;
  const at = colons === 1 ? text.indexOf(":") : text.length;
  const hostname = text.slice(0, at);
  const port = colons === 1 ? text.slice(at + 1) : undefined;
  if (hostname === "") throw new SyntaxError("the host is missing");
  if (hostname === "unix") { // with a port it would be a path
    throw new SyntaxError('write a host of that name with a dot, as "unix."');
  }
  const allowed = colons > 1 ? V6 : /^[^\s/\\@?#[\]]+$/;
  if (!allowed.test(hostname)) {
    throw new SyntaxError(
      "write it as HOST, HOST:PORT, [V6]:PORT or unix:PATH",
    );
  }
  return { transport: "tcp", hostname, port: parsePort(port, defaultPort) };
}

/**
 * Groups of hexadecimal digits, then an optional IPv4 address, as in
 * ::ffff:127.0.0.1, and an optional zone, as in fe80::1%eth0.
 */
const V6 = /^[0-9A-Fa-f]*:[0-9A-Fa-f:]*(:\d+(\.\d+){3})?(%[^\s\]/]+)?$/;

function parsePort(text: string | undefined, defaultPort: number): number {
  if (text === undefined) return defaultPort;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65535) {
    throw new SyntaxError(
      `the port must be a number from 1 to 65535, not "${text}"`,
    );
  }
  return port;
}

/**
 * Formats an address so that {@linkcode parseTarget} can parse it.
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
