import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { DeadlineError } from "../../lib/net/errors.ts";
import {
  KeyError,
  type KeyFault,
  MIN_KEY_BYTES,
  SharedKey,
} from "../../lib/net/shared_key.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import {
  bytes,
  connectionPair,
  readText,
  readToEnd,
  socketPair,
  text,
  writeAll,
} from "../fixtures.ts";
import { badClients, nonce, proofOf, SECRET } from "../shared_key.ts";
import { test } from "../testing.ts";

const NONCE_LINE = `key 1 ${"0".repeat(64)}\n`;
const PROOF_LINE = `key ${"0".repeat(64)}\n`;

const key = (secret = SECRET) => SharedKey.import(bytes(secret));

/** Two connections, each to the other. */
async function twoEnds(): Promise<
  Disposable & { client: StreamConnection; server: StreamConnection }
> {
  const [one, other] = await socketPair();
  const client = new StreamConnection(one);
  const server = new StreamConnection(other);
  return {
    client,
    server,
    [Symbol.dispose]() {
      client.close();
      server.close();
    },
  };
}

test("SharedKey.prove() and verify() agree, and leave the rest of the stream alone", async () => {
  using ends = await twoEnds();
  const { client, server } = ends;
  const limitBytes = client.messageLimitBytes;
  const verified = (await key()).verify(server, "measure");
  await (await key()).prove(client, "measure");
  await client.writeAll(bytes("and then\n"));
  await verified;
  assertEquals(text(await server.readLine()), "and then\n");
  assertEquals(
    [client.messageLimitBytes, server.messageLimitBytes],
    [limitBytes, limitBytes],
  );
});

test("SharedKey.verify() answers the lines as they are described", async () => {
  using pair = await connectionPair();
  const { ours, peer } = pair;
  const verified = (await key()).verify(ours, "peer");
  const clientNonce = nonce();
  await writeAll(peer, bytes(`key 1 ${clientNonce}\r\n`));
  const line = await readText(peer, NONCE_LINE.length);
  const serverNonce = /^key 1 ([0-9a-f]{64})\n$/.exec(line)![1]!;
  const proof = proofOf("peer", "client", clientNonce, serverNonce);
  await writeAll(peer, bytes(`key ${proof}\n`));
  await verified;
  ours.close();
  assertEquals(
    text(await readToEnd(peer)),
    `key ${proofOf("peer", "server", clientNonce, serverNonce)}\n`,
  );
});

test("SharedKey.prove() sends the lines as they are described", async () => {
  using pair = await connectionPair();
  const { ours, peer } = pair;
  const proved = (await key()).prove(ours, "measure");
  const line = await readText(peer, NONCE_LINE.length);
  const clientNonce = /^key 1 ([0-9a-f]{64})\n$/.exec(line)![1]!;
  const serverNonce = nonce();
  await writeAll(peer, bytes(`key 1 ${serverNonce}\n`));
  assertEquals(
    await readText(peer, PROOF_LINE.length),
    `key ${proofOf("measure", "client", clientNonce, serverNonce)}\n`,
  );
  const answer = proofOf("measure", "server", clientNonce, serverNonce);
  await writeAll(peer, bytes(`key ${answer}\n`));
  await proved;
});

test("the proof of the shared key has the value that others compute", () => {
  // python3: hmac.new(key, text, "sha256").hexdigest()
  assertEquals(
    proofOf("measure", "client", "0".repeat(64), "f".repeat(64)),
    "34092a1ffb89142ca53fdb1f35da08d6316d929a13ba27cf7f4ca7935aadd30a",
  );
});

for (const [what, [client, fault]] of Object.entries(badClients("measure"))) {
  test(`SharedKey.verify() rejects a client ${what}`, async () => {
    using pair = await connectionPair();
    const { ours, peer } = pair;
    const verified = assertRejects(
      async () => await (await key()).verify(ours, "measure"),
      KeyError,
    );
    await writeAll(peer, bytes(client.first)).catch(() => {});
    let received = "";
    if (client.second) {
      received = await readText(peer, NONCE_LINE.length);
      await writeAll(peer, bytes(client.second(received.slice(6, 70))));
    }
    await peer.closeWrite();
    assertEquals((await verified).fault, fault);
    await ours.finish();
    ours.close();
    received += await readToEnd(peer).then(text, () => "");
    // A nonce at most: nothing that depends on the key.
    assertMatch(received, /^(key 1 [0-9a-f]{64}\n)?$/);
  });
}

