import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { RunError } from "../../lib/cli/context.ts";
import { findKey } from "../../lib/cli/stamp_options.ts";
import { StampKey } from "../../lib/stamp/key.ts";
import { bytes } from "../fixtures.ts";
import { run, script, serve } from "../programs.ts";

const TIMEOUT_MS = 60_000;
const IN_TMP = { read: true, write: ["/tmp"] };

/** Writes a file that is removed with the scope. */
async function fileOf(content: Uint8Array) {
  const path = await Deno.makeTempFile({ dir: "/tmp" });
  await Deno.writeFile(path, content);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

/** Whether two keys sign alike. */
function alike(one: StampKey, other: StampKey): boolean {
  const packet = new Uint8Array(112);
  one.sign(packet, 96);
  return other.hasSigned(packet, 96);
}

/** What is in the file, and the key. */
const FILES: [string, string, string][] = [
  ["a key alone", "secret", "secret"],
  ["a newline at its end", "secret\n", "secret"],
  ["CR LF at its end", "secret\r\n", "secret"],
  ["two newlines at its end", "secret\n\n", "secret\n"],
  ["spaces around it", " secret \n", " secret "],
  ["a newline within", "sec\nret\n", "sec\nret"],
  ["a key of one byte", "s", "s"],
  ["a long key", "s".repeat(1000) + "\n", "s".repeat(1000)],
  ["letters of two bytes", "schlüssel\n", "schlüssel"],
];
for (const [what, content, secret] of FILES) {
  Deno.test({
    name: `findKey() takes the content of the file: ${what}`,
    permissions: IN_TMP,
    async fn() {
      await using file = await fileOf(bytes(content));
      const { key, mode, unseen } = await findKey(file.path);
      assertEquals({ mode, unseen }, { mode: "signed", unseen: null });
      assert(alike(key!, new StampKey(bytes(secret))));
      assert(!alike(key!, new StampKey(bytes(`${secret}\n\r`))));
    },
  });
}

Deno.test({
  name: "findKey() takes the bytes of the file, which need not be text",
  permissions: IN_TMP,
  async fn() {
    const secret = Uint8Array.from({ length: 256 }, (_, byte) => 255 - byte);
    await using file = await fileOf(Uint8Array.of(...secret, 0x0a));
    const { key } = await findKey(file.path);
    assert(alike(key!, new StampKey(secret)));
  },
});

Deno.test({
  name: "findKey() takes a CR for part of the key where no LF is after it",
  permissions: IN_TMP,
  async fn() {
    await using file = await fileOf(bytes("secret\r"));
    const { key } = await findKey(file.path);
    assert(alike(key!, new StampKey(bytes("secret\r"))));
  },
});

for (const content of ["", "\n", "\r\n"]) {
  Deno.test({
    name: `findKey() refuses a file without a key: ${JSON.stringify(content)}`,
    permissions: IN_TMP,
    async fn() {
      await using file = await fileOf(bytes(content));
      await assertRejects(
        () => findKey(file.path),
        RunError,
        `Cannot sign: the key in ${file.path} is empty`,
      );
    },
  });
}

Deno.test({
  name: "findKey() says which file is missing",
  permissions: IN_TMP,
  async fn() {
    const { message } = await assertRejects(
      () => findKey("/tmp/roundtrip-no-such-key"),
      RunError,
    );
    assertMatch(
      message,
      /^Cannot read the key in \/tmp\/roundtrip-no-such-key: there is no such/,
    );
    assert(!message.includes("server"), message); // a file needs none
  },
});

Deno.test({
  name: "findKey() names the permission that a file needs",
  permissions: "none",
  async fn() {
    await assertRejects(
      () => findKey("/tmp/roundtrip-no-such-key"),
      RunError,
      "run it with deno run --allow-read=/tmp/roundtrip-no-such-key",
    );
  },
});

Deno.test({
  name:
    "findKey() finds no key without permission for the variable, and says so",
  permissions: "none",
  async fn() {
    const { key, mode, unseen } = await findKey(undefined);
    assertEquals({ key, mode }, { key: undefined, mode: "not signed" });
    assertMatch(unseen!, /STAMP_HMAC_KEY .*--allow-env=STAMP_HMAC_KEY$/);
  },
});

/** A server whose environment has what the file says. */
function serverOf(envFile: string, ...args: string[]): string[] {
  const [deno, verb, ...rest] = script("stamp_server", [
    "--port",
    "0",
    ...args,
  ]);
  return [deno!, verb!, "--no-prompt", `--env-file=${envFile}`, ...rest];
}

/** What the environment has, and what is said of it. */
const VARIABLES: [string, string, RegExp][] = [
  ["a variable", "STAMP_HMAC_KEY=secret", /^stateful, signed$/m],
  ["no variable", "OTHER=secret", /^stateful, not signed$/m],
];
for (const [what, content, says] of VARIABLES) {
  Deno.test({
    name: `findKey() looks into the environment: ${what}`,
    timeout: TIMEOUT_MS,
    async fn() {
      await using file = await fileOf(bytes(content));
      await using server = await serve(serverOf(file.path));
      await server.heard(says, "stderr");
    },
  });
}

Deno.test({
  name: "findKey() refuses an empty variable",
  timeout: TIMEOUT_MS,
  async fn() {
    await using file = await fileOf(bytes('STAMP_HMAC_KEY=""'));
    const { code, stdout, stderr } = await run(serverOf(file.path));
    assertEquals({ code, stdout, stderr }, {
      code: 1,
      stdout: "",
      stderr: "stamp-server: Cannot sign: the key in STAMP_HMAC_KEY is empty\n",
    });
  },
});

Deno.test({
  name: "findKey() takes the file rather than the variable",
  timeout: TIMEOUT_MS,
  async fn() {
    await using variable = await fileOf(bytes('STAMP_HMAC_KEY=""'));
    await using file = await fileOf(bytes("secret"));
    const [deno, verb, ...rest] = serverOf(
      variable.path,
      "--key-file",
      file.path,
    );
    await using server = await serve(
      [deno!, verb!, `--allow-read=${file.path}`, ...rest],
    );
    await server.heard(/^stateful, signed$/m, "stderr");
  },
});
