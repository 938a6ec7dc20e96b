/**
 * Debian's Prometheus scrapes two monitors, discovers their targets and lets them
 * probe; its queries give the numbers of the monitors' own interface.
 */

import { assert, assertEquals } from "@std/assert";
import { LocalServers } from "../../lib/cli/local_servers.ts";
import type { TargetList } from "../../lib/monitor/api.ts";
import { TestMonitor, TOKEN } from "../monitor/test_monitor.ts";
import { ScratchFolder } from "../scratch.ts";
import { interopTest } from "./programs.ts";

const DEPLOY = new URL("../../deploy/", import.meta.url).pathname;

async function promtool(args: string[], input = ""): Promise<void> {
  const child = new Deno.Command("promtool", {
    ...{ args, stdin: "piped", stdout: "piped", stderr: "piped" },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const said = new TextDecoder().decode(stdout) +
    new TextDecoder().decode(stderr);
  assert(success, said);
}

interopTest(
  ["promtool"],
  "promtool accepts the metrics, the rules and the configuration",
  async () => {
    await using servers = new LocalServers();
    await using monitor = await new TestMonitor(`
      interval = "100ms"
      targets = ["stamp:127.0.0.1:${servers.stamp.port}"]
    `).start();
    await monitor.event("status", () => true);
    for (
      const path of [
        "/metrics",
        `/probe?target=127.0.0.1:${servers.stamp.port}`,
      ]
    ) {
      const response = await fetch(monitor.url + path);
      await promtool(["check", "metrics"], await response.text());
    }
    const rules = ["recording", "alerts"].map((name) =>
      `${DEPLOY}roundtrip_${name}.yml`
    );
    await promtool(["check", "rules", ...rules]);
    // Its files of tokens are those of a machine of its own.
    await promtool([
      "check",
      "config",
      "--syntax-only",
      `${DEPLOY}prometheus.yml`,
    ]);
  },
);

interopTest(
  ["prometheus"],
  "Prometheus scrapes two monitors, and lets one probe what it lists",
  async () => {
    await using servers = new LocalServers();
    const toml = (name: string) => `
      name = "${name}"
      interval = "100ms"
      targets = [
        { host = "stamp:127.0.0.1:${servers.stamp.port}", name = "echo" },
        { host = "connect:127.0.0.1:${servers.measure.port}", name = "web" },
      ]
    `;
    const guarded = { token: TOKEN, anyName: true };
    await using north = await new TestMonitor(toml("north"), guarded).start();
    await using south = await new TestMonitor(toml("south"), guarded).start();
    using scratch = new ScratchFolder();
    const token = scratch.file("token", TOKEN);
    const authorization = `authorization: { credentials_file: ${token} }`;
    const [first, second] = [north, south].map(({ url }) => new URL(url).host);
    const config = (await Deno.readTextFile(`${DEPLOY}prometheus.yml`))
      .replaceAll("/etc/prometheus/roundtrip.token", token)
      .replaceAll("monitor-north.example:8080", first!)
      .replaceAll("monitor-south.example:8080", second!)
      .replace(
        "scrape_interval: 15s",
        "scrape_interval: 2s\n  scrape_timeout: 2s",
      )
      .replaceAll(/roundtrip_(recording|alerts).yml/g, `${DEPLOY}$&`);
    assert(config.includes("credentials_file"), authorization);
    const file = scratch.file("prometheus.yml", config);
    const port = freePort();
    const child = new Deno.Command("prometheus", {
      args: [
        `--config.file=${file}`,
        `--storage.tsdb.path=${scratch.path}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      ...{ stdout: "null", stderr: "null" },
    }).spawn();
    try {
      const ask = async (query: string): Promise<Map<string, number>> => {
        const url = new URL(`http://127.0.0.1:${port}/api/v1/query`);
        url.searchParams.set("query", query);
        const response = await fetch(url).catch(() => null);
        if (!response?.ok) {
          await response?.body?.cancel();
          return new Map();
        }
        const { data } = await response.json();
        return new Map(
          data.result.map((
            { metric, value }: {
              metric: Record<string, string>;
              value: [number, string];
            },
          ) => [
            `${metric.instance ?? ""} ${metric.target ?? ""}`.trim(),
            Number(value[1]),
          ]),
        );
      };
      const until = async (query: string, count: number) => {
        for (let tries = 0; tries < 80; tries++) {
          const found = await ask(query);
          if (found.size === count) return found;
          await new Promise((resolve) => setTimeout(resolve, 500));
        }
        throw new Error(`${query} gives ${(await ask(query)).size} values`);
      };
      assertEquals([...(await until("probe_success == 1", 2)).keys()].sort(), [
        "echo",
        "web",
      ]);
      await until("roundtrip_rtt_seconds_count > 20", 4);
      const headers = { authorization: `Bearer ${TOKEN}` };
      for (const monitor of [north, south]) {
        const { targets } = await monitor.json<TargetList>("/api/targets", {
          headers,
        });
        const instance = new URL(monitor.url).host;
        const sent = await ask("roundtrip_probes_total");
        const lost = await ask("roundtrip_probes_lost_total");
        const p50 = await ask(
          "histogram_quantile(0.5, roundtrip_rtt_seconds_bucket)",
        );
        for (const { id, hour } of targets) {
          const key = `${instance} ${id}`;
          // A scrape is at most three seconds old, and the list one.
          assert(Math.abs(sent.get(key)! - hour.sent) <= 40, key);
          assertEquals(lost.get(key), hour.lost);
          // Buckets of Prometheus's are twice as long as those before.
          const ratio = p50.get(key)! * 1e6 / hour.rtt!.p50_us;
          assert(ratio > 0.45 && ratio < 2.2, `${key}: ${ratio}`);
        }
      }
      assertEquals((await ask("roundtrip_target_up == 1")).size, 4);
    } finally {
      child.kill("SIGTERM");
      await child.status;
    }
  },
);

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
