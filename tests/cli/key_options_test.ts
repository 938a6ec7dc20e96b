import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { RunError } from "../../lib/cli/context.ts";
import { findStampKey } from "../../lib/cli/key_options.ts";
import { StampKey } from "../../lib/stamp/key.ts";
import { bytes } from "../fixtures.ts";
import { Program, script } from "../programs.ts";
import { ScratchFolder } from "../scratch.ts";

const LIMIT = { timeout: 60_000 };
const MISSING = "/tmp/roundtrip-no-such-key";
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => 255 - byte);

/** Whether two keys sign alike. */
function isSame(one: StampKey, other: StampKey): boolean {
  const packet = new Uint8Array(112);
  one.sign(packet, 96);
  return other.hasSigned(packet, 96);
}

/** The content of the file, and the key. */
const FILES: [Uint8Array, Uint8Array][] = [
  ["secret", "secret"],
  ["secret\n", "secret"],
  ["secret\r\n", "secret"],
  ["secret\n\n", "secret\n"],
  ["secret\r", "secret\r"],
  [" secret \n", " secret "],
  ["sec\nret\n", "sec\nret"],
  ["s", "s"],
  ["s".repeat(1000) + "\n", "s".repeat(1000)],
  ["schlüssel\n", "schlüssel"],
].map(([content, secret]) => [bytes(content!), bytes(secret!)]);
FILES.push([Uint8Array.of(...ALL_BYTES, 0x0a), ALL_BYTES]);

Deno.test("findStampKey() takes the bytes of the file without a newline at its end", async () => {
  using folder = new ScratchFolder();
  for (const [content, secret] of FILES) {
    const { key, mode, unseen } = await findStampKey(
      folder.file("key", content),
    );
    assertEquals({ mode, unseen }, { mode: "signed", unseen: null });
    assert(isSame(key!, new StampKey(secret)));
    assert(!isSame(key!, new StampKey(Uint8Array.of(...secret, 1))));
  }
});

Deno.test("findStampKey() rejects a file without a key", async () => {
  using folder = new ScratchFolder();
  for (const content of ["", "\n", "\r\n"]) {
    const path = folder.file("key", content);
    await assertRejects(
      () => findStampKey(path),
      RunError,
      `Cannot sign: the key in ${path} is empty`,
    );
  }
});

Deno.test("findStampKey() rejects a file that is public, large, or not regular", async () => {
  using folder = new ScratchFolder();
  const readable = folder.file("public", "secret");
  await Deno.chmod(readable, 0o644);
  const large = folder.file("large", "s".repeat(4097));
  const cases: [string, string][] = [
    [
      readable,
      `every user of this machine can read it; run chmod 600 ${readable}`,
    ],
    [large, "it is longer than 4096 bytes"],
    [folder.path, "it is not a regular file"],
  ];
  for (const [path, why] of cases) {
    await assertRejects(
      () => findStampKey(path),
      RunError,
      `Cannot read the key in ${path}: ${why}`,
    );
  }
});

Deno.test({
  name: "findStampKey() names a missing file",
  permissions: { read: true },
  async fn() {
    const { message } = await assertRejects(
      () => findStampKey(MISSING),
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
  name: "findStampKey() names the permission that a file or the variable needs",
  permissions: "none",
  async fn() {
    await assertRejects(
      () => findStampKey(MISSING),
      RunError,
      `run it with deno run --allow-read=${MISSING}`,
    );
    const { key, mode, unseen } = await findStampKey(undefined);
    assertEquals({ key, mode }, { key: undefined, mode: "not signed" });
    assertMatch(unseen!, /STAMP_HMAC_KEY .*--allow-env=STAMP_HMAC_KEY$/);
  },
});

/** The environment, whether there is a file, and what the server says. */
const ENVIRONMENTS: [string, boolean, RegExp][] = [
  ["STAMP_HMAC_KEY=secret", false, /^stateful, signed$/m],
  ["OTHER=secret", false, /^stateful, not signed$/m],
  ['STAMP_HMAC_KEY=""', true, /^stateful, signed$/m],
  [
    'STAMP_HMAC_KEY=""',
    false,
    /^stamp-server: Cannot sign: the key in STAMP_HMAC_KEY is empty$/m,
  ],
];
for (const [variable, hasFile, says] of ENVIRONMENTS) {
  Deno.test(
    `findStampKey() with ${variable}${hasFile ? " and a file" : ""}`,
    LIMIT,
    async () => {
      using folder = new ScratchFolder();
      const path = folder.file("key", "secret");
      const [deno, verb, ...rest] = script("stamp_server", [
        ...["--port", "0"],
        ...(hasFile ? ["--key-file", path] : []),
      ]);
      const environment = `--env-file=${folder.file("env", variable)}`;
      const flags = ["--no-prompt", environment, `--allow-read=${path}`];
      await using server = new Program([deno!, verb!, ...flags, ...rest]);
      await server.heard(says, "stderr");
    },
  );
}
