/**
 * The protocol of peers: lines of UTF-8 over TCP, each ended by one LF, with at
 * most 4096 bytes, LF included. Fields are separated by one space; the last one
 * may hold spaces. It can be spoken by hand, with `ncat`.
 *
 * | line | meaning |
 * |---|---|
 * | `hello 1 ID HOST:PORT NAME` | the first line of either side, sent at once: version, who this is, where it listens, what it is called |
 * | `peers HOST:PORT...` | those it is connected to; whoever is not, dials them |
 * | `say ID SEQ TEXT` | what ID says to all, as its message number SEQ, from 1; passed on by whoever gets it for the first time |
 * | `tell TEXT` | what it says to this peer alone; never passed on |
 * | `name NAME` | it is called so from now on |
 * | `ping TOKEN` | asks for `pong TOKEN`; a peer that sends nothing for 10 s is dropped |
 * | `pong TOKEN` | the answer |
 * | `bye REASON` | this connection ends: `leave` on purpose, not to be dialled again; `twin` for another one between the same two; `full`, `self`, `error` |
 *
 * ID is 32 hexadecimal digits, drawn at random when a peer starts. HOST is what
 * the others are to dial; where it is `0.0.0.0` or `[::]`, it stands for the
 * address from which the connection came. NAME is 1 to 32 characters without
 * spaces. TOKEN is 1 to 20 letters or digits.
 *
 * By hand, as a peer that nobody can dial (port 9 discards):
 *
 *     $ ncat 127.0.0.1 5000
 *     hello 1 00000000000000000000000000000001 127.0.0.1:9 eve
 *     say 00000000000000000000000000000001 1 good morning
 *     bye leave
 *
 * Where two peers are connected twice, the connection that the one with the
 * smaller ID dialled survives; if one dialled both, it ends the later one. The
 * other connection is ended once the one that stays has carried a ping and its
 * pong. A connection older than 10 s is not given up for another while it
 * answers, so that nobody takes a peer's place by its ID.
 *
 * @module
 */

import { CR, LF } from "../framing/line_ending.ts";

/** The version spoken here. */
export const PEER_VERSION = 1;
/** The longest line, its LF included, in bytes. */
export const MAX_PEER_LINE_BYTES = 4096;
/** The longest text of a message that fits into a line, in bytes. */
export const MAX_TEXT_BYTES = 4000;
/** The most addresses in one line. */
const MAX_ADDRESSES = 64;

/** Why a connection ends. */
export type ByeReason = "leave" | "twin" | "full" | "self" | "error";

/** What a peer says first. */
export interface Hello {
  /** Tells the messages apart. */
  verb: "hello";
  /** The version it speaks. */
  version: number;
  /** Who it is: 32 hexadecimal digits. */
  id: string;
  /** Where it listens, as `HOST:PORT`. */
  address: string;
  /** What it is called. */
  name: string;
}

/** What somebody says to all. */
export interface Say {
  /** Tells the messages apart. */
  verb: "say";
  /** Who said it; not who passed it on. */
  origin: string;
  /** Which of its messages it is, from 1. */
  sequence: number;
  /** What it said. */
  text: string;
}

/** Any message. */
export type PeerMessage =
  | Hello
  | Say
  | { verb: "peers"; addresses: string[] }
  | { verb: "tell"; text: string }
  | { verb: "name"; name: string }
  | { verb: "ping" | "pong"; token: string }
  | { verb: "bye"; reason: ByeReason };

const REASONS = new Set<string>(["leave", "twin", "full", "self", "error"]);
const ID = /^[0-9a-f]{32}$/;
const NAME = /^[^\s\p{Cc}\p{Cf}]{1,32}$/u;
const TOKEN = /^[0-9A-Za-z]{1,20}$/;
const SEQUENCE = /^[1-9]\d{0,14}$/;
const ADDRESS =
  /^(?:[0-9A-Za-z.-]{1,253}|\[([0-9A-Fa-f:.]{2,45})\]):([1-9]\d{0,4})$/;

/**
 * Whether a text can be a peer's name.
 *
 * @param text The text.
 * @returns Whether it has 1 to 32 characters, and none is a space or invisible.
 */
export function isPeerName(text: string): boolean {
  return NAME.test(text);
}

/**
 * Whether a text can be said: in one line, and short enough.
 *
 * @param text The text.
 * @returns Whether it has at most {@linkcode MAX_TEXT_BYTES}, and no end of line.
 */
export function isPeerText(text: string): boolean {
  return !/[\r\n]/.test(text) &&
    new TextEncoder().encode(text).length <= MAX_TEXT_BYTES;
}

/**
 * Whether a text can be the address of a peer.
 *
 * @param text The text.
 * @returns Whether it is `HOST:PORT` or `[V6]:PORT`.
 */
export function isPeerAddress(text: string): boolean {
  const [, v6, port] = ADDRESS.exec(text) ?? [];
  return port !== undefined && Number(port) <= 65_535 &&
    (v6 === undefined || URL.canParse(`http://[${v6}]`));
}

