import { assert, assertEquals } from "@std/assert";
import { measureSession } from "../../lib/measure/client.ts";
import { ResultBuilder } from "../../lib/result/builder.ts";
import type { StreamHandler } from "../../lib/net/serve_streams.ts";
import { REPLIES } from "../../lib/measure/messages.ts";
import { bytes, connect, streamServer, text } from "../fixtures.ts";

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, timeout: 30_000, fn });
}

const STALL_MS = 500;
const COUNT = 200;
const INTERVAL_MS = 10;

/** Echoes, and holds one echo back. */
const stallingServer: StreamHandler = async (connection) => {
  for (let line; (line = await connection.readLine()) !== null;) {
    const message = text(line)!;
    if (message.startsWith("s")) await connection.writeAll(REPLIES.ready);
    else if (message.startsWith("t")) {
      return await connection.writeAll(REPLIES.closing);
    } else {
      if (message.startsWith("m 50 ")) {
        await new Promise((resolve) => setTimeout(resolve, STALL_MS));
      }
      await connection.writeAll(bytes(message));
    }
  }
};

// One probe of a closed loop waits; those that should have been sent meanwhile
// are sent after it, and would have waited 490, 480 ... ms. Of 200 the 20 slowest
// are a tenth, so the 90th percentile is 500 - 20 * 10 ms.
test("measureSession() shows a stall from the intended time, raw only once", async () => {
  await using server = streamServer(stallingServer);
  const builder = new ResultBuilder({
    protocol: "measure",
    mode: "rtt",
    target: "",
    sizeBytes: 10,
    intervalMs: INTERVAL_MS,
    options: { given: {}, used: {} },
  });
  const samples = measureSession(() => connect(server), {
    setup: { type: "rtt", probes: COUNT, sizeBytes: 10, delayMs: 0 },
    warmup: 0,
    intervalMs: INTERVAL_MS,
  });
  for await (const sample of samples) builder.add(sample);
  const { rtt_us, rtt_from_intended_us } = builder.result();
  assertEquals(rtt_us!.count, COUNT);
  assert(rtt_us!.p99 < 100_000, `one probe of 200 waited: p99 ${rtt_us!.p99}`);
  assert(Math.abs(rtt_us!.max - 500_000) < 60_000, `max ${rtt_us!.max}`);
  const { p50, p90, max } = rtt_from_intended_us!;
  assert(p50 < 50_000, `most probes did not wait: p50 ${p50}`);
  assert(Math.abs(p90 - 300_000) < 40_000, `p90 ${p90}`);
  assert(Math.abs(max - 500_000) < 60_000, `max ${max}`);
});
