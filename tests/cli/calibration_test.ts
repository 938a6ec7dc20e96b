import { assert, assertRejects } from "@std/assert";
import { measureFloorUs, stampFloorUs } from "../../lib/cli/calibration.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { StampKey } from "../../lib/stamp/key.ts";
import { openDatagrams } from "../fixtures.ts";

const { signal } = new AbortController();

function dial(target: Deno.NetAddr): Promise<StreamConnection> {
  const { hostname, port } = target;
  return Deno.connect({ hostname, port })
    .then((conn) => new StreamConnection(conn));
}

/** Loopback takes some time, and on no machine a tenth of a second. */
function assertFloor(us: number | null): void {
  assert(us !== null && us > 0.5 && us < 100_000, `${us} us`);
}

for (const intervalMs of [0, 5]) {
  Deno.test(`measureFloorUs() is that of loopback, every ${intervalMs} ms`, async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const options = {
      type: "rtt",
      sizeBytes: 100,
      intervalMs,
      signal,
    } as const;
    assertFloor(await measureFloorUs(listener, dial, options));
  });

  Deno.test(`stampFloorUs() is that of loopback, every ${intervalMs} ms`, async () => {
    for (const key of [undefined, new StampKey(new Uint8Array(32))]) {
      const floorUs = await stampFloorUs(openDatagrams, {
        request: { sizeBytes: 200, ssid: 1, format: "ptp", errorUs: 1, key },
        count: Infinity,
        durationMs: Infinity,
        schedule: null,
        intervalMs,
        warmup: 0,
        timeoutMs: 10_000,
        signal,
      });
      assertFloor(floorUs);
    }
  });
}

Deno.test("measureFloorUs() stops its server if the client cannot connect", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const fail = () => Promise.reject(new Error("no more sockets"));
  const options = { type: "rtt", sizeBytes: 1, intervalMs: 0, signal } as const;
  await assertRejects(
    () => measureFloorUs(listener, fail, options),
    Error,
    "no more",
  );
});
