/**
 * The peer protocol, version 2: lines of UTF-8 over TCP. A line ends in LF (one
 * CR before it is ignored) and has at most 4096 bytes, LF included. Fields are
 * separated by one space; the last field may contain spaces.
 *
 * | line | meaning |
 * |---|---|
 * | `hello 2 ID PORT NAME` | first line of either side, sent at once: version, identity, the port it listens on (0: none), name |
 * | `welcome` | this is the one connection between the two; sent first by the side with the smaller ID, then by the other |
 * | `peers HOST:PORT...` | the addresses of the other peers of the sender; sent once, after `welcome`, also when empty |
 * | `say TEXT` | a line to everyone: sent once on each connection |
 * | `tell TEXT` | a line to this peer alone |
 * | `name NAME` | the sender's new name |
 * | `ping TOKEN`, `pong TOKEN` | a request and its answer; a peer that sends nothing for 10 s is dropped |
 * | `bye REASON` | the connection ends: `leave` (do not dial again), `twin`, `full`, `self`, `key` (no proof of the shared key) or `error` |
 *
 * ID is 32 hexadecimal digits, drawn at random at each start. NAME is 1 to 32
 * visible characters without space, `#`, `,` or `:`; the first is a letter or a
 * digit. TOKEN is 1 to 20 letters or digits.
 *
 * **One connection.** Two peers may dial each other at once. The side with the
 * smaller ID decides: it sends `welcome` on the first connection whose hello it
 * reads, and `bye twin` on any other. No text is sent before `welcome` has come,
 * so that no line is lost or doubled.
 *
 * **Shared key.** With a key, both sides prove that they hold it before the hello:
 * see `lib/net/shared_key.ts`.
 *
 * **Author.** The author of a line is the peer of its connection. A line names no
 * author, and is not relayed.
 *
 * **Addresses.** A peer announces a port only; its host is the one its connection
 * came from. `peers` names numeric addresses, which the receiver dials itself to
 * complete the mesh, under the rules of `address_book.ts`.
 *
 * By hand, as a peer that does not listen:
 *
 * ```console
 * $ ncat 127.0.0.1 5000
 * hello 2 00000000000000000000000000000001 0 eve
 * welcome
 * say good morning
 * bye leave
 * ```
 *
 * @module
 */

/** The version of the protocol. */
export const PEER_VERSION = 2;
/** The longest line, its LF included, in bytes. */
export const MAX_PEER_LINE_BYTES = 4096;
/** The longest text of a `say` or `tell`, in bytes. */
export const MAX_TEXT_BYTES = 4000;
/** The most addresses in one `peers` line: so many of IPv6 fit. */
export const MAX_TOLD_ADDRESSES = 64;

/** Why a connection ends. */
export type ByeReason = "leave" | "twin" | "full" | "self" | "key" | "error";

/** Any message. */
export type PeerMessage =
  | { verb: "hello"; id: string; port: number; name: string }
  | { verb: "welcome" }
  | { verb: "peers"; addresses: string[] }
  | { verb: "say" | "tell"; text: string }
  | { verb: "name"; name: string }
  | { verb: "ping" | "pong"; token: string }
  | { verb: "bye"; reason: ByeReason };

/** What a connection may begin with. */
export type FirstMessage = Extract<PeerMessage, { verb: "hello" | "bye" }>;

/**
 * Why a connection is given up: the peer breaks the protocol, which it would do
 * again; or it does not answer or read, or has no room, which may change.
 */
export class PeerFault extends Error {
  /** The name of the class. */
  override readonly name = "PeerFault";

  /**
   * Describes the fault.
   *
   * @param message What the peer did, with "it" as the subject.
   * @param isFinal Whether it is useless to dial the peer again.
   * @param reason What the peer is told.
   */
  constructor(
    message: string,
    readonly isFinal: boolean = true,
    readonly reason: "key" | "error" = "error",
  ) {
    super(message);
  }
}

