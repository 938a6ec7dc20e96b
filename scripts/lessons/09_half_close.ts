/**
 * Lesson 9: a client ends its own direction of a connection, and still reads.
 *
 *     deno run --allow-net=127.0.0.1 scripts/lessons/09_half_close.ts
 *
 * Try: remove the line with `closeWrite`. The server waits for more bytes, the
 * client waits for the answer, and neither ends.
 *
 * What goes wrong: `close` instead of `closeWrite` ends both directions. The
 * answer cannot arrive, and the next read fails with BadResource.
 *
 * The careful version: lib/net/stream_connection.ts
 */

using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const served = countBytes();

const { port } = listener.addr;
using conn = await Deno.connect({ hostname: "127.0.0.1", port });
await conn.write(new TextEncoder().encode("a request of"));
await conn.write(new TextEncoder().encode(" unknown length"));
await conn.closeWrite(); // the server's read gives null
const reply = new Uint8Array(100);
for (let count; (count = await conn.read(reply)) !== null;) {
  console.log(new TextDecoder().decode(reply.subarray(0, count)));
}
await served;

/** Reads a request to its end, and answers with its length. */
async function countBytes(): Promise<void> {
  using conn = await listener.accept();
  const buffer = new Uint8Array(1024);
  let total = 0;
  for (let count; (count = await conn.read(buffer)) !== null;) total += count;
  await conn.write(new TextEncoder().encode(`the server read ${total} bytes`));
}
