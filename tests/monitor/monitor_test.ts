import { assert, assertEquals } from "@std/assert";
import type { Mesh, Series, TargetList } from "../../lib/monitor/api.ts";
import { LocalServers } from "../../lib/cli/local_servers.ts";
import { parseNetworks } from "../../lib/net/networks.ts";
import { parseConfig } from "../../lib/monitor/config.ts";
import { TestMonitor, TOKEN } from "./test_monitor.ts";

Deno.test("Monitor measures, keeps and serves", async () => {
  await using servers = new LocalServers();
  await using monitor = await new TestMonitor(`
    name = "here"
    interval = "100ms"
    targets = [{ host = "stamp:127.0.0.1:${servers.stamp.port}", name = "a" }]
  `).start();
  const { targets: [live] } = await monitor.event("status", () => true);
  assertEquals([live!.id, live!.state, live!.lost], ["a~stamp~4", "up", 0]);
  const list = await monitor.json<TargetList>("/api/targets");
  assertEquals([list.name, list.version, list.store_error], [
    "here",
    "1.2.3",
    null,
  ]);
  assertEquals(list.targets.map(({ id }) => id), ["a~stamp~4"]);
  const [target] = list.targets;
  assert(target!.last_rtt_us! > 0 && target!.hour.rtt!.count > 3);
  const series = await monitor.json<Series>("/api/series?target=a~stamp~4");
  assert(series.total.rtt!.count >= target!.hour.rtt!.count);
  assertEquals(series.counts.sent.length, series.t.length);
  assert(series.forward !== null && series.backward !== null);
});

Deno.test("Monitor asks for its token, except of a page and of its health", async () => {
  await using monitor = await new TestMonitor(
    `targets = ["connect:127.0.0.1:9"]`,
    { token: TOKEN, anyName: true },
  ).start();
  const authorization = `Bearer ${TOKEN}`;
  for (const path of ["/api/targets", "/api/events", "/metrics", "/sd"]) {
    assertEquals(await monitor.status(path), 401, path);
    for (const wrong of ["", "Bearer", "Bearer x", `Basic ${TOKEN}`]) {
      const headers = { authorization: wrong };
      assertEquals(await monitor.status(path, { headers }), 401, wrong);
    }
  }
  const headers = { authorization };
  assertEquals(await monitor.status("/api/targets", { headers }), 200);
  assertEquals(await monitor.status("/-/reload", { method: "POST" }), 401);
  for (const path of ["/", "/-/healthy", "/-/ready"]) {
    assertEquals(await monitor.status(path), 200, path);
  }
});

Deno.test("Monitor answers a wrong request with what is wrong", async () => {
  await using monitor = await new TestMonitor(
    `targets = ["connect:127.0.0.1:9"]`,
  ).start();
  for (
    const [path, status, error] of [
      ["/api/series", 400, "The query needs target=ID"],
      ["/api/series?target=x", 404, "There is no target x"],
      ["/api/series?target=x&columns=1e9", 400, "columns is from 1 to 2000"],
      ["/api/series?target=x&from=y", 400, 'from is a number, not "y"'],
      [
        "/api/outages?from=2&to=1",
        400,
        "from must be before to, both in Unix seconds",
      ],
      ["/api/none", 404, "There is no /api/none"],
    ] as const
  ) {
    const response = await fetch(monitor.url + path);
    assertEquals([response.status, await response.json()], [status, { error }]);
  }
  assertEquals(await monitor.status("/api/targets", { method: "POST" }), 405);
  assertEquals(await monitor.status("/-/reload"), 405);
  const span = "from=-1e300&to=1e300&columns=2000";
  const id = "127.0.0.1:9~connect~4";
  const path = `/api/series?target=${id}&${span}`;
  assertEquals(await monitor.status(path), 200);
});

Deno.test("Monitor answers by the address of a request, and limits each source", async () => {
  const toml = `targets = ["connect:127.0.0.1:9"]`;
  await using monitor = await new TestMonitor(toml, {
    admission: { deny: parseNetworks("127.0.0.0/8") },
    logsRefused: true,
  }).start();
  for (const path of ["/", "/api/targets", "/-/healthy", "/none"]) {
    assertEquals(await monitor.status(path), 403, path);
  }
  await monitor.restart(toml, {
    admission: { limits: { maxPerSource: 1, maxConnectsPerSec: 1000 } },
  });
  const stream = await fetch(`${monitor.url}/api/events`);
  assertEquals([stream.status, await monitor.status("/")], [200, 429]);
  await stream.body!.cancel();
  while (await monitor.status("/") !== 200); // until the stream has ended
  await monitor.restart(toml, {
    admission: { limits: { maxConnectsPerSec: 1 } },
  });
  assertEquals(await monitor.status("/"), 200);
  while (await monitor.status("/") !== 429);
  await monitor.stop();
  assertEquals(monitor.log.filter((line) => /refused/.test(line)).length, 4);
});

