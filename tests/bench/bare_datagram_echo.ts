/**
 * The least that echoes datagrams: what a reflector is compared with. For each
 * line of standard input it prints how many it has echoed.
 *
 * @module
 */

import { answerCounts } from "./answer_counts.ts";

const socket = Deno.listenDatagram({
  transport: "udp",
  hostname: "127.0.0.1",
  port: 0,
});
// deno-lint-ignore no-console
console.log(`listening udp 127.0.0.1:${(socket.addr as Deno.NetAddr).port}`);
let echoed = 0;
answerCounts(() => echoed);
const buffer = new Uint8Array(65_536);
for (;;) {
  const [datagram, from] = await socket.receive(buffer);
  await socket.send(datagram, from);
  echoed += 1;
}
