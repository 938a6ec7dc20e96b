/**
 * Lesson 5: TCP does not keep messages apart, UDP does.
 *
 *     deno run --unstable-net --allow-net=127.0.0.1 scripts/lessons/05_message_boundaries.ts
 *
 * Try: make the buffer 4 bytes long. TCP then needs more reads and loses
 * nothing. UDP cuts "three" to "thre", and the last letter is lost.
 *
 * What goes wrong: a program that takes one read for one message works while
 * each message is read before the next one is sent, and fails on a busy path.
 * Lesson 6 finds the messages in the stream.
 *
 * The careful version: lib/framing/line_decoder.ts
 */

const hostname = "127.0.0.1";
const messages = ["one", "two", "three"];
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const buffer = new Uint8Array(1024);

using listener = Deno.listen({ hostname, port: 0 });
const client = await Deno.connect({ hostname, port: listener.addr.port });
using conn = await listener.accept();
for (const text of messages) await client.write(encode(text));
client.close();
for (let count; (count = await conn.read(buffer)) !== null;) {
  console.log(`TCP read:    ${decode(buffer.subarray(0, count))}`);
}

const open = () => Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
const [sender, receiver] = [open(), open()];
for (const text of messages) await sender.send(encode(text), receiver.addr);
for (const _ of messages) { // on a real path, with lesson 4's deadline
  const [datagram] = await receiver.receive(buffer);
  console.log(`UDP receive: ${decode(datagram)}`);
}
sender.close();
receiver.close();
