/**
 * Prints how fast the measurement programs are, each figure beside that of a bare
 * loop measured by turns in the same run, since absolute figures depend on the
 * machine. Exits with 1 if a limit is missed.
 *
 *     $ deno task bench
 *     $ deno task bench stamp
 *
 * @module
 */

import { missed, pinned, printHead, terminal } from "./harness.ts";
import { loadFigures } from "./load.ts";
import { measureFigures } from "./measure.ts";
import { monitorFigures } from "./monitor.ts";
import { peerFigures } from "./peers.ts";
import { reusePortFigures } from "./reuse_port.ts";
import { shapedFigures } from "./shaped.ts";
import { stampFigures } from "./stamp.ts";
import { throughputFigures } from "./throughput.ts";
import { underLoadFigures } from "./under_load.ts";

const FIGURES: Record<string, () => Promise<void>> = {
  measure: measureFigures,
  stamp: stampFigures,
  peers: peerFigures,
  monitor: monitorFigures,
  throughput: throughputFigures,
  "under-load": underLoadFigures,
  shaped: shapedFigures,
  "reuse-port": reusePortFigures,
  load: loadFigures,
};

terminal.print(
  `Deno ${Deno.version.deno}, ${navigator.hardwareConcurrency} processors` +
    (pinned ? ", servers on the first and clients on the second" : ""),
);
printHead();
for (const [name, print] of Object.entries(FIGURES)) {
  if (Deno.args.length === 0 || Deno.args.includes(name)) await print();
}
if (missed.length > 0) {
  terminal.print(`limit missed: ${missed.join("; ")}`);
  Deno.exitCode = 1;
}
