import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "npm:fast-check@^4.3.0";
import { LogHistogram } from "../../lib/stats/log_histogram.ts";
import { pureTest as test } from "../testing.ts";

function of(delays: number[]): LogHistogram {
  const histogram = new LogHistogram();
  for (const us of delays) histogram.record(us);
  return histogram;
}

const DELAYS = fc.array(fc.double({ min: 0, max: 8.64e10, noNaN: true }), {
  minLength: 1,
});

test("LogHistogram has no quantile without a delay", () => {
  assertEquals(new LogHistogram().quantiles([0, 0.5, 1]), [null, null, null]);
  assertEquals(LogHistogram.decode(new LogHistogram().encode()).count, 0);
});

test("LogHistogram.quantiles() are within 1.1 % of the sorted delays", () => {
  fc.assert(fc.property(
    DELAYS,
    fc.double({ min: 0, max: 1, noNaN: true }),
    (delays, share) => {
      const sorted = delays.toSorted((one, other) => one - other);
      const rank = Math.max(1, Math.ceil(share * sorted.length));
      const expected = sorted[rank - 1]!;
      const found = of(delays).quantile(share)!;
      assertAlmostEquals(found, expected, expected * 0.011 + 0.001);
    },
  ));
});

test("LogHistogram.merge() gives the histogram of all delays", () => {
  fc.assert(fc.property(DELAYS, DELAYS, (one, other) => {
    const merged = of(one);
    merged.merge(of(other));
    const decoded = of(one);
    decoded.mergeEncoded(of(other).encode());
    const all = of([...one, ...other]);
    assertEquals(merged.encode(), decoded.encode());
    assertEquals([merged.count, merged.min, merged.max], [
      all.count,
      all.min,
      all.max,
    ]);
    assertEquals(merged.quantiles([0.1, 0.9]), all.quantiles([0.1, 0.9]));
  }));
});

test("LogHistogram.encode() takes two bytes for a bucket of a minute", () => {
  const bytes = of(Array.from({ length: 60 }, (_, at) => 12_000 + at * 10))
    .encode();
  assertEquals(bytes.length < 40, true, `${bytes.length} bytes`);
});

test("LogHistogram.decode() rejects truncated bytes", () => {
  const bytes = of([5, 500]).encode();
  assertThrows(() => LogHistogram.decode(bytes.subarray(0, 20)), RangeError);
  assertThrows(
    () => LogHistogram.decode(bytes.subarray(0, bytes.length - 1)),
    RangeError,
  );
});
