/**
 * A key that both ends of a connection hold. Each proves that to the other before
 * a protocol begins, and the key itself is never sent.
 *
 * ```text
 *   client                         server
 *   key 1 CLIENT_NONCE   ------->
 *                        <-------  key 1 SERVER_NONCE
 *   key CLIENT_PROOF     ------->
 *                        <-------  key SERVER_PROOF
 * ```
 *
 * The client is the side that dialled. A line ends in LF. A nonce is 32 random
 * bytes, and a proof is HMAC-SHA-256 with the key, both as 64 hexadecimal digits in
 * lower case. A proof is computed over this text, with one space between the fields:
 *
 * ```text
 *   roundtrip key 1 PROTOCOL ROLE CLIENT_NONCE SERVER_NONCE
 * ```
 *
 * PROTOCOL is `measure` or `peer`, ROLE is `client` or `server`. Each side's proof
 * covers both nonces and its role, so a recorded proof is valid on no other
 * connection, and a proof that is sent back is not valid either. The client proves
 * first: the server computes nothing for a client that does not.
 *
 * What follows on the connection is neither encrypted nor authenticated.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { FramingError } from "../framing/line_decoder.ts";
import { lineContent } from "../framing/line_ending.ts";
import { DeadlineError } from "./errors.ts";
import type { StreamConnection } from "./stream_connection.ts";

/** The shortest key, in bytes: shorter ones can be guessed from a recording. */
export const MIN_KEY_BYTES = 16;

/** The protocols that have the exchange. A proof for one is not valid for another. */
export type KeyProtocol = "measure" | "peer";

/** Why an exchange failed. */
export type KeyFault =
  /** The other side did not begin the exchange. */
  | "absent"
  /** The other side rejected our proof. */
  | "refused"
  /** The other side's proof is not valid. */
  | "wrong"
  /** The other side closed the connection. */
  | "closed";

/** Thrown when the other side does not prove that it holds the key. */
export class KeyError extends Error {
  /** Distinguishes it from other errors, also in a log. */
  override readonly name = "KeyError";
  /** Why. */
  readonly fault: KeyFault;
  /** The line that came in place of the expected one, without its LF, if any. */
  readonly line: string | null;

  /**
   * Describes the failure.
   *
   * @param fault Why.
   * @param line The line that came in place of the expected one.
   */
  constructor(fault: KeyFault, line: string | null = null) {
    super(MESSAGES[fault]);
    this.fault = fault;
    this.line = line;
  }
}

const MESSAGES: Record<KeyFault, string> = {
  absent: "it did not begin the exchange of the shared key",
  refused: "it rejected our proof of the shared key",
  wrong: "its proof of the shared key is not valid",
  closed:
    "it closed the connection before it proved that it has the shared key",
};

/** How long a client may take to prove itself, in milliseconds. */
const DEADLINE_MS = 5000;
/** The longest line that is read meanwhile, in bytes; a valid one has at most 71. */
const LINE_BYTES = 128;
const NONCE = /^key 1 ([0-9a-f]{64})$/;
const PROOF = /^key ([0-9a-f]{64})$/;

type Role = "client" | "server";

/**
 * A key that both ends of a connection hold. It is not shown when the object is
 * inspected or written as JSON.
 *
 * @example Usage
 * ```ts
 * import { SharedKey } from "./shared_key.ts";
 * import { StreamConnection } from "./stream_connection.ts";
 *
 * const secret = crypto.getRandomValues(new Uint8Array(32));
 * const key = await SharedKey.import(secret);
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using client = new StreamConnection(
 *   await Deno.connect({ hostname: "127.0.0.1", port }),
 * );
 * using server = new StreamConnection(await listener.accept());
 * await Promise.all([
 *   key.prove(client, "measure"),
 *   key.verify(server, "measure"),
 * ]);
 * ```
 */
export class SharedKey {
  #key: CryptoKey;

  private constructor(key: CryptoKey) {
    this.#key = key;
  }

  /**
   * Copies a key.
   *
   * @param secret Its bytes.
   * @returns The key.
   * @throws {RangeError} If there are fewer than {@linkcode MIN_KEY_BYTES}.
   */
  static async import(secret: Uint8Array<ArrayBuffer>): Promise<SharedKey> {
    if (secret.length < MIN_KEY_BYTES) {
      throw new RangeError(
        `A shared key has at least ${MIN_KEY_BYTES} bytes: ${secret.length}`,
      );
    }
    return new SharedKey(
      await crypto.subtle.importKey(
        "raw",
        secret,
        { name: "HMAC", hash: "SHA-256" },
        false,
        ["sign", "verify"],
      ),
    );
  }

