/**
 * A STAMP reflector without a limit to its rate. For each line of standard input
 * it prints how many datagrams it has reflected.
 *
 * @module
 */

import { serveDatagrams } from "../../lib/net/serve_datagrams.ts";
import { StampReflector } from "../../lib/stamp/reflector.ts";
import { answerCounts } from "./answer_counts.ts";

const socket = Deno.listenDatagram({
  transport: "udp",
  hostname: "127.0.0.1",
  port: 0,
});
// deno-lint-ignore no-console
console.log(`listening udp 127.0.0.1:${(socket.addr as Deno.NetAddr).port}`);
const reflector = new StampReflector();
answerCounts(() => reflector.counts.reflected);
await serveDatagrams(socket, reflector.answer, {
  maxRatePerSec: 2 ** 20,
});
