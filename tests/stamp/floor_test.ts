import { assert } from "@std/assert";
import { stampFloor } from "../../lib/stamp/floor.ts";
import { StampKey } from "../../lib/stamp/key.ts";
import { openDatagrams } from "../fixtures.ts";
import { test } from "../testing.ts";

const CASES: [how: string, intervalMs: number, key?: StampKey][] = [
  ["in a closed loop", 0],
  ["signed, every 5 ms", 5, new StampKey(new Uint8Array(32))],
];

for (const [how, intervalMs, key] of CASES) {
  test(`stampFloor() measures loopback, ${how}`, async () => {
    const floor = await stampFloor(openDatagrams, {
      request: { sizeBytes: 200, ssid: 1, format: "ptp", errorUs: 1, key },
      intervalMs,
    });
    assert(floor !== null && floor.count >= 20);
    assert(floor.p50 > 0.5 && floor.p50 < 100_000, `${floor.p50} us`);
  });
}
