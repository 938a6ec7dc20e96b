/**
 * Lesson 3: a UDP server that sends each datagram back to its sender.
 *
 *     deno run --unstable-net --allow-net=127.0.0.1 scripts/lessons/03_udp_echo_server.ts
 *
 * Try: run lesson 4 in several terminals. There is no connection to accept and
 * none to close: one socket and one loop answer every client.
 *
 * What goes wrong: a datagram longer than the buffer is cut without an error.
 * A lost datagram is not sent again. An attacker can forge the sender of a
 * datagram. If it names another echo server, the two answer each other for ever.
 *
 * The careful version: lib/net/serve_datagrams.ts
 */

const port = Number(Deno.args[0] ?? 12000); // 0 picks a free port
const socket = Deno.listenDatagram({
  transport: "udp",
  hostname: "127.0.0.1",
  port,
});
// `as` tells the compiler what it cannot know: this socket has a port.
const address = socket.addr as Deno.NetAddr;
console.log(`listening udp 127.0.0.1:${address.port}`);

const buffer = new Uint8Array(1024);
for (;;) {
  const [datagram, sender] = await socket.receive(buffer);
  try {
    await socket.send(datagram, sender);
  } catch (error) { // one client's address must not end the server
    console.error(`no reply sent: ${error}`);
  }
}
