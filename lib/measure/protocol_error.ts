/**
 * The error of a peer that answers something else than its protocol says.
 *
 * @module
 */

/** Thrown when a peer breaks the protocol or refuses what it was asked. */
export class ProtocolError extends Error {
  /** Tells it from other errors, also in a log. */
  override readonly name = "ProtocolError";
  /** What the peer said, at most 200 bytes of it; `null` if nothing. */
  readonly reply: string | null;

  /**
   * Says what went wrong, and quotes the peer.
   *
   * @param what What was expected or attempted.
   * @param reply What the peer said.
   */
  constructor(what: string, reply: Uint8Array | null) {
    const text = reply && new TextDecoder().decode(reply.subarray(0, 200));
    super(text === null ? what : `${what}: ${JSON.stringify(text)}`);
    this.reply = text;
  }
}
