import { assert, assertEquals } from "@std/assert";
import { measureSession } from "../../lib/measure/client.ts";
import { REPLIES } from "../../lib/measure/messages.ts";
import type { StreamHandler } from "../../lib/net/serve_streams.ts";
import { ResultBuilder } from "../../lib/result/builder.ts";
import type { MeasurementResult } from "../../lib/result/schema.ts";
import { connect, streamServer } from "../fixtures.ts";
import { Relay } from "../relay.ts";
import { measure, reflector } from "../stamp/measured.ts";
import { timedTest } from "../testing.ts";

const STALL_MS = 250;
const COUNT = 200;
const INTERVAL_MS = 5;
/** The probe at which the stall begins. */
const STALLED = 50;

/**
 * What should have been sent in the stall would have waited 250, 245, 240 ... ms.
 * Of 200 probes the 20 slowest are a tenth, so the 90th percentile is
 * 250 - 20 * 5 ms.
 */
function assertStall({ probes, rtt_from_intended_us }: MeasurementResult) {
  assertEquals(probes.received, COUNT);
  const { p50, p90, max } = rtt_from_intended_us!;
  assert(p50 < 50_000, `most probes did not wait: p50 ${p50}`);
  assert(Math.abs(p90 - 150_000) < 40_000, `p90 ${p90}`);
  assert(Math.abs(max - 250_000) < 60_000, `max ${max}`);
}

/** Echoes, and holds one echo back. */
const stallingServer: StreamHandler = async (connection) => {
  for (let line; (line = await connection.readLine()) !== null;) {
    const message = new TextDecoder().decode(line);
    if (message.startsWith("s")) await connection.writeAll(REPLIES.ready);
    else if (message.startsWith("t")) {
      return await connection.writeAll(REPLIES.closing);
    } else {
      if (message.startsWith(`m ${STALLED} `)) {
        await new Promise((resolve) => setTimeout(resolve, STALL_MS));
      }
      await connection.writeAll(new TextEncoder().encode(message));
    }
  }
};

timedTest(
  "measureSession() shows a stall from the intended time, raw only once",
  async () => {
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
    const result = builder.result();
    assertStall(result);
    const { p99, max } = result.rtt_us!;
    assert(p99 < 100_000, `one probe of 200 waited: p99 ${p99}`);
    assert(Math.abs(max - 250_000) < 60_000, `max ${max}`);
  },
);

timedTest(
  "StampSession shows a stall of the path from the intended time",
  async () => {
    await using server = reflector();
    await using relay = new Relay(server.addr);
    const options = { intervalMs: INTERVAL_MS, count: COUNT, timeoutMs: 2000 };
    const { result } = await measure(relay, options, ({ sequence }) => {
      if (sequence === STALLED) relay.stall(STALL_MS);
    });
    assertStall(result);
  },
);
