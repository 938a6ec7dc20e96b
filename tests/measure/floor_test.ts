import { assert, assertRejects } from "@std/assert";
import { measureFloor } from "../../lib/measure/floor.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { test } from "../testing.ts";

const { signal } = new AbortController();

function listen(): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

for (const intervalMs of [0, 5]) {
  test(`measureFloor() measures loopback, every ${intervalMs} ms`, async () => {
    const floor = await measureFloor(
      listen(),
      async ({ hostname, port }) =>
        new StreamConnection(await Deno.connect({ hostname, port })),
      { type: "rtt", sizeBytes: 100, intervalMs, signal },
    );
    assert(floor !== null && floor.count >= 20);
    assert(floor.p50 > 0.5 && floor.p50 < 100_000, `${floor.p50} us`);
  });
}

test("measureFloor() stops its server if the client cannot connect", async () => {
  const fail = () => Promise.reject(new Error("no more sockets"));
  const options = { type: "rtt", sizeBytes: 1, intervalMs: 0, signal } as const;
  await assertRejects(
    () => measureFloor(listen(), fail, options),
    Error,
    "no more sockets",
  );
});
