/**
 * The key of the STAMP programs: option, help, and where it is read.
 *
 * @module
 */

import { CR, LF } from "../framing/line_ending.ts";
import { StampKey } from "../stamp/key.ts";
import { RunError, withContext } from "./context.ts";
import { type Option, text } from "./option.ts";

/** The option for the file with the key. */
export const KEY_OPTION: { keyFile: Option<string | undefined> } = {
  keyFile: text(
    "FILE",
    "sign with the key in this file; default $STAMP_HMAC_KEY, if set",
  ),
};

/** The paragraph of the help about the key. */
export const KEY_HELP =
  "With a key, packets are signed by HMAC-SHA-256, and packets that are not signed with the same key are dropped. The key is read from --key-file (which needs --allow-read=FILE) or from the variable STAMP_HMAC_KEY (which needs --allow-env=STAMP_HMAC_KEY, as the task has it). The file has at most 4 KB and must not be readable by every user; a newline at its end is not part of the key. The key cannot be an argument, since every user of the machine can read arguments.";

/** The variable that may hold the key. */
const VARIABLE = "STAMP_HMAC_KEY";

/** The maximum length of the file, in bytes. */
const MAX_KEY_BYTES = 4096;

/** Whether packets are signed, and why. */
export interface FoundKey {
  /** The key; `undefined` if packets are not to be signed. */
  key: StampKey | undefined;
  /** Whether packets are signed, in words. */
  mode: "signed" | "not signed";
  /** Why the variable was not read; `null` if it was, or was not needed. */
  unseen: string | null;
}

/**
 * Reads the key.
 *
 * @param keyFile The value of the option.
 * @returns The key, if there is one.
 * @throws {RunError} If the file cannot be read, or the key is empty.
 */
export async function findKey(keyFile: string | undefined): Promise<FoundKey> {
  if (keyFile !== undefined) {
    const content = await withContext(
      { action: "read the key in", read: keyFile },
      () => readKey(keyFile),
    );
    return signedWith(withoutNewline(content), keyFile);
  }
  const permission = Deno.permissions.querySync({
    name: "env",
    variable: VARIABLE,
  });
  if (permission.state !== "granted") {
    const unseen = `${VARIABLE} was not read: it needs --allow-env=${VARIABLE}`;
    return { key: undefined, mode: "not signed", unseen };
  }
  const secret = Deno.env.get(VARIABLE);
  return secret === undefined
    ? { key: undefined, mode: "not signed", unseen: null }
    : signedWith(new TextEncoder().encode(secret), VARIABLE);
}

/** Reads a small regular file that not every user can read. */
function readKey(path: string): Uint8Array {
  // The path is checked before it is opened: opening a FIFO would wait.
  const { isFile, size, mode } = Deno.statSync(path);
  if (!isFile) throw new Error("it is not a regular file");
  if (size > MAX_KEY_BYTES) {
    throw new Error(`it is longer than ${MAX_KEY_BYTES} bytes`);
  }
  if (Deno.build.os !== "windows" && ((mode ?? 0) & 0o007) !== 0) {
    throw new Error(
      `every user of this machine can read it; run chmod 600 ${path}`,
    );
  }
  return Deno.readFileSync(path);
}

function signedWith(secret: Uint8Array, source: string): FoundKey {
  if (secret.length === 0) {
    throw new RunError(`Cannot sign: the key in ${source} is empty`);
  }
  return { key: new StampKey(secret), mode: "signed", unseen: null };
}

function withoutNewline(content: Uint8Array): Uint8Array {
  if (content.at(-1) !== LF) return content;
  return content.subarray(0, content.at(-2) === CR ? -2 : -1);
}
