/**
 * Lesson 6: a read returns half a message, and framing puts it together.
 *
 *     deno run --allow-net=127.0.0.1 scripts/lessons/06_framing.ts
 *
 * Try: cut the text into single letters. The reads change, the lines do not.
 *
 * What goes wrong: a program that takes the first read for the message gets
 * "hello wor". And without MAX_LENGTH a client that never sends a newline
 * fills the server's memory.
 *
 * The careful version: lib/framing/line_decoder.ts
 */

const MAX_LENGTH = 1024;
const PARTS = ["hello wor", "ld\ngood", " day\n"];

using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const sent = sendSlowly();
using conn = await listener.accept();

const buffer = new Uint8Array(1024);
const decoder = new TextDecoder(); // keeps half a character for the next read
let pending = ""; // a line whose end has not come yet
for (let count; (count = await conn.read(buffer)) !== null;) {
  const part = decoder.decode(buffer.subarray(0, count), { stream: true });
  console.log(`read: ${JSON.stringify(part)}`);
  const lines = (pending + part).split("\n");
  pending = lines.pop()!; // `!`: split gives at least one part
  for (const line of [...lines, pending]) {
    if (line.length > MAX_LENGTH) throw new Error("the line is too long");
  }
  for (const line of lines) console.log(`line: ${JSON.stringify(line)}`);
}
await sent;

/** Sends the next part 50 ms after the one before, as a slow path might. */
async function sendSlowly(): Promise<void> {
  const { port } = listener.addr;
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  for (const part of PARTS) {
    await conn.write(new TextEncoder().encode(part));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
