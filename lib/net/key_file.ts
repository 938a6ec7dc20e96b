/**
 * Reads a key from a file.
 *
 * @module
 */

import { CR, LF } from "../framing/line_ending.ts";

/** The maximum length of the file, in bytes. */
const MAX_FILE_BYTES = 4096;

/**
 * Reads a small regular file that not every user of the machine can read.
 *
 * @param path Its path.
 * @returns Its bytes without a newline at the end.
 * @throws {Error} If it is another kind of file, or cannot be read.
 */
export function readKeyFile(path: string): Uint8Array<ArrayBuffer> {
  // The path is checked before it is opened: opening a FIFO would wait.
  const { isFile, size, mode } = Deno.statSync(path);
  if (!isFile) throw new Error("it is not a regular file");
  if (size > MAX_FILE_BYTES) {
    throw new Error(`it is longer than ${MAX_FILE_BYTES} bytes`);
  }
  if (Deno.build.os !== "windows" && ((mode ?? 0) & 0o007) !== 0) {
    throw new Error(
      `every user of this machine can read it; run chmod 600 ${path}`,
    );
  }
  const content = Deno.readFileSync(path);
  if (content.at(-1) !== LF) return content;
  return content.subarray(0, content.at(-2) === CR ? -2 : -1);
}
