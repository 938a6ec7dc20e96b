import { assertEquals, assertThrows } from "@std/assert";
import { createHash, generateKeyPairSync } from "node:crypto";
import {
  authenticator,
  encryptCredentials,
  parseUsers,
} from "../../lib/iperf3/auth.ts";

const { publicKey, privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const HASH = createHash("sha256").update("{ann}secret").digest("hex");
const isRight = authenticator(privateKey, parseUsers(`# us\n\nann,${HASH}\n`));
const ANN = { user: "ann", password: "secret" };
const NOW = Math.floor(Date.now() / 1000);

Deno.test("authenticator() accepts both paddings", () => {
  for (const pkcs1 of [false, true]) {
    assertEquals(isRight(encryptCredentials(ANN, publicKey, { pkcs1 })), true);
  }
});

Deno.test("authenticator() rejects a wrong user, password, time and token", () => {
  const token = (part: object, nowSec = NOW) =>
    encryptCredentials({ ...ANN, ...part }, publicKey, { nowSec });
  for (
    const wrong of [
      token({ user: "bob" }),
      token({ user: "__proto__" }),
      token({ password: "Secret" }),
      token({}, NOW - 60),
      token({}, NOW + 60),
      token({}).slice(4),
      "",
      "!",
      null,
    ]
  ) assertEquals(isRight(wrong), false, `${wrong}`);
});

Deno.test("parseUsers() names the line that it cannot read", () => {
  assertThrows(() => parseUsers("ann,12"), SyntaxError, "line 1");
});

Deno.test("encryptCredentials() rejects spaces and a key that is none", () => {
  assertThrows(
    () => encryptCredentials({ ...ANN, user: "a b" }, publicKey),
    SyntaxError,
  );
  assertThrows(() => encryptCredentials(ANN, "no key"), SyntaxError);
});
