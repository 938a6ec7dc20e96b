import { assert, assertEquals } from "@std/assert";
import { clockOffset } from "../../lib/text/clock_offset.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

Deno.test({
  name: "clockOffset() agrees with examples added up by hand",
  permissions: "none",
  fn() {
    const cases: [number, number, number, number, number, number][] = [
      // told, resolution, asked, round trip -> offset, bound
      [1000, 0, 1000, 0, 0, 0],
      [1005, 0, 1000, 10, 0, 5],
      [1000, 1, 990, 20, 0.5, 10.5],
      [10_000, 1000, 9990, 20, 500, 510],
      [5000, 1000, 9000, 0, -3500, 500],
    ];
    for (
      const [fromMs, resolutionMs, asked, trip, offsetMs, boundMs] of cases
    ) {
      const told = { text: "", fromMs, resolutionMs };
      assertEquals(clockOffset(told, asked, trip), { offsetMs, boundMs });
    }
  },
});

Deno.test({
  name: "clockOffset() always has the true offset within its bound",
  permissions: "none",
  fn() {
    const random = seededRandom(14);
    for (let round = 0; round < 20_000; round++) {
      const trueMs = (random() - 0.5) * 1e7;
      const askedAtMs = 1e12 + random() * 1e6;
      const roundTripMs = random() * 500;
      // The server reads its clock anywhere on the way, and cuts its digits.
      const readMs = askedAtMs + random() * roundTripMs + trueMs;
      const resolutionMs = random() < 0.5 ? 1 : 1000;
      const fromMs = Math.floor(readMs / resolutionMs) * resolutionMs;
      const told = { text: "", fromMs, resolutionMs };
      const { offsetMs, boundMs } = clockOffset(told, askedAtMs, roundTripMs);
      assert(Math.abs(offsetMs - trueMs) <= boundMs + 1e-3);
    }
  },
});
