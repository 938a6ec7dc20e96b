/**
 * What a monitor of 1000 targets takes of a processor, and how late its probes
 * are.
 *
 * @module
 */

import { LATENESS_BUCKETS } from "../../lib/monitor/metrics.ts";
import { ScratchFolder } from "../scratch.ts";
import { Helper, pinned, report } from "./harness.ts";

const TARGETS = 1000;
const SETTLE_MS = 5000;
const SECONDS = 20;
const BARE_SECONDS = 10;
const MAX_PERCENT = 50;
const MAX_LATE_MS = 5;
/** All figures of so many targets take a second of a processor. */
const NAMES = [
  "process_cpu_seconds_total",
  "roundtrip_monitor_lateness_seconds",
  "roundtrip_probes_lost_total",
  "roundtrip_probes_unknown_total",
];

/** Prints all figures of it. */
export async function monitorFigures(): Promise<void> {
  using folder = new ScratchFolder();
  await using reflector = new Helper("reflector");
  const port = await reflector.number();
  const words = Array.from(
    { length: TARGETS },
    (_, at) => `{ host = "stamp:127.0.0.1:${port}", name = "t${at}" }`,
  );
  const bareMs = await bareLateness();
  const config = folder.file("monitor.toml", `targets = [${words.join(",")}]`);
  const flags = ["--unstable-net", "--unstable-raw-imports", "--allow-net"];
  const files = `lib,${folder.path}`;
  const run = [Deno.execPath(), "run", "--lock=lib/report/deno.lock", ...flags];
  const [program, ...args] = [
    ...(pinned ? ["taskset", "--cpu-list", "1"] : []),
    ...[...run, `--allow-read=${files}`, `--allow-write=${folder.path}`],
    ...["scripts/monitor.ts", "--port", "0", "--data", folder.path],
    ...["--config", config],
  ];
  const child = new Deno.Command(program!, { args, stdout: "piped" }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value } = await output.read();
    await figures(`${value!.trim().split(" ").at(-1)}/metrics`, bareMs);
  } finally {
    child.kill("SIGTERM");
    await output.cancel();
    await child.status;
  }
}

/** The samples of a scrape, by name; those of one name are summed up. */
async function scrape(url: string): Promise<Map<string, number>> {
  const query = NAMES.map((name) => `name=${name}`).join("&");
  const text = await (await fetch(`${url}?${query}`)).text();
  const sums = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, name, le = "", value] =
      /^(\w+)(?:{(?:le="(.*?)"|.*)})? (.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const key = name + le;
    sums.set(key, (sums.get(key) ?? 0) + Number(value));
  }
  return sums;
}

async function figures(url: string, bareMs: number): Promise<void> {
  const pass = (ms: number) =>
    new Promise((resolve) => setTimeout(resolve, ms));
  await pass(SETTLE_MS);
  const startMs = performance.now();
  const before = await scrape(url);
  await pass(SECONDS * 1000);
  const after = await scrape(url);
  const grown = (key: string) => after.get(key)! - before.get(key)!;
  const elapsed = (performance.now() - startMs) / 1000;
  const percent = 100 * grown("process_cpu_seconds_total") / elapsed;
  const late = "roundtrip_monitor_lateness_seconds_";
  const all = grown(`${late}count`);
  // Interpolated within its bucket, as Prometheus does.
  let [p99, below, from] = [Infinity, 0, 0];
  for (const seconds of LATENESS_BUCKETS) {
    const count = grown(`${late}bucket${seconds}`);
    if (count >= 0.99 * all) {
      p99 = from + (seconds - from) * (0.99 * all - below) / (count - below);
      break;
    }
    [below, from] = [count, seconds];
  }
  const lost = grown("roundtrip_probes_lost_total");
  const unknown = grown("roundtrip_probes_unknown_total");
  report(
    `monitor: ${TARGETS} probes/s`,
    `${percent.toFixed(0)} % of a core`,
    "",
    {
      ratio: null,
      target: `<= ${MAX_PERCENT} %`,
      met: percent <= MAX_PERCENT,
    },
  );
  const lateMs = p99 * 1000;
  report(
    "monitor: lateness p99",
    `${lateMs.toFixed(1)} ms`,
    `${bareMs.toFixed(1)} ms`,
    {
      ratio: null,
      target: `<= ${MAX_LATE_MS} ms, or twice the bare loop's`,
      met: lateMs <= Math.max(MAX_LATE_MS, 2 * bareMs),
    },
  );
  report(`monitor: lost by us of ${all}`, `${lost} + ${unknown} unknown`, "", {
    ratio: null,
    target: "0",
    met: lost + unknown === 0,
  });
}

/** How late a bare timer is, 99th percentile, in milliseconds. */
async function bareLateness(): Promise<number> {
  const late: number[] = [];
  let dueMs = performance.now();
  while (late.length < BARE_SECONDS * 1000) {
    const leftMs = Math.floor(dueMs - performance.now());
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, leftMs)));
    for (const nowMs = performance.now(); dueMs <= nowMs; dueMs += 1) {
      late.push(nowMs - dueMs);
    }
  }
  late.sort((one, other) => one - other);
  return late[Math.floor(0.99 * late.length)]!;
}
