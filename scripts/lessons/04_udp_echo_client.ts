/**
 * Lesson 4: a UDP client that sends one datagram and waits for the reply.
 *
 *     deno run --unstable-net --allow-net=127.0.0.1 scripts/lessons/04_udp_echo_client.ts
 *
 * Try: start lesson 3 first. Then stop it, and run this client again.
 *
 * What goes wrong: without a server `send` succeeds all the same, and nothing
 * comes back. Only a deadline ends the wait. A text of more than 1024 bytes
 * comes back cut, because the server's buffer is that long.
 *
 * The careful version: lib/net/datagram_socket.ts
 */

const [text = "hello", port = "12000"] = Deno.args;
const transport = "udp";
const hostname = "127.0.0.1";
const server: Deno.NetAddr = { transport, hostname, port: Number(port) };
const socket = Deno.listenDatagram({ transport, hostname, port: 0 });
await socket.send(new TextEncoder().encode(text), server);

const deadline = setTimeout(() => socket.close(), 1000); // ends the receive
try {
  const buffer = new Uint8Array(65_536); // longer than any datagram
  let datagram, sender;
  do { // anyone can send to this socket: take replies from the server's port
    [datagram, sender] = await socket.receive(buffer);
  } while ((sender as Deno.NetAddr).port !== server.port);
  console.log(new TextDecoder().decode(datagram));
  clearTimeout(deadline);
  socket.close();
} catch (error) {
  if (!(error instanceof Deno.errors.Interrupted)) throw error;
  console.log("no reply within 1 s");
}