  /**
   * Proves to the server of a connection that we hold the key, and then checks the
   * server's proof. Each wait has the deadline of the connection.
   *
   * @param connection A connection on which nothing was sent.
   * @param protocol The protocol that follows.
   * @throws {KeyError} If the server does not hold the key.
   */
  async prove(
    connection: StreamConnection,
    protocol: KeyProtocol,
  ): Promise<void> {
    using lines = new KeyLines(connection);
    const ours = newNonce();
    await lines.write(`1 ${ours}`);
    const theirs = await lines.read(NONCE, "absent");
    // An echo server sends everything back.
    if (theirs === ours) throw new KeyError("absent");
    const nonces = `${ours} ${theirs}`;
    await lines.write(await this.#proof(protocol, "client", nonces));
    const proof = await lines.read(PROOF, "refused");
    await this.#check(proof, protocol, "server", nonces);
  }

  /**
   * Waits until the client of a connection has proved that it holds the key, and then
   * proves the same to it. A client that does not prove it receives a nonce at most.
   *
   * @param connection A connection on which nothing was received.
   * @param protocol The protocol that follows.
   * @param deadlineMs How long all of it may take, in milliseconds.
   * @throws {KeyError} If the client does not hold the key.
   * @throws {DeadlineError} If it takes too long; the connection is closed.
   */
  async verify(
    connection: StreamConnection,
    protocol: KeyProtocol,
    deadlineMs: number = DEADLINE_MS,
  ): Promise<void> {
    using lines = new KeyLines(connection, deadlineMs);
    const theirs = await lines.read(NONCE, "absent");
    const ours = newNonce();
    await lines.write(`1 ${ours}`);
    const nonces = `${theirs} ${ours}`;
    const proof = await lines.read(PROOF, "wrong");
    await this.#check(proof, protocol, "client", nonces);
    await lines.write(await this.#proof(protocol, "server", nonces));
  }

  async #proof(
    protocol: KeyProtocol,
    role: Role,
    nonces: string,
  ): Promise<string> {
    const text = textOf(protocol, role, nonces);
    const proof = await crypto.subtle.sign("HMAC", this.#key, text);
    return Buffer.from(proof).toString("hex");
  }

  /** Compares in constant time. */
  async #check(
    proof: string,
    protocol: KeyProtocol,
    role: Role,
    nonces: string,
  ): Promise<void> {
    const isValid = await crypto.subtle.verify(
      "HMAC",
      this.#key,
      Buffer.from(proof, "hex"),
      textOf(protocol, role, nonces),
    );
    if (!isValid) throw new KeyError("wrong");
  }
}

function newNonce(): string {
  const nonce = crypto.getRandomValues(new Uint8Array(32));
  return Buffer.from(nonce).toString("hex");
}

/** What a proof is computed over. */
function textOf(
  protocol: KeyProtocol,
  role: Role,
  nonces: string,
): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(
    `roundtrip key 1 ${protocol} ${role} ${nonces}`,
  );
}

/** The lines of an exchange; disposing of it restores the connection's limit. */
class KeyLines implements Disposable {
  #connection: StreamConnection;
  #limitBytes: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #expired: DeadlineError | null = null;

  constructor(connection: StreamConnection, deadlineMs?: number) {
    this.#connection = connection;
    this.#limitBytes = connection.messageLimitBytes;
    connection.messageLimitBytes = LINE_BYTES;
    if (deadlineMs === undefined) return;
    this.#timer = setTimeout(() => {
      this.#expired = new DeadlineError("read", deadlineMs);
      connection.close();
    }, deadlineMs);
  }

  async write(fields: string): Promise<void> {
    await this.#connection.writeAll(
      new TextEncoder().encode(`key ${fields}\n`),
    );
  }

  /** Reads the one field of a line; any other line is a fault. */
  async read(pattern: RegExp, fault: KeyFault): Promise<string> {
    let line;
    try {
      line = await this.#connection.readLine();
    } catch (error) {
      if (this.#expired) throw this.#expired;
      if (!(error instanceof FramingError)) throw error;
      throw new KeyError(fault);
    }
    if (line === null) throw new KeyError("closed");
    const text = new TextDecoder().decode(lineContent(line));
    const field = pattern.exec(text)?.[1];
    if (field === undefined) throw new KeyError(fault, text);
    return field;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#connection.messageLimitBytes = this.#limitBytes;
  }
}
