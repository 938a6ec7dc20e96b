/**
 * What `under-load` shows of queues of known lengths, and of a path without a
 * limit. It needs network namespaces.
 *
 * @module
 */

import { formatDuration, formatRate } from "../../lib/result/quantities.ts";
import { Bottleneck, goodput, RATES } from "../interop/bottleneck.ts";
import { report, terminal } from "./harness.ts";

/** The lengths of queues, in milliseconds. */
const QUEUES_MS = [50, 200];
const MAX_ERROR = 0.1;

/** Prints the increases, beside what the length of the queue makes them. */
export async function underLoadFigures(): Promise<void> {
  let path;
  try {
    path = new Bottleneck();
  } catch (error) {
    terminal.print(`under-load: no network namespaces: ${error}`);
    return;
  }
  await using _path = path;
  await path.serveAgent();
  for (const ms of QUEUES_MS) {
    const bytes = (rate: number) => Math.round(rate * ms / 8000);
    path.shape({ down: bytes(RATES.down), up: bytes(RATES.up) });
    const { phases } = await path.underLoad("--udp", "40M", "--time", "4s");
    for (const { name, load, goodput: rates } of phases) {
      const us = load?.increase_us?.p50;
      if (us === undefined) continue;
      const way = name === "download" ? "down" : "up";
      const ratio = us / ms / 1000;
      report(
        `increase, ${name}, queue of ${ms} ms`,
        `${formatDuration(us)} (${formatRate(rates[way]!.mean)})`,
        `${ms} ms (${formatRate(goodput(way, "udp"))})`,
        {
          ratio,
          target: "within 10 %",
          met: Math.abs(ratio - 1) <= MAX_ERROR,
        },
      );
    }
  }
  path.shape({});
  const { phases, instrument } = await path.underLoad("--phases", "upload");
  const { increase_us } = phases.find(({ load }) => load)!.load!;
  report(
    "increase without a limit of the path",
    formatDuration(increase_us!.p50),
    `limit: ${instrument.limit ?? "none"}`,
    { ratio: null, target: "a processor", met: instrument.limit !== null },
  );
}
