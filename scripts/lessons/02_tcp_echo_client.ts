/**
 * Lesson 2: a TCP client that sends a text and reads as many bytes back.
 *
 *     deno run --allow-net=127.0.0.1 scripts/lessons/02_tcp_echo_client.ts
 *
 * Try: start lesson 1 first, and give this client a text of your own and the
 * server's port: `... 02_tcp_echo_client.ts "good day" 12000`.
 *
 * What goes wrong: without a server, `Deno.connect` fails with
 * ConnectionRefused. A server that sends fewer bytes back, and keeps the
 * connection open, makes the client wait for ever: lesson 7 sets a deadline.
 *
 * The careful version: lib/net/stream_connection.ts
 */

const [text = "hello", port = "12000"] = Deno.args;
using conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });

const message = new TextEncoder().encode(text);
for (let sent = 0; sent < message.length;) {
  sent += await conn.write(message.subarray(sent));
}

const reply = new Uint8Array(message.length);
let received = 0;
while (received < reply.length) { // one read may give a part only
  const count = await conn.read(reply.subarray(received));
  if (count === null) break; // the server closed the connection
  received += count;
}
console.log(new TextDecoder().decode(reply.subarray(0, received)));
