/**
 * What a monitor of 1000 targets takes of a processor, and how late its probes
 * are.
 *
 * @module
 */

import { parseConfig } from "../../lib/monitor/config.ts";
import { Monitor } from "../../lib/monitor/monitor.ts";
import { ProcessorTime } from "../../lib/timing/processor_time.ts";
import { ScratchFolder } from "../scratch.ts";
import { Helper, report } from "./harness.ts";

const TARGETS = 1000;
const SETTLE_MS = 5000;
const SECONDS = 20;
const BARE_SECONDS = 10;
const MAX_PERCENT = 50;
const MAX_LATE_MS = 5;

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
  await using monitor = new Monitor({
    config: parseConfig(`targets = [${words.join(",")}]`),
    reread: null,
    folder: folder.path,
    ...{ maxBytes: Infinity, version: "0", hostname: "127.0.0.1", port: 0 },
    ...{ token: null, anyName: false, tls: null },
    alert: () => {},
    log: () => {},
  });
  const address = await monitor.start();
  const read = async (name: string) => {
    const url = `http://127.0.0.1:${address.port}/metrics`;
    const text = await (await fetch(url)).text();
    return text.split("\n").filter((line) => line.startsWith(name));
  };
  const sum = (lines: string[]) =>
    lines.reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
  const late = async () => {
    const name = "roundtrip_monitor_lateness_seconds_bucket";
    return (await read(name)).map((line) =>
      [
        Number(/le="([^"]*)"/.exec(line)![1]!.replace("+Inf", "Infinity")),
        sum([line]),
      ] as const
    );
  };
  const pass = (ms: number) =>
    new Promise((resolve) => setTimeout(resolve, ms));
  await pass(SETTLE_MS);
  const before = await late();
  const busy = new ProcessorTime();
  await pass(SECONDS * 1000);
  const percent = busy.percent()!;
  const after = await late();
  const counts = after.map(([le, count], at) =>
    [le, count - before[at]![1]] as const
  );
  const all = counts.at(-1)![1];
  const [p99] = counts.find(([, count]) => count >= 0.99 * all)!;
  const lost = sum(await read("roundtrip_probes_lost_total"));
  const unknown = sum(await read("roundtrip_probes_unknown_total"));
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
    `<= ${lateMs} ms`,
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
