/**
 * Lesson 10: a message in two writes can take 40 ms longer than in one, because
 * of Nagle's algorithm.
 *
 *     deno run --allow-net=127.0.0.1 scripts/lessons/10_nagle.ts
 *
 * Try: watch it with `tcpdump -i lo tcp`. The second write leaves only when the
 * first one is acknowledged, and the receiver delays that.
 *
 * What goes wrong: a program that writes a header and then a body waits 40 ms
 * at each request. Write a message in one call. `setNoDelay` helps as well, at
 * the price of more and smaller segments.
 *
 * The careful version: lib/measure/client.ts
 */

const ROUNDS = 20;
const MESSAGE = new TextEncoder().encode("head and body\n");

using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const { port } = listener.addr;
await measure("two writes, Nagle on: ", [4, MESSAGE.length], false);
await measure("two writes, Nagle off:", [4, MESSAGE.length], true);
await measure("one write,  Nagle on: ", [MESSAGE.length], false);

async function measure(title: string, ends: number[], noDelay: boolean) {
  using client = await Deno.connect({ hostname: "127.0.0.1", port });
  using server = await listener.accept();
  client.setNoDelay(noDelay);
  const buffer = new Uint8Array(MESSAGE.length);
  const startMs = performance.now();
  for (let round = 0; round < ROUNDS; round++) {
    let sent = 0;
    for (const end of ends) {
      sent += await client.write(MESSAGE.subarray(sent, end));
    }
    for (let got = 0; got < buffer.length;) { // null (the end) ends the loop
      got += await server.read(buffer.subarray(got)) ?? buffer.length;
    }
    await server.write(Uint8Array.of(0x2e)); // one byte answers the message
    await client.read(new Uint8Array(1));
  }
  const ms = (performance.now() - startMs) / ROUNDS;
  console.log(`${title} ${ms.toFixed(2)} ms a round trip`);
}
