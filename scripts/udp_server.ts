#!/usr/bin/env -S deno run --unstable-net --allow-net=127.0.0.1
/**
 * Uppercase server over UDP: replies to each datagram in upper case.
 *
 * Protocol:   one text a datagram over UDP, port 12000
 * Socket:     datagram
 * Permission: --allow-net=HOST, to receive there, and the clients' addresses,
 *             to answer them; --unstable-net outside of this folder
 *
 *     $ deno task udp-server
 *     listening udp 127.0.0.1:12000
 *
 *     $ deno task udp-client 127.0.0.1 hello world
 *     HELLO WORLD
 *
 * @module
 */

import { datagramAdmission } from "../lib/cli/admission_options.ts";
import { decimal, duration, integer } from "../lib/cli/option.ts";
import { defineProgram } from "../lib/cli/program.ts";
import {
  DatagramLog,
  listen,
  listenOptions,
  TRANSFORM_OPTION,
} from "../lib/cli/server_options.ts";
import { serveDatagrams } from "../lib/net/serve_datagrams.ts";
import { uppercaseDatagrams } from "../lib/text/uppercase.ts";
import { randomSeed } from "../lib/stats/seeded_random.ts";

const share = (help: string) => decimal(help, { default: "0" });
const time = (help: string) =>
  duration(help, { min: 0, max: 60_000, default: "0" });

/** Runs the server until it is interrupted; returns the exit code. */
export const main = defineProgram({
  name: "udp-server",
  summary: "Replies to each datagram in upper case, over UDP.",
  operands: "",
  details: [
    "The options from --drop to --seed emulate an impaired path for the replies. The same --seed and the same datagrams give the same impairments. A share is from 0 to 1.",
    "A reply is never longer than its request: if the transform makes it longer, the reply is the request itself. The server sends no reply to its own port on any host, nor to the ports of services that would reply to it.",
  ],
  options: {
    ...listenOptions(12000),
    ...TRANSFORM_OPTION,
    drop: share("lose this share of the replies"),
    duplicate: share("send this share of the replies twice"),
    reorder: share(
      "hold this share back until the next reply is sent (at most 100 ms)",
    ),
    delay: time("delay each reply"),
    jitter: time("vary the delay by up to this in either direction"),
    seed: integer(
      "repeat an earlier run; by default a random seed, which is shown",
      { min: 0, max: 2 ** 32 - 1 },
    ),
    ...datagramAdmission(),
  },
  examples: ["", "--drop 0.3 --seed 1", "--delay 50ms --jitter 10ms"],
}, async (run) => {
  const { options, terminal } = run;
  const { host, port, drop, duplicate, reorder, delay, jitter } = options;
  const { seed = randomSeed() } = options;
  const socket = await listen(
    run,
    { transport: "udp", hostname: host, port },
    (address) => Deno.listenDatagram(address),
  );
  const impaired = drop + duplicate + reorder + delay + jitter > 0;
  if (impaired) terminal.info(`emulating an impaired path (seed ${seed})`);
  const delays = { delayMs: delay, jitterMs: jitter };
  const impairment = { drop, duplicate, reorder, ...delays, seed };
  const log = new DatagramLog(run);
  const service = log.counting(uppercaseDatagrams(options.transform));
  await serveDatagrams(socket, service, {
    ...log.serving,
    ...(impaired ? { impairment } : {}),
  });
  log.report();
  return 0;
});

if (import.meta.main) Deno.exit(await main(Deno.args));
