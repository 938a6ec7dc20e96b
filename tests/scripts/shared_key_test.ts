import { assert, assertEquals, assertMatch } from "@std/assert";
import { runHere, script, serve, serveHere } from "../programs.ts";
import { ScratchFolder } from "../scratch.ts";
import { SECRET } from "../shared_key.ts";
import { test } from "../testing.ts";

/** Measures with both keys; gives what both programs wrote. */
async function measure(
  serverKey: string | null,
  clientKey: string | null,
  ...args: string[]
) {
  using folder = new ScratchFolder();
  const option = (name: string, secret: string | null) =>
    secret === null ? [] : ["--key-file", folder.file(name, `${secret}\n`)];
  await using server = await serveHere(
    "measure_server",
    "--verbose",
    ...option("server", serverKey),
  );
  const [mode = "rtt", ...rest] = args;
  const client = await runHere(
    "measure_client",
    ...[mode, server.address, "--verbose", ...option("client", clientKey)],
    ...rest,
  );
  const ended = await server.stop();
  for (const shown of [client, ended]) {
    assert(!JSON.stringify(shown).includes(SECRET), JSON.stringify(shown));
  }
  return { client, server: ended };
}

test("measure_client and measure_server measure with the same shared key", async () => {
  const { client, server } = await measure(SECRET, SECRET);
  assertEquals(client.code, 0, client.stderr);
  assertMatch(client.stdout, /^rtt to \S+ over TCP, measure .*, shared key$/m);
  assertMatch(server.stderr, /^clients must have the shared key$/m);
  assertMatch(server.stderr, /^without the shared key: 0$/m);
  assertMatch(server.stderr, /^1 connection; refused: denied 0, /m);
});

test("measure_client says in its result whether there was a shared key", async () => {
  for (const secret of [SECRET, null]) {
    const { client } = await measure(secret, secret, "tput", "--json");
    const { used } = JSON.parse(client.stdout).options;
    assertEquals(used.shared_key, secret !== null);
  }
});

test("measure_client sweeps with a shared key", async () => {
  const { client } = await measure(
    ...[SECRET, SECRET, "sweep", "--sizes", "1,2"] as const,
    ...["--delays", "0", "--count", "2", "--json"],
  );
  assertEquals(client.code, 0, client.stderr);
  assertEquals(JSON.parse(client.stdout).options.used.shared_key, true);
});

/** Keys of server and client, and the sentence of the client. */
const REFUSALS: [string | null, string | null, RegExp][] = [
  [SECRET, "another key of 20", /rejected our proof .*; give both sides the/],
  [SECRET, null, /requires a shared key: give its key with --key-file FILE or/],
  [null, SECRET, /did not begin .*, start it with the same key: --key-file/],
];
for (const [serverKey, clientKey, sentence] of REFUSALS) {
  test(`measure_client with the key ${clientKey}, and a server with ${serverKey}`, async () => {
    const { client, server } = await measure(serverKey, clientKey);
    assertEquals(client.code, 1);
    const [line, ...rest] = client.stderr.trimEnd().split("\n").reverse();
    assertMatch(line!, /^measure-client: Cannot measure the path to /);
    assertMatch(line!, sentence);
    assert(rest.every((frame) => !frame.startsWith("measure-client")));
    assertMatch(server.stderr, /: refused: /);
    if (serverKey === null) return;
    assertMatch(server.stderr, /^without the shared key: 1$/m);
  });
}

test("peer joins those that have its shared key", async () => {
  using folder = new ScratchFolder();
  const peer = (name: string, secret: string, ...args: string[]) => {
    const file = folder.file(name, secret);
    const options = ["--port", "0", "--name", name, "--json", ...args];
    const flags = ["--allow-net", `--allow-read=${file}`];
    return serve(script("peer", [...options, "--key-file", file], flags));
  };
  await using ada = await peer("ada", SECRET);
  await using bob = await peer("bob", SECRET, "--connect", ada.address);
  await bob.heard(/"event":"joined",.*"name":"ada"/);
  await using eve = await peer(
    "eve",
    "another key of 20",
    "--connect",
    ada.address,
  );
  await eve.heard(/"event":"error",.*it rejected our proof of the shared key/);
  await ada.heard(/"event":"error",.*its proof of the shared key is not valid/);
  for (const { stdout, stderr } of [ada, bob, eve]) {
    assertMatch(stderr.text, /^peers must have the shared key$/m);
    assert(!`${stdout.text}${stderr.text}`.includes(SECRET));
  }
});

test("measure_client rejects a shared key that is too short", async () => {
  const { code, stderr } = await (async () => {
    using folder = new ScratchFolder();
    const path = folder.file("key", "too short\n");
    return await runHere(
      ...["measure_client", "rtt", "127.0.0.1:1", "--key-file", path] as const,
    );
  })();
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /fewer than 16 bytes; make one with openssl rand -hex 32/,
  );
  assert(!stderr.includes("too short"));
});
