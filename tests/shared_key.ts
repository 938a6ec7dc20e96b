/**
 * The exchange of the shared key, as its description says it, apart from our code;
 * and ends of a connection that play it badly.
 *
 * @module
 */

import { createHmac, randomBytes } from "node:crypto";

/** The key of most tests. */
export const SECRET = "correct horse battery staple";

/** A nonce in hexadecimal digits. */
export function nonce(): string {
  return randomBytes(32).toString("hex");
}

/** A proof in hexadecimal digits. */
export function proofOf(
  protocol: string,
  role: string,
  clientNonce: string,
  serverNonce: string,
  secret: string = SECRET,
): string {
  return createHmac("sha256", secret)
    .update(`roundtrip key 1 ${protocol} ${role} ${clientNonce} ${serverNonce}`)
    .digest("hex");
}

/** What a client sends: one line, and the next when it knows the server's nonce. */
export interface KeyClient {
  first: string;
  second?: (serverNonce: string) => string;
}

/** Clients that do not hold the key, and how a server's exchange fails. */
export function badClients(
  protocol: string,
): Record<string, [KeyClient, fault: "absent" | "wrong" | "closed"]> {
  const ours = nonce();
  const first = `key 1 ${ours}\n`;
  const proving = (prove: (theirs: string) => string): KeyClient => ({
    first,
    second: (theirs) => `key ${prove(theirs)}\n`,
  });
  const other = protocol === "peer" ? "measure" : "peer";
  const valid = (theirs: string) => proofOf(protocol, "client", ours, theirs);
  return {
    "that closes at once": [{ first: "" }, "closed"],
    "that sends a line of the protocol itself": [
      { first: "s rtt 1 1 0\n" },
      "absent",
    ],
    "that sends an empty line": [{ first: "\n" }, "absent"],
    "that sends bytes at random": [
      { first: "\x01\x02\u{fffd}\0\n" },
      "absent",
    ],
    "that sends a nonce too short": [
      { first: `key 1 ${ours.slice(1)}\n` },
      "absent",
    ],
    "that sends a nonce too long": [{ first: `key 1 ${ours}0\n` }, "absent"],
    "that sends capital digits": [
      { first: `key 1 ${"A".repeat(64)}\n` },
      "absent",
    ],
    "that sends another version": [{ first: `key 2 ${ours}\n` }, "absent"],
    "that sends two spaces": [{ first: `key 1  ${ours}\n` }, "absent"],
    "that sends more in the line": [{ first: `key 1 ${ours} x\n` }, "absent"],
    "that begins with a proof": [
      { first: `key ${proofOf(protocol, "client", ours, ours)}\n` },
      "absent",
    ],
    "that sends a line without end": [
      { first: "key 1 ".padEnd(100_000, "0") },
      "absent",
    ],
    "that closes after the nonce": [{ first }, "closed"],
    "with another key": [
      proving((theirs) => proofOf(protocol, "client", ours, theirs, "other")),
      "wrong",
    ],
    "with a key that begins alike": [
      proving((theirs) =>
        proofOf(protocol, "client", ours, theirs, `${SECRET} `)
      ),
      "wrong",
    ],
    "that sends the server's nonce back": [
      proving((theirs) => theirs),
      "wrong",
    ],
    "that sends a proof of the server's role": [
      proving((theirs) => proofOf(protocol, "server", ours, theirs)),
      "wrong",
    ],
    "that sends a proof for another protocol": [
      proving((theirs) => proofOf(other, "client", ours, theirs)),
      "wrong",
    ],
    "that swaps the nonces": [
      proving((theirs) => proofOf(protocol, "client", theirs, ours)),
      "wrong",
    ],
    "whose nonce was changed on the way": [
      proving((theirs) => proofOf(protocol, "client", nonce(), theirs)),
      "wrong",
    ],
    "that replays the proof of another connection": [
      proving(() => valid(nonce())),
      "wrong",
    ],
    "that sends half a proof": [
      proving((theirs) => valid(theirs).slice(0, 32)),
      "wrong",
    ],
    "that sends a proof and more": [
      proving((theirs) => `${valid(theirs)} x`),
      "wrong",
    ],
    "that sends a proof of zeros": [proving(() => "0".repeat(64)), "wrong"],
    "that sends a line without end as its proof": [
      { first, second: () => "key ".padEnd(100_000, "0") },
      "wrong",
    ],
  };
}