/** Servers that do not hold the key: their answers to the first and second line. */
const BAD_SERVERS: Record<
  string,
  [first: (line: string) => string, second: (line: string) => string, KeyFault]
> = {
  "that closes at once": [() => "", () => "", "closed"],
  "that rejects the first line": [
    () => "404 ERROR: Invalid Connection Setup Message\n",
    () => "",
    "absent",
  ],
  "that echoes": [(line) => line, (line) => line, "absent"],
  "that sends a line without end": [
    () => "x".repeat(100_000),
    () => "",
    "absent",
  ],
  "that rejects the proof": [
    () => `key 1 ${nonce()}\n`,
    () => "404 ERROR: Invalid Connection Setup Message\n",
    "refused",
  ],
  "that closes after the proof": [
    () => `key 1 ${nonce()}\n`,
    () => "",
    "closed",
  ],
  "that sends the proof back": [
    () => `key 1 ${nonce()}\n`,
    (line) => line,
    "wrong",
  ],
  "that accepts anyone and proves nothing": [
    () => `key 1 ${nonce()}\n`,
    () => `key ${nonce()}\n`,
    "wrong",
  ],
  "that replays its side of another connection": [
    () => `key 1 ${REPLAYED}\n`,
    () => `key ${proofOf("measure", "server", nonce(), REPLAYED)}\n`,
    "wrong",
  ],
};
const REPLAYED = nonce();

for (const [what, [first, second, fault]] of Object.entries(BAD_SERVERS)) {
  test(`SharedKey.prove() rejects a server ${what}`, async () => {
    using pair = await connectionPair();
    const { ours, peer } = pair;
    const proved = assertRejects(
      async () => await (await key()).prove(ours, "measure"),
      KeyError,
    );
    const line = await readText(peer, NONCE_LINE.length);
    const answer = first(line);
    await writeAll(peer, bytes(answer));
    if (answer.startsWith("key") && answer !== line) {
      await writeAll(
        peer,
        bytes(second(await readText(peer, PROOF_LINE.length))),
      );
    }
    await peer.closeWrite();
    assertEquals((await proved).fault, fault);
  });
}

test("SharedKey.prove() and verify() reject another key, through a relay or not", async () => {
  using ends = await twoEnds();
  const { client, server } = ends;
  const [proved, verified] = [
    assertRejects(
      async () => await (await key("another key of 20")).prove(client, "peer"),
      KeyError,
    ),
    assertRejects(
      async () => {
        try {
          await (await key()).verify(server, "peer");
        } finally {
          await server.writeAll(bytes("bye key\n"));
        }
      },
      KeyError,
    ),
  ];
  assertEquals((await verified).fault, "wrong");
  const { fault, line } = await proved;
  assertEquals([fault, line], ["refused", "bye key"]);
});

test("SharedKey.prove() draws a new nonce for each connection", async () => {
  const nonces = new Set<string>();
  for (let count = 0; count < 20; count++) {
    using pair = await connectionPair();
    const proved = assertRejects(
      async () => await (await key()).prove(pair.ours, "measure"),
      KeyError,
    );
    nonces.add(await readText(pair.peer, NONCE_LINE.length));
    await pair.peer.closeWrite();
    await proved;
  }
  assertEquals(nonces.size, 20);
});

test("SharedKey.verify() gives up on a client that sends a byte at a time", async () => {
  using pair = await connectionPair();
  const { ours, peer } = pair;
  const verified = assertRejects(
    async () => await (await key()).verify(ours, "measure", 100),
    DeadlineError,
  );
  let sent = 0;
  const timer = setInterval(() => {
    if (sent++ < 60) peer.write(bytes("k")).catch(() => {});
  }, 5);
  await verified;
  clearInterval(timer);
  assert(ours.closed.aborted);
});

test("SharedKey.import() rejects a key that can be guessed", async () => {
  const short = new Uint8Array(MIN_KEY_BYTES - 1);
  await assertRejects(() => SharedKey.import(short), RangeError, "at least 16");
  assertNotEquals(await SharedKey.import(new Uint8Array(MIN_KEY_BYTES)), null);
});

test("SharedKey does not show its secret", async () => {
  const shared = await key();
  const shown = [
    Deno.inspect(shared, { showHidden: true, depth: 9 }),
    JSON.stringify(shared),
    String(shared),
    Deno.inspect(new KeyError("wrong", "line")),
  ].join();
  const hex = Array.from(
    bytes(SECRET),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
  for (const secret of [SECRET, btoa(SECRET), hex, bytes(SECRET).join(", ")]) {
    assert(!shown.includes(secret), shown);
  }
});
