/**
 * The options of a peer.
 *
 * @module
 */

import { formatAddress, parseTarget } from "../net/address.ts";
import { isPeerName } from "../peer/messages.ts";
import type { OptionTable } from "./options.ts";
import { listenOptions } from "./server_options.ts";

/** The port where none is named. */
export const PEER_PORT = 5000;

/**
 * Reads the address of a peer.
 *
 * @param text As a person wrote it: `HOST`, `HOST:PORT` or `[V6]:PORT`.
 * @returns As `HOST:PORT`.
 * @throws {SyntaxError} If it is no address; the message says why.
 *
 * @example Usage
 * ```ts
 * import { parsePeer } from "./peer_options.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parsePeer("192.0.2.1"), "192.0.2.1:5000");
 * ```
 */
export function parsePeer(text: string): string {
  let target;
  try {
    target = parseTarget(text, PEER_PORT);
  } catch (error) {
    throw new SyntaxError(
      `an address such as 192.0.2.1:5000, not "${text}": ${
        (error as Error).message
      }`,
    );
  }
  if (target.transport !== "tcp") {
    throw new SyntaxError("an address such as 192.0.2.1:5000, not a path");
  }
  return formatAddress(target);
}

/**
 * Reads a peer's name.
 *
 * @param text As a person wrote it.
 * @returns The name.
 * @throws {SyntaxError} If it can be none.
 */
export function parseName(text: string): string {
  if (isPeerName(text)) return text;
  throw new SyntaxError(
    `a name of 1 to 32 characters without spaces, not "${text}"`,
  );
}

/** The options. */
export const PEER_OPTIONS = {
  ...listenOptions(PEER_PORT),
  name: {
    kind: "custom",
    placeholder: "NAME",
    parse: parseName,
    help: "what the others call you (else peer- and four digits)",
  },
  connect: {
    kind: "repeated",
    placeholder: "HOST:PORT",
    parse: parsePeer,
    help: "a peer to join; it tells of the others",
  },
  discover: {
    kind: "flag",
    help: "announce yourself on the local network, and join who does so",
  },
  group: {
    kind: "custom",
    placeholder: "ADDRESS",
    parse: parseGroup,
    default: "224.0.0.200",
    help: "the multicast group for that, of link-local scope",
  },
  groupPort: {
    kind: "integer",
    min: 1,
    max: 65535,
    default: `${PEER_PORT}`,
    help: "its UDP port",
  },
  maxPeers: {
    kind: "integer",
    min: 1,
    max: 1000,
    default: "64",
    help: "how many others there may be",
  },
  maxRate: {
    kind: "integer",
    min: 1,
    max: 1_000_000,
    default: "1000",
    help: "drop a peer that sends more messages a second",
  },
  timeout: {
    kind: "duration",
    short: "W",
    min: 100,
    max: 3_600_000,
    default: "10s",
    help: "drop a peer that is silent for so long, pings and all",
  },
  json: {
    kind: "flag",
    short: "J",
    help: "print what happens as one JSON object a line",
  },
} as const satisfies OptionTable;

/** Link-local multicast (RFC 5771, section 4): no router passes it on. */
function parseGroup(text: string): string {
  const last = /^224\.0\.0\.(\d{1,3})$/.exec(text)?.[1];
  if (last !== undefined && Number(last) <= 255) return text;
  throw new SyntaxError(
    `a link-local multicast address, 224.0.0.0 to 224.0.0.255, not "${text}"`,
  );
}
