import { assert, assertEquals } from "@std/assert";
import { Relay } from "../relay.ts";
import { measure, reflector } from "../stamp/measured.ts";
import { timedTest } from "../testing.ts";

for (const delayMs of [5, 20]) {
  timedTest(`StampSession measures a path of ${delayMs} ms`, async () => {
    await using server = reflector();
    await using relay = new Relay(server.addr, {
      forward: () => ({ delayMs: delayMs / 5 }),
      backward: () => ({ delayMs: delayMs * 4 / 5 }),
    });
    const options = { intervalMs: 5, warmup: 20, timeoutMs: 4000 };
    const { result } = await measure(relay, options);
    assertEquals(result.probes.lost, 0);
    // A busy machine may delay any probe, but hardly all of them.
    const minMs = result.rtt_us!.min / 1000;
    assert(minMs >= delayMs && minMs < 1.5 * delayMs + 3, `${minMs} ms`);
  });
}

timedTest("StampSession tells the two ways of a path apart", async () => {
  await using server = reflector();
  await using relay = new Relay(server.addr, {
    forward: (sequence) => ({ delayMs: sequence % 2 ? 20 : 0 }),
  });
  const { result } = await measure(relay, { intervalMs: 2, timeoutMs: 4000 });
  const { clock_offset_us, clock_bound_us, forward, backward } = result
    .one_way!;
  // Both clocks are this machine's.
  assert(Math.abs(clock_offset_us!) <= clock_bound_us! + 1000);
  assert(forward.variation_us!.p90 > 19_000, "half of them took 20 ms there");
  assert(backward.variation_us!.p50 < 10_000, "none did on the way back");
});
