/**
 * Many clients that wait out a server's delay, each over and over, until this
 * process is ended: `crowd.ts PORT CLIENTS DELAY_MS`.
 *
 * @module
 */

import { measureSession } from "../../lib/measure/client.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { sleepUntil } from "../../lib/timing/sleep.ts";

const [port = 0, clients = 0, delayMs = 0] = Deno.args.map(Number);
for (let index = 0; index < clients; index++) {
  void wait();
  // Spread over the delay, as clients that know nothing of each other are.
  await sleepUntil(performance.now() + delayMs / clients);
}
// deno-lint-ignore no-console
console.log("waiting");

async function wait(): Promise<void> {
  const samples = measureSession(
    async () =>
      new StreamConnection(await Deno.connect({ hostname: "127.0.0.1", port })),
    {
      setup: { type: "rtt", probes: 1_000_000, sizeBytes: 64, delayMs },
      warmup: 0,
      intervalMs: 0,
    },
  );
  for await (const _ of samples);
}
