import { assert } from "@std/assert";
import { stampFloor } from "../../lib/stamp/floor.ts";
import { StampKey } from "../../lib/stamp/key.ts";
import { openDatagrams } from "../fixtures.ts";

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, timeout: 30_000, fn });
}

for (const intervalMs of [0, 5]) {
  test(`stampFloor() measures loopback, every ${intervalMs} ms`, async () => {
    for (const key of [undefined, new StampKey(new Uint8Array(32))]) {
      const floor = await stampFloor(openDatagrams, {
        request: { sizeBytes: 200, ssid: 1, format: "ptp", errorUs: 1, key },
        intervalMs,
      });
      assert(floor !== null && floor.count >= 20);
      assert(floor.p50 > 0.5 && floor.p50 < 100_000, `${floor.p50} us`);
    }
  });
}