/**
 * Draws an ID.
 *
 * @returns 128 random bits as 32 hexadecimal digits.
 */
export function randomPeerId(): string {
  const bits = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bits, (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}

/**
 * Tells of peers, in as many messages as it takes.
 *
 * @param addresses Where they listen.
 * @returns The messages, none too long for a line.
 *
 * @example Usage
 * ```ts
 * import { tellPeers } from "./messages.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const addresses = Array.from({ length: 65 }, (_, index) => `host:${1 + index}`);
 * assertEquals(tellPeers(addresses).map(({ addresses }) => addresses.length), [64, 1]);
 * ```
 */
export function tellPeers(
  addresses: string[],
): { verb: "peers"; addresses: string[] }[] {
  const messages: { verb: "peers"; addresses: string[] }[] = [];
  let room = 0;
  for (const address of addresses) {
    room -= address.length + 1;
    if (room < 0 || messages.at(-1)!.addresses.length === MAX_ADDRESSES) {
      messages.push({ verb: "peers", addresses: [] });
      room = MAX_PEER_LINE_BYTES - "peers\n".length - address.length - 1;
    }
    messages.at(-1)!.addresses.push(address);
  }
  return messages;
}

/**
 * Writes a message.
 *
 * @param message The message.
 * @returns Its line, with the LF.
 *
 * @example Usage
 * ```ts
 * import { formatPeerMessage, parsePeerMessage } from "./messages.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const line = formatPeerMessage({ verb: "ping", token: "7" });
 * assertEquals(new TextDecoder().decode(line), "ping 7\n");
 * assertEquals(parsePeerMessage(line), { verb: "ping", token: "7" });
 * ```
 */
export function formatPeerMessage(
  message: PeerMessage,
): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${fieldsOf(message).join(" ")}\n`);
}

function fieldsOf(message: PeerMessage): (string | number)[] {
  const { verb } = message;
  switch (verb) {
    case "hello":
      return [verb, message.version, message.id, message.address, message.name];
    case "peers":
      return [verb, ...message.addresses];
    case "say":
      return [verb, message.origin, message.sequence, message.text];
    case "tell":
      return [verb, message.text];
    case "name":
      return [verb, message.name];
    case "ping":
    case "pong":
      return [verb, message.token];
    case "bye":
      return [verb, message.reason];
  }
}

const strictDecoder = new TextDecoder("utf-8", {
  fatal: true,
  ignoreBOM: true,
});

/**
 * Reads a message.
 *
 * @param line Its line, with the LF, before which one CR is allowed.
 * @returns The message.
 * @throws {SyntaxError} If it is none; the message says what is wrong.
 */
export function parsePeerMessage(line: Uint8Array): PeerMessage {
  const text = textOf(line);
  const verb = /^[^ ]*/.exec(text)![0];
  const rest = text.slice(verb.length + 1);
  switch (verb) {
    case "hello":
      return parseHello(rest);
    case "peers": {
      const addresses = rest === "" ? [] : rest.split(" ");
      if (addresses.length > MAX_ADDRESSES) {
        throw new SyntaxError("too many addresses");
      }
      return { verb, addresses: addresses.map(checkedAddress) };
    }
    case "say": {
      const [, origin = "", sequence = "", said = ""] =
        /^([^ ]*) ([^ ]*) (.*)$/s.exec(rest) ?? [];
      return {
        verb,
        origin: checked(ID, origin, "an ID"),
        sequence: Number(checked(SEQUENCE, sequence, "a sequence number")),
        text: said,
      };
    }
    case "tell":
      return { verb, text: rest };
    case "name":
      return { verb, name: checked(NAME, rest, "a name") };
    case "ping":
    case "pong":
      return { verb, token: checked(TOKEN, rest, "a token") };
    case "bye":
      if (!REASONS.has(rest)) throw wrong("a reason", rest);
      return { verb, reason: rest as ByeReason };
    default:
      throw wrong("a verb", verb);
  }
}

function parseHello(rest: string): Hello {
  const [version = "", id = "", address = "", name = "", ...more] = rest.split(
    " ",
  );
  if (version !== String(PEER_VERSION)) throw wrong("version 1", version);
  if (more.length > 0) throw wrong("a name", rest);
  return {
    verb: "hello",
    version: PEER_VERSION,
    id: checked(ID, id, "an ID"),
    address: checkedAddress(address),
    name: checked(NAME, name, "a name"),
  };
}

function textOf(line: Uint8Array): string {
  const end = line.at(-1) === LF ? (line.at(-2) === CR ? -2 : -1) : undefined;
  try {
    return strictDecoder.decode(line.subarray(0, end));
  } catch {
    throw new SyntaxError("not UTF-8");
  }
}

function checkedAddress(text: string): string {
  if (!isPeerAddress(text)) throw wrong("an address", text);
  return text;
}

function checked(pattern: RegExp, text: string, what: string): string {
  if (!pattern.test(text)) throw wrong(what, text);
  return text;
}

function wrong(what: string, text: string): SyntaxError {
  return new SyntaxError(`not ${what}: ${JSON.stringify(text.slice(0, 40))}`);
}
