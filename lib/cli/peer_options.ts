/**
 * The options of a peer.
 *
 * @module
 */

import { formatAddress, parseTarget } from "../net/address.ts";
import { PEER_SOURCE_LIMITS } from "../peer/mesh.ts";
import { isPeerName } from "../peer/messages.ts";
import { connectionAdmission } from "./admission_options.ts";
import { SHARED_KEY_OPTION } from "./key_options.ts";
import { custom, duration, flag, integer, repeated } from "./option.ts";
import { listenOptions } from "./server_options.ts";
import { TLS_CLIENT_OPTIONS, TLS_SERVER_OPTIONS } from "./tls_options.ts";

/** The default port. */
export const PEER_PORT = 5000;

/**
 * Reads the address of a peer.
 *
 * @param text As the user wrote it: `HOST`, `HOST:PORT` or `[V6]:PORT`.
 * @returns As `HOST:PORT`.
 * @throws {SyntaxError} If it is not an address; the message says what was
 * expected.
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
 * @param text As the user wrote it.
 * @returns The name.
 * @throws {SyntaxError} If it is not a valid name.
 */
export function parseName(text: string): string {
  if (isPeerName(text)) return text;
  throw new SyntaxError(
    `a name of 1 to 32 characters that begins with a letter or digit and has no space, "#", "," or ":", not "${text}"`,
  );
}

/** The options. */
export const PEER_OPTIONS = {
  ...listenOptions(PEER_PORT),
  name: custom("NAME", parseName, "your name (default peer- and four digits)"),
  connect: repeated(
    "HOST:PORT",
    parsePeer,
    "a peer to connect to; it sends the addresses of the others",
  ),
  maxPeers: integer("maximum number of other peers", {
    max: 64,
    default: "64",
  }),
  ...connectionAdmission(PEER_SOURCE_LIMITS),
  maxRate: integer("drop a peer that sends more lines than this in a second", {
    default: "1000",
  }),
  timeout: duration("drop a peer that sends nothing for this long", {
    short: "W",
    min: 100,
    default: "10s",
  }),
  ...SHARED_KEY_OPTION,
  tlsCert: TLS_SERVER_OPTIONS.tlsCert,
  tlsKey: TLS_SERVER_OPTIONS.tlsKey,
  tlsCa: TLS_CLIENT_OPTIONS.tlsCa,
  json: flag("print each event as a JSON object in one line", "J"),
};
