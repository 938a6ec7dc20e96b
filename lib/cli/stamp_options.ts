/**
 * What STAMP's two programs share: the key.
 *
 * @module
 */

import { CR, LF } from "../framing/line_ending.ts";
import { StampKey } from "../stamp/key.ts";
import { RunError, withContext } from "./context.ts";
import type { OptionTable } from "./options.ts";

/** Where the key is. */
export const KEY_OPTION = {
  keyFile: {
    kind: "text",
    placeholder: "FILE",
    help: "sign with the key in this file; else with $STAMP_HMAC_KEY, if set",
  },
} as const satisfies OptionTable;

/** What is said of the key in the help. */
export const KEY_HELP =
  "With a key packets are signed by HMAC-SHA-256, and what is not signed with the same key is dropped. The key is the content of --key-file (which needs --allow-read=FILE), without the newline at its end, or the variable STAMP_HMAC_KEY (which needs --allow-env=STAMP_HMAC_KEY, as the task has it); never an argument, which every user of the machine could read.";

/** The variable that may hold the key. */
const VARIABLE = "STAMP_HMAC_KEY";

/** A key, or none, and how that came. */
export interface FoundKey {
  /** The key; `undefined` if packets are not to be signed. */
  key: StampKey | undefined;
  /** Says to a person whether packets are signed. */
  mode: "signed" | "not signed";
  /** Why a key that may be there was not looked for; `null` if all were. */
  unseen: string | null;
}

/**
 * Finds the key.
 *
 * @param keyFile The option's value.
 * @returns The key, if there is one.
 * @throws {RunError} If the file cannot be read, or the key is empty.
 */
export async function findKey(keyFile: string | undefined): Promise<FoundKey> {
  if (keyFile !== undefined) {
    const content = await withContext(
      { action: "read the key in", read: keyFile },
      () => Deno.readFile(keyFile),
    );
    return signedWith(withoutNewline(content), keyFile);
  }
  const permission = Deno.permissions.querySync({
    name: "env",
    variable: VARIABLE,
  });
  if (permission.state !== "granted") {
    const unseen =
      `${VARIABLE} was not read, for want of --allow-env=${VARIABLE}`;
    return { key: undefined, mode: "not signed", unseen };
  }
  const secret = Deno.env.get(VARIABLE);
  return secret === undefined
    ? { key: undefined, mode: "not signed", unseen: null }
    : signedWith(new TextEncoder().encode(secret), VARIABLE);
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
