/**
 * Lesson 1: a TCP server that sends each client's bytes back.
 *
 *     deno run --allow-net=127.0.0.1 scripts/lessons/01_tcp_echo_server.ts
 *
 * Try: run lesson 2 in a second terminal. Then let `nc 127.0.0.1 12000` talk to
 * the server in two terminals at once.
 *
 * What goes wrong: the second client waits until the first one leaves, because
 * this server talks to one client at a time. Lesson 8 changes that. While one
 * client is silent, all others wait; lesson 7 sets a deadline.
 *
 * The careful version: lib/net/serve_streams.ts
 */

const port = Number(Deno.args[0] ?? 12000); // 0 picks a free port
// `using` closes the listener at the end of its scope, also after an error.
using listener = Deno.listen({ hostname: "127.0.0.1", port });
console.log(`listening tcp 127.0.0.1:${listener.addr.port}`);

const buffer = new Uint8Array(1024);
for await (const accepted of listener) {
  using conn = accepted; // closed at the end of this turn of the loop
  try {
    let count: number | null; // null is the end of the stream
    while ((count = await conn.read(buffer)) !== null) {
      for (let sent = 0; sent < count;) { // one write may take a part only
        sent += await conn.write(buffer.subarray(sent, count));
      }
    }
  } catch (error) { // one client's reset must not end the server
    console.error(`connection lost: ${error}`);
  }
}
