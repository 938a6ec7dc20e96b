/**
 * Lesson 7: a deadline on the wait for a message.
 *
 *     deno run --allow-net=127.0.0.1 scripts/lessons/07_deadline.ts
 *
 * Try: restart the timer before each read. The server sends a byte every 100 ms,
 * so no single read is late, and the client never gives up.
 *
 * What goes wrong: `read` has no deadline of its own. `Promise.race` with a timer
 * does not end the read, and the pending read keeps the process alive. Closing
 * the connection ends the read.
 *
 * The careful version: lib/net/stream_connection.ts
 */

using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const served = serveSlowly();

const { port } = listener.addr;
const conn = await Deno.connect({ hostname: "127.0.0.1", port });
const deadline = setTimeout(() => conn.close(), 500); // for the whole message
let received = 0;
try {
  const buffer = new Uint8Array(1024);
  for (let count; (count = await conn.read(buffer)) !== null;) {
    received += count;
    if (buffer[count - 1] === 0x0a) break; // the newline ends the message
  }
  clearTimeout(deadline);
  conn.close();
} catch (error) {
  if (!(error instanceof Deno.errors.Interrupted)) throw error;
  console.log(`no whole message within 500 ms, only ${received} bytes`);
}
await served;

/** Sends one byte every 100 ms, and never a newline. */
async function serveSlowly(): Promise<void> {
  using conn = await listener.accept();
  const dot = Uint8Array.of(0x2e);
  while (await conn.write(dot).catch(() => 0)) { // until the client is gone
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
