/**
 * The keys of programs: options, help, and where keys are read. A key is read from
 * a file or from a variable, and no option has it as its value.
 *
 * @module
 */

import { readKeyFile } from "../net/key_file.ts";
import { MIN_KEY_BYTES, SharedKey } from "../net/shared_key.ts";
import { StampKey } from "../stamp/key.ts";
import { RunError, withContext } from "./context.ts";
import { type Option, text } from "./option.ts";

/** The variable that may hold the key of STAMP. */
const STAMP_VARIABLE = "STAMP_HMAC_KEY";
/** The variable that may hold the shared key. */
const SHARED_VARIABLE = "ROUNDTRIP_KEY";

/** The option for the file with a key. */
export type KeyOption = { keyFile: Option<string | undefined> };

/** The option for the file with the key of STAMP. */
export const STAMP_KEY_OPTION: KeyOption = {
  keyFile: text(
    "FILE",
    `sign with the key in this file; default $${STAMP_VARIABLE}, if set`,
  ),
};

/** The option for the file with the shared key. */
export const SHARED_KEY_OPTION: KeyOption = {
  keyFile: text(
    "FILE",
    `both sides prove that they hold the key in this file; default $${SHARED_VARIABLE}, if set`,
  ),
};

/** The paragraph of the help about the key of STAMP. */
export const STAMP_KEY_HELP =
  `With a key, packets are signed by HMAC-SHA-256, and packets that are not signed with the same key are dropped. ${
    sourcesOf(STAMP_VARIABLE)
  }`;

/** The paragraph of the help about the shared key. */
export const SHARED_KEY_HELP =
  `With a shared key, both sides prove that they hold it before the first message, and a side that does not is refused. Nothing is encrypted by that. A shared key has at least ${MIN_KEY_BYTES} bytes: make one with openssl rand -hex 32. ${
    sourcesOf(SHARED_VARIABLE)
  }`;

function sourcesOf(variable: string): string {
  return `The key is read from --key-file (which needs --allow-read=FILE) or from the variable ${variable} (which needs --allow-env=${variable}, as the task has it). The file has at most 4 KB and must not be readable by every user; a newline at its end is not part of the key. The key cannot be an argument, since every user of the machine can read arguments.`;
}

/** Whether packets are signed, and why. */
export interface FoundStampKey {
  /** The key; `undefined` if packets are not to be signed. */
  key: StampKey | undefined;
  /** Whether packets are signed, in words. */
  mode: "signed" | "not signed";
  /** Why the variable was not read; `null` if it was, or was not needed. */
  unseen: string | null;
}

/**
 * Reads the key of STAMP.
 *
 * @param keyFile The value of the option.
 * @returns The key, if there is one.
 * @throws {RunError} If the file cannot be read, or the key is empty.
 */
export async function findStampKey(
  keyFile: string | undefined,
): Promise<FoundStampKey> {
  const { secret, unseen, source } = await findSecret(keyFile, STAMP_VARIABLE);
  if (secret === null) return { key: undefined, mode: "not signed", unseen };
  if (secret.length === 0) {
    throw new RunError(`Cannot sign: the key in ${source} is empty`);
  }
  return { key: new StampKey(secret), mode: "signed", unseen: null };
}

/**
 * Reads the shared key.
 *
 * @param keyFile The value of the option.
 * @returns The key; `undefined` if there is none.
 * @throws {RunError} If the file cannot be read, or the key is too short.
 */
export async function findSharedKey(
  keyFile: string | undefined,
): Promise<SharedKey | undefined> {
  const { secret, source } = await findSecret(keyFile, SHARED_VARIABLE);
  if (secret === null) return undefined;
  if (secret.length < MIN_KEY_BYTES) {
    throw new RunError(
      `Cannot use the key in ${source}: it has fewer than ${MIN_KEY_BYTES} bytes; make one with openssl rand -hex 32`,
    );
  }
  return await SharedKey.import(secret);
}

/** Reads a key from the file if one is named, else from the variable if it is set. */
async function findSecret(
  keyFile: string | undefined,
  variable: string,
): Promise<
  {
    secret: Uint8Array<ArrayBuffer> | null;
    source: string;
    unseen: string | null;
  }
> {
  if (keyFile !== undefined) {
    const secret = await withContext(
      { action: "read the key in", read: keyFile },
      () => readKeyFile(keyFile),
    );
    return { secret, source: keyFile, unseen: null };
  }
  const found = { secret: null, source: variable };
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  if (state !== "granted") {
    const unseen = `${variable} was not read: it needs --allow-env=${variable}`;
    return { ...found, unseen };
  }
  const value = Deno.env.get(variable);
  const secret = value === undefined ? null : new TextEncoder().encode(value);
  return { ...found, secret, unseen: null };
}