Deno.test("Monitor cannot be read by a name that points to it", async () => {
  await using monitor = await new TestMonitor(
    `targets = ["connect:127.0.0.1:9"]`,
  ).start();
  const { port } = new URL(monitor.url);
  using conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: Number(port),
  });
  const request = `GET /api/targets HTTP/1.1\r\nHost: evil.example\r\n\r\n`;
  await conn.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(1000);
  const count = await conn.read(buffer);
  const answer = new TextDecoder().decode(buffer.subarray(0, count!));
  assert(answer.startsWith("HTTP/1.1 403"), answer);
});

Deno.test("Monitor tells an outage, its end and its losses", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  await using monitor = await new TestMonitor(`
    interval = "100ms"
    targets = [{ host = "connect:127.0.0.1:${port}", name = "a" }]
  `).start();
  await monitor.event("status", ({ targets }) => targets[0]!.state === "up");
  listener.close();
  const outage = await monitor.event("outage", () => true);
  assertEquals([outage.target, outage.end], ["a~connect~4", null]);
  using _again = Deno.listen({ hostname: "127.0.0.1", port });
  const ended = await monitor.event("outage", ({ end }) => end !== null);
  assertEquals(ended.start, outage.start);
  const { outages } = await monitor.json<{ outages: typeof ended[] }>(
    "/api/outages",
  );
  assertEquals(outages, [ended]);
  const series = await monitor.json<Series>("/api/series?target=a~connect~4");
  assertEquals(series.total.lost, ended.lost);
});

Deno.test("Monitor reads its configuration again, and keeps the old one if it is wrong", async () => {
  let toml = `targets = ["connect:127.0.0.1:9"]`;
  await using monitor = await new TestMonitor(toml, {
    reread: () => parseConfig(toml),
  }).start();
  const reload = async () => {
    const response = await fetch(`${monitor.url}/-/reload`, { method: "POST" });
    return [response.status, await response.text()];
  };
  toml = `targets = ["connect:127.0.0.1:9", "connect:127.0.0.1:7"]`;
  assertEquals(await reload(), [200, "reloaded\n"]);
  await monitor.event(
    "status",
    ({ targets }) => targets.some(({ id }) => id === "127.0.0.1:7~connect~4"),
  );
  toml = "targets = 7";
  assertEquals(await reload(), [
    400,
    "targets is a list of targets in brackets\n",
  ]);
  const { targets } = await monitor.json<TargetList>("/api/targets");
  assertEquals(targets.length, 2);
});

Deno.test("Monitor goes on measuring when the store is full, and says so", async () => {
  await using servers = new LocalServers();
  const words = Array.from(
    { length: 60 },
    (_, at) =>
      `{ host = "stamp:127.0.0.1:${servers.stamp.port}", name = "t${at}" }`,
  );
  await using monitor = await new TestMonitor(
    `interval = "200ms"\ntargets = [${words.join(",")}]`,
    { maxBytes: 40_000 },
  ).start();
  const { error } = await monitor.event("store", () => true);
  assertEquals(error, "the disk is full");
  assert(
    monitor.log[0]!.startsWith("cannot keep measurements: the disk is full"),
  );
  const count = async () => {
    const list = await monitor.json<TargetList>("/api/targets");
    assertEquals(list.store_error, "the disk is full");
    return list.targets.reduce((sum, { hour }) => sum + hour.sent, 0);
  };
  const before = await count();
  await monitor.event("status", () => true);
  await monitor.event("status", () => true);
  assert(await count() > before);
  const metrics = await (await fetch(`${monitor.url}/metrics`)).text();
  assert(metrics.includes("roundtrip_monitor_store_failed 1"));
});

Deno.test("Monitor shows its agents' targets beside its own", async () => {
  await using there = await new TestMonitor(
    `name = "there"\ntargets = ["connect:127.0.0.1:7"]`,
    { token: TOKEN },
  ).start();
  const toml = `
    name = "here"
    targets = ["connect:127.0.0.1:9"]
    [[agent]]
    name = "north"
    url = "${there.url}"
    token_file = "token"
    [[agent]]
    name = "gone"
    url = "http://127.0.0.1:1"
  `;
  await using here = await new TestMonitor(toml, {
    config: parseConfig(toml, () => TOKEN),
  }).start();
  await until(async () => {
    const { sources } = await here.json<Mesh>("/api/mesh");
    return sources.map(({ name, targets }) => `${name} ${targets.length}`)
      .join() === "here 1,north 1,gone 0";
  });
  const { sources: [own, , gone] } = await here.json<Mesh>("/api/mesh");
  assertEquals([own!.url, own!.error], [null, null]);
  assert(gone!.error !== null);
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((done) => setTimeout(done, 100));
}
