import { assert, assertEquals } from "@std/assert";
import { LocalServers } from "../../lib/cli/local_servers.ts";
import { TestMonitor } from "../monitor/test_monitor.ts";
import { timedTest } from "../testing.ts";

const TARGETS = 100;
const SLOW_CLIENTS = 200;
const STREAMS = 50;
const WATCHED_MS = 4000;
/** Timers are not more precise than this, in seconds. */
const PRECISION = 0.005;

type Buckets = [seconds: number, count: number][];

async function lateness(monitor: TestMonitor): Promise<Buckets> {
  const text = await (await fetch(`${monitor.url}/metrics`)).text();
  const pattern =
    /^roundtrip_monitor_lateness_seconds_bucket{le="(.*)"} (.*)$/gm;
  return [...text.matchAll(pattern)].map(([, le, count]) => [
    le === "+Inf" ? Infinity : Number(le),
    Number(count),
  ]);
}

/** The 99th percentile of what came between two readings, rounded up. */
function p99(before: Buckets, after: Buckets): number {
  const counts = after.map(([le, count], at) =>
    [le, count - before[at]![1]] as const
  );
  const all = counts.at(-1)![1];
  return counts.find(([, count]) => count >= 0.99 * all)![0];
}

timedTest(
  "Monitor's probes are not delayed by slow clients and streams of events",
  async () => {
    await using servers = new LocalServers();
    const words = Array.from(
      { length: TARGETS },
      (_, at) =>
        `{ host = "stamp:127.0.0.1:${servers.stamp.port}", name = "t${at}" }`,
    );
    await using monitor = await new TestMonitor(
      `targets = [${words.join(",")}]`,
    ).start();
    const pass = () =>
      new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
    await pass();
    const [start, alone] = [
      await lateness(monitor),
      await pass().then(() => lateness(monitor)),
    ];
    const { hostname, port } = new URL(monitor.url);
    const connect = () => Deno.connect({ hostname, port: Number(port) });
    const slow: Deno.Conn[] = [];
    for (let client = 0; client < SLOW_CLIENTS; client++) {
      const conn = await connect();
      const half = client % 2 === 0
        ? "GET /api/targets HTTP/1.1\r\nHost: 1"
        : "GET /api/targets HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
      await conn.write(new TextEncoder().encode(half)); // and reads nothing
      slow.push(conn);
    }
    const streams = await Promise.all(
      Array.from({ length: STREAMS }, () => fetch(`${monitor.url}/api/events`)),
    );
    assertEquals(streams.map(({ status }) => status), Array(STREAMS).fill(200));
    const before = await lateness(monitor);
    await pass();
    const crowded = await lateness(monitor);
    for (const conn of slow) conn.close();
    for (const { body } of streams) await body!.cancel();
    const [quietly, busily] = [p99(start, alone), p99(before, crowded)];
    assert(
      busily <= 2 * Math.max(quietly, PRECISION),
      `${quietly} s alone, ${busily} s with ${SLOW_CLIENTS} clients`,
    );
  },
);
