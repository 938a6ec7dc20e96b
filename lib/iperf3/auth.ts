/**
 * The credentials of a client: a user and a password, encrypted with the server's
 * public key.
 *
 * ```
 * user: U
 * pwd:  P
 * ts:   SECONDS since 1970
 * ```
 *
 * iperf3 pads this by OAEP from version 3.17 on, and by PKCS#1 v1.5 before. It
 * protects the password alone: everything else is sent in the clear.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import {
  constants,
  createHash,
  privateDecrypt,
  publicEncrypt,
  timingSafeEqual,
} from "node:crypto";

/** How far the clocks of client and server may differ, in seconds. */
export const DEFAULT_TIME_SKEW_SEC = 10;
const { RSA_PKCS1_OAEP_PADDING, RSA_PKCS1_PADDING } = constants;
/** Neither name nor password has spaces: iperf3 reads up to the next one. */
const TOKEN = /^user: (\S+)\npwd: {2}(\S+)\nts: {3}(\d{1,12})$/;

/** A user and a password. */
export interface Credentials {
  /** The name, without spaces. */
  user: string;
  /** The password, without spaces. */
  password: string;
}

/**
 * Encrypts the credentials of a client.
 *
 * @param credentials The user and the password.
 * @param publicKeyPem The server's public key, as PEM.
 * @param options Whether to pad as before 3.17, and the time in seconds.
 * @returns The token to send.
 * @throws {SyntaxError} If the key is no RSA key, or a text has a space.
 */
export function encryptCredentials(
  { user, password }: Credentials,
  publicKeyPem: string,
  options: { pkcs1?: boolean; nowSec?: number } = {},
): string {
  const { pkcs1 = false, nowSec = Math.floor(Date.now() / 1000) } = options;
  const text = `user: ${user}\npwd:  ${password}\nts:   ${nowSec}`;
  if (!TOKEN.test(text)) {
    throw new SyntaxError("a user and a password without spaces are needed");
  }
  try {
    return publicEncrypt({
      key: publicKeyPem,
      padding: pkcs1 ? RSA_PKCS1_PADDING : RSA_PKCS1_OAEP_PADDING,
    }, Buffer.from(text)).toString("base64");
  } catch (cause) {
    throw new SyntaxError("it is no public RSA key in PEM, or too short", {
      cause,
    });
  }
}

/**
 * Reads a file of users: a line each, `user,hash`, where the hash is the SHA-256
 * of `{user}password` in hexadecimal digits. Lines that start with # are comments.
 *
 * @param text The file.
 * @returns The hash of each user.
 * @throws {SyntaxError} If a line is something else; the message names it.
 */
export function parseUsers(text: string): Map<string, string> {
  const users = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const found = /^([^,\s]+),([0-9a-fA-F]{64})\s*$/.exec(line);
    if (found === null) {
      throw new SyntaxError(`line ${index + 1} is not USER,SHA256`);
    }
    users.set(found[1]!, found[2]!.toLowerCase());
  }
  return users;
}

/**
 * Creates the check of a server. It gives a client the same answer for a wrong
 * token, name, password and time.
 *
 * @param privateKeyPem The private key, as PEM.
 * @param users The hash of each user.
 * @param skewSec How far the clocks may differ.
 * @returns Whether a token is right.
 *
 * @example Usage
 * ```ts
 * import { authenticator, encryptCredentials, parseUsers } from "./auth.ts";
 * import { createHash, generateKeyPairSync } from "node:crypto";
 * import { assertEquals } from "@std/assert";
 *
 * const { publicKey, privateKey } = generateKeyPairSync("rsa", {
 *   modulusLength: 2048,
 *   publicKeyEncoding: { type: "spki", format: "pem" },
 *   privateKeyEncoding: { type: "pkcs8", format: "pem" },
 * });
 * const hash = createHash("sha256").update("{ann}secret").digest("hex");
 * const isRight = authenticator(privateKey, parseUsers(`ann,${hash}`));
 * const token = (password: string) =>
 *   encryptCredentials({ user: "ann", password }, publicKey);
 * assertEquals(isRight(token("secret")), true);
 * assertEquals(isRight(token("guess")), false);
 * assertEquals(isRight(null), false);
 * ```
 */
export function authenticator(
  privateKeyPem: string,
  users: Map<string, string>,
  skewSec: number = DEFAULT_TIME_SKEW_SEC,
): (token: string | null) => boolean {
  return (token) => {
    if (token === null) return false;
    const text = decrypt(privateKeyPem, Buffer.from(token, "base64"));
    const [, user = "", password = "", seconds = ""] = TOKEN.exec(text) ?? [];
    const hash = createHash("sha256").update(`{${user}}${password}`).digest();
    const wanted = Buffer.from(users.get(user) ?? "0".repeat(64), "hex");
    const isFresh = Math.abs(Date.now() / 1000 - Number(seconds)) <= skewSec;
    return timingSafeEqual(hash, wanted) && users.has(user) && isFresh;
  };
}

/** Tries both paddings; the text is empty if neither fits. */
function decrypt(key: string, token: Buffer): string {
  for (const padding of [RSA_PKCS1_OAEP_PADDING, RSA_PKCS1_PADDING]) {
    try {
      return privateDecrypt({ key, padding }, token).toString();
    } catch { // the other one, or forged
    }
  }
  return "";
}
