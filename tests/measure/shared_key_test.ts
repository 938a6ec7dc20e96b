import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { measureSession } from "../../lib/measure/client.ts";
import { measureStreams } from "../../lib/measure/server.ts";
import { KeyError, SharedKey } from "../../lib/net/shared_key.ts";
import type { Sample } from "../../lib/stats/sample.ts";
import {
  bytes,
  connect,
  dial,
  exchange,
  readText,
  readToEnd,
  type RunningServer,
  streamServer,
  text,
  writeAll,
} from "../fixtures.ts";
import { badClients, nonce, proofOf, SECRET } from "../shared_key.ts";
import { test } from "../testing.ts";

const SETUP_ERROR = "404 ERROR: Invalid Connection Setup Message\n";
const SESSION = "s rtt 1 5 0\nm 1 hello\nt\n";
const ANSWERS = "200 OK: Ready\nm 1 hello\n200 OK: Closing Connection\n";

const key = (secret = SECRET) => SharedKey.import(bytes(secret));

/** Measures with a server; gives the samples. */
async function measure(
  server: RunningServer,
  secret: string | null,
): Promise<Sample[]> {
  return await Array.fromAsync(measureSession(() => connect(server), {
    setup: { type: "rtt", probes: 3, sizeBytes: 5, delayMs: 0 },
    warmup: 0,
    intervalMs: 0,
    key: secret === null ? undefined : await key(secret),
  }));
}

async function keyedServer(refusals: string[] = []): Promise<RunningServer> {
  const log = (line: string) => refusals.push(line);
  return streamServer(measureStreams({ key: await key(), log }));
}

test("measureSession() and measureStreams() measure with the same key", async () => {
  const refusals: string[] = [];
  await using server = await keyedServer(refusals);
  const samples = await measure(server, SECRET);
  assertEquals(samples.map(({ rttMs }) => rttMs !== null), [true, true, true]);
  assertEquals(refusals, []);
});

test("measureSession() has the exchange of keys in no sample", async () => {
  const serve = measureStreams({ key: await key() });
  let acceptedMs = 0;
  await using server = streamServer((connection) => {
    acceptedMs = performance.now();
    const { writeAll } = connection;
    // The setup is sent after the second line of the exchange was received.
    connection.writeAll = (line) => {
      if (text(line)!.startsWith("key")) acceptedMs = performance.now();
      return writeAll.call(connection, line);
    };
    return serve(connection);
  });
  const samples = await measure(server, SECRET);
  for (const { sentAtMs } of samples) assert(sentAtMs > acceptedMs);
});

test("measureStreams() with a key serves a client that follows the description", async () => {
  await using server = await keyedServer();
  using conn = await dial(server);
  const ours = nonce();
  await writeAll(conn, bytes(`key 1 ${ours}\n`));
  const theirs = (await readText(conn, 71)).slice(6, 70);
  // The client need not wait for the server's proof.
  const proof = proofOf("measure", "client", ours, theirs);
  await writeAll(conn, bytes(`key ${proof}\n${SESSION}`));
  const answer = proofOf("measure", "server", ours, theirs);
  assertEquals(text(await readToEnd(conn)), `key ${answer}\n${ANSWERS}`);
});

test("measureStreams() with a key answers a plain client with the setup's error", async () => {
  const refusals: string[] = [];
  await using server = await keyedServer(refusals);
  assertEquals(text(await exchange(server, SESSION)), SETUP_ERROR);
  assertEquals(refusals.length, 1);
  assertMatch(refusals[0]!, /refused: it did not begin the exchange/);
});

test("measureStreams() without a key answers a client that has one with the setup's error", async () => {
  await using server = streamServer(measureStreams());
  const answer = await exchange(server, `key 1 ${nonce()}\n`);
  assertEquals(text(answer), SETUP_ERROR);
});

for (const [what, [client]] of Object.entries(badClients("measure"))) {
  test(`measureStreams() with a key rejects a client ${what}`, async () => {
    const refusals: string[] = [];
    await using server = await keyedServer(refusals);
    using conn = await dial(server);
    await writeAll(conn, bytes(client.first)).catch(() => {});
    let second = "";
    if (client.second) {
      second = client.second((await readText(conn, 71)).slice(6, 70));
    }
    await writeAll(conn, bytes(second + SESSION)).catch(() => {});
    await conn.closeWrite().catch(() => {});
    // A reset can overtake the answer to a flood.
    const answer = await readToEnd(conn).then(text, () => SETUP_ERROR);
    assertEquals(answer!.replace(/^key 1 [0-9a-f]{64}\n/, ""), SETUP_ERROR);
    assertEquals(refusals.length, 1);
    for (const line of refusals) assert(!line.includes(SECRET), line);
  });
}

test("measureSession() tells whose key is missing or wrong", async () => {
  await using keyed = await keyedServer();
  await using plain = streamServer(measureStreams());
  const faultOf = async (server: RunningServer, secret: string) =>
    (await assertRejects(() => measure(server, secret), KeyError)).fault;
  assertEquals(await faultOf(keyed, "another key of 20"), "refused");
  assertEquals(await faultOf(plain, SECRET), "absent");
  const { hint } = await assertRejects(() => measure(keyed, null)) as Error & {
    hint: string;
  };
  assertEquals(hint, "setup");
});

test("measureStreams() counts clients that prove nothing to its memory, and serves others", async () => {
  const refusals: string[] = [];
  await using server = streamServer(measureStreams({
    key: await key(),
    memoryBytes: 2 ** 20, // some 50 connections
    log: (line) => refusals.push(line),
  }));
  const idle = await Promise.all(
    Array.from({ length: 40 }, () => dial(server)),
  );
  const samples = await measure(server, SECRET);
  assertEquals(samples.length, 3);
  for (let count = 0; count < 20; count++) idle.push(await dial(server));
  const full = await readToEnd(idle.at(-1)!);
  assertEquals(text(full), SETUP_ERROR);
  for (const conn of idle) conn.close();
});
