/**
 * Hi-hello, the smallest conversation: `hi` is answered `hello`.
 *
 * @module
 */

import { lineContent } from "../framing/line_ending.ts";
import type { StreamConnection } from "../net/stream_connection.ts";

/** How long bytes without a newline may stay pending, in milliseconds. */
const FLUSH_AFTER_MS = 100;

/**
 * Answers each message of a stream: `hi`, in capitals or not, by `hello`, and
 * anything else by how to greet.
 *
 * @param connection The stream.
 */
export async function hello(connection: StreamConnection): Promise<void> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let message;
  while ((message = await connection.readMessage(FLUSH_AFTER_MS)) !== null) {
    const greeting = decoder.decode(lineContent(message)).trim().toLowerCase();
    const reply = greeting === "hi" ? "hello\n" : "say hi\n";
    await connection.writeAll(encoder.encode(reply));
  }
}
