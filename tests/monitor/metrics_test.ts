import { assert, assertEquals } from "@std/assert";
import { LocalServers } from "../../lib/cli/local_servers.ts";
import { timedTest } from "../testing.ts";
import { TestMonitor } from "./test_monitor.ts";

/** The value of a sample, or the sum of those whose labels match. */
function valueOf(text: string, sample: RegExp): number {
  return text.split("\n").filter((line) => sample.test(line))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  const type = response.headers.get("content-type")!;
  return { status: response.status, type, text: await response.text() };
}

timedTest(
  "/metrics has a histogram for each target and direction, in seconds",
  async () => {
    await using servers = new LocalServers();
    await using monitor = await new TestMonitor(`
    interval = "100ms"
    targets = [
      { host = "stamp:127.0.0.1:${servers.stamp.port}", name = "a", labels = { site = "x" } },
      { host = "connect:127.0.0.1:${servers.measure.port}", name = "b" },
    ]
  `).start();
    await monitor.event("status", () => true);
    await monitor.event("status", () => true);
    const { type, text } = await get(`${monitor.url}/metrics`);
    assertEquals(type, "text/plain; version=0.0.4; charset=utf-8");
    const of = (name: string, target: string, more = "") =>
      valueOf(
        text,
        new RegExp(`^roundtrip_${name}{target="${target}".*${more}`),
      );
    for (const target of ["a~stamp~4", "b~connect~4"]) {
      const sent = of("probes_total", target);
      assert(sent >= 5);
      assertEquals(of("probes_lost_total", target), 0);
      assertEquals(of("rtt_seconds_count", target), sent);
      const mean = of("rtt_seconds_sum", target) / sent;
      assert(mean > 1e-5 && mean < 0.1);
      assertEquals(of("target_up", target), 1);
    }
    for (const direction of ["forward", "backward"]) {
      const count = of(
        "one_way_variation_seconds_count",
        "a~stamp~4",
        direction,
      );
      assertEquals(count, of("probes_total", "a~stamp~4"));
    }
    assert(/^roundtrip_target_info{.*label_site="x".*} 1$/m.test(text));
    assert(valueOf(text, /^roundtrip_monitor_lateness_seconds_count/) > 5);
    assert(valueOf(text, /^roundtrip_monitor_store_bytes/) > 0);
  },
);

Deno.test("/metrics gives some figures alone, by name", async () => {
  await using monitor = await new TestMonitor(
    `targets = ["connect:127.0.0.1:9"]`,
  ).start();
  const name = "roundtrip_monitor_targets";
  const { text } = await get(`${monitor.url}/metrics?name=${name}&name=none`);
  const lines = text.split("\n");
  assertEquals(lines.slice(0, 2), [
    `# HELP ${name} Targets.`,
    `# TYPE ${name} gauge`,
  ]);
  assertEquals([lines[2]!.split(" ")[0], ...lines.slice(3)], [name, ""]);
});

Deno.test("/metrics is OpenMetrics for a reader that prefers it", async () => {
  await using monitor = await new TestMonitor(
    `targets = ["connect:127.0.0.1:9"]`,
  ).start();
  const url = `${monitor.url}/metrics`;
  for (
    const [accept, isOpen] of [
      ["application/openmetrics-text;version=1.0.0,text/plain;q=0.5", true],
      [
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.9",
        false,
      ],
      ["text/html, */*", false],
    ] as const
  ) {
    const { type, text } = await get(url, { accept });
    assertEquals(
      type.startsWith("application/openmetrics-text"),
      isOpen,
      accept,
    );
    assertEquals(text.endsWith("# EOF\n"), isOpen);
  }
});

timedTest("/probe probes several times, and only what is allowed", async () => {
  await using servers = new LocalServers();
  const { port } = servers.measure;
  await using monitor = await new TestMonitor(`
    targets = [{ host = "connect:127.0.0.1:${port}", name = "web" }]
    allow = ["stamp:127.0.0.1:${servers.stamp.port}"]
  `).start();
  const probe = (query: string) => get(`${monitor.url}/probe?${query}`);
  for (
    const query of [
      "target=web&count=3&interval=20ms",
      `target=127.0.0.1:${port}&module=connect&count=3&interval=20ms`,
      `target=stamp:127.0.0.1:${servers.stamp.port}&count=3&interval=20ms`,
    ]
  ) {
    const { status, text } = await probe(query);
    assertEquals(status, 200, text);
    const value = (name: string) =>
      valueOf(text, new RegExp(`^probe_${name} `));
    assertEquals([value("success"), value("sent"), value("lost")], [1, 3, 0]);
    assertEquals(valueOf(text, /^probe_rtt_seconds_count /), 3);
    assert(value("rtt_min_seconds") <= value("rtt_max_seconds"));
  }
  for (
    const [query, status] of [
      ["target=127.0.0.1:22&module=connect", 403],
      [`target=measure:127.0.0.1:${port}`, 403],
      ["target=127.0.0.1", 403],
      ["", 400],
      ["target=web&count=1000", 400],
      ["target=web&interval=1ms", 400],
      ["target=web&count=100&interval=1s", 400],
      ["target=a/b", 400],
    ] as const
  ) assertEquals((await probe(query)).status, status, query);
});

timedTest(
  "/probe tells a target that does not answer, before the scrape's timeout",
  async () => {
    await using monitor = await new TestMonitor(
      `targets = ["stamp:127.0.0.1:9"]`,
    ).start();
    const headers = { "x-prometheus-scrape-timeout-seconds": "1" };
    const url = `${monitor.url}/probe?target=127.0.0.1:9&count=2&interval=10ms`;
    const startMs = performance.now();
    const { status, text } = await get(url, headers);
    assert(performance.now() - startMs < 1500);
    assertEquals(status, 200);
    assertEquals(valueOf(text, /^probe_success /), 0);
    assertEquals(valueOf(text, /^probe_lost /), 2);
  },
);

Deno.test("/sd lists the targets for /probe", async () => {
  await using monitor = await new TestMonitor(`
    [[group]]
    name = "g"
    targets = [{ host = "connect:127.0.0.1:9", name = "web", labels = { site = "x" } }]
  `).start();
  const { type, text } = await get(`${monitor.url}/sd`);
  assertEquals(type, "application/json");
  assertEquals(JSON.parse(text), [{
    targets: ["web"],
    labels: {
      __meta_roundtrip_group: "g",
      __meta_roundtrip_host: "127.0.0.1",
      __meta_roundtrip_label_site: "x",
      __param_module: "connect",
    },
  }]);
});