const ID = /^[0-9a-f]{32}$/;
const PORT = /^(?:0|[1-9]\d{0,4})$/;
const TOKEN = /^[0-9A-Za-z]{1,20}$/;
const REASON = /^(?:leave|twin|full|self|key|error)$/;
const NAME =
  /^(?=[\p{L}\p{N}])(?!.*\p{M}{4})[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800#,:]{1,32}$/u;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Checks whether a text can be a peer's name.
 *
 * @param text The text.
 * @returns Whether it has 1 to 32 characters, all visible, and none that is
 * shown next to a name as a separator.
 */
export function isPeerName(text: string): boolean {
  return NAME.test(text);
}

/**
 * Checks whether a text can be sent.
 *
 * @param text The text.
 * @returns Whether it is one line of at most {@linkcode MAX_TEXT_BYTES}.
 */
export function isPeerText(text: string): boolean {
  return !/[\r\n]/.test(text) && encoder.encode(text).length <= MAX_TEXT_BYTES;
}

/**
 * Creates a random ID.
 *
 * @returns 128 random bits as 32 hexadecimal digits.
 */
export function randomPeerId(): string {
  return crypto.randomUUID().replaceAll("-", "");
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
  const { verb, ...fields } = message.verb === "hello"
    ? {
      verb: `hello ${PEER_VERSION}`,
      id: message.id,
      port: message.port,
      name: message.name,
    }
    : message;
  return encoder.encode(
    `${[verb, ...Object.values(fields).flat()].join(" ")}\n`,
  );
}

/**
 * Reads a message.
 *
 * @param line One line, with its LF.
 * @returns The message.
 * @throws {PeerFault} If it is none; the message quotes it.
 */
export function parsePeerMessage(line: Uint8Array): PeerMessage {
  let text;
  try {
    text = decoder.decode(line).replace(/\r?\n$/, "");
  } catch {
    throw new PeerFault("it sent a line that is not UTF-8");
  }
  const [, verb = "", rest = ""] = /^([^ ]*) ?(.*)$/s.exec(text)!;
  switch (verb) {
    case "hello":
      return parseHello(rest);
    case "welcome":
      return { verb };
    case "peers": {
      const addresses = rest === "" ? [] : rest.split(" ");
      if (addresses.length <= MAX_TOLD_ADDRESSES) return { verb, addresses };
      throw new PeerFault(
        `it sent more than ${MAX_TOLD_ADDRESSES} addresses in a line`,
      );
    }
    case "say":
    case "tell":
      return { verb, text: rest };
    case "name":
      return { verb, name: checked(NAME, rest, "a name") };
    case "ping":
    case "pong":
      return { verb, token: checked(TOKEN, rest, "a token") };
    case "bye":
      checked(REASON, rest, "a reason");
      return { verb, reason: rest as ByeReason };
    default:
      throw new PeerFault(`it sent no line of this protocol: ${quoted(text)}`);
  }
}

/**
 * Reads the first line of a connection. The error names another protocol as such.
 *
 * @param line One line, with its LF.
 * @returns A hello or a bye.
 * @throws {PeerFault} If it is neither.
 */
export function parseFirstMessage(
  line: Uint8Array,
): FirstMessage {
  const text = new TextDecoder().decode(line);
  if (text.startsWith("key 1 ")) {
    throw new PeerFault("it requires a shared key, and this peer has none");
  }
  if (!/^(?:hello \d|bye )/.test(text)) {
    throw new PeerFault(
      `it speaks another protocol, which begins ${quoted(text.trimEnd())}`,
    );
  }
  return parsePeerMessage(line) as FirstMessage;
}

function parseHello(rest: string): PeerMessage {
  const [version = "", id = "", port = "", name = "", ...more] = rest
    .split(" ");
  if (version !== `${PEER_VERSION}`) {
    throw new PeerFault(
      `it speaks version ${
        quoted(version)
      } of the protocol, and this peer version ${PEER_VERSION}`,
    );
  }
  if (more.length > 0) throw new PeerFault(`not a name: ${quoted(rest)}`);
  checked(ID, id, "an ID");
  if (Number(checked(PORT, port, "a port")) > 65_535) {
    checked(/^$/, port, "a port");
  }
  checked(NAME, name, "a name");
  return { verb: "hello", id, port: Number(port), name };
}

function checked(pattern: RegExp, text: string, what: string): string {
  if (!pattern.test(text)) {
    throw new PeerFault(`it sent what is not ${what}: ${quoted(text)}`);
  }
  return text;
}

function quoted(text: string): string {
  return JSON.stringify([...text.slice(0, 80)].slice(0, 40).join(""));
}
