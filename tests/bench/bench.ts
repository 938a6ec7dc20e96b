/**
 * Prints how fast the measurement programs are, each figure beside that of a
 * bare loop measured in the same run, since absolute figures are the machine's.
 *
 *     $ deno task bench
 *     $ deno task bench stamp
 *
 * @module
 */

import { courseFigures } from "./course.ts";
import { pinned, terminal } from "./harness.ts";
import { peerFigures } from "./peers.ts";
import { stampFigures } from "./stamp.ts";

const FIGURES: Record<string, () => Promise<void>> = {
  course: courseFigures,
  stamp: stampFigures,
  peers: peerFigures,
};

terminal.print(
  `Deno ${Deno.version.deno}, ${navigator.hardwareConcurrency} processors` +
    (pinned ? ", servers on one and clients on another" : ""),
);
for (const [name, print] of Object.entries(FIGURES)) {
  if (Deno.args.length === 0 || Deno.args.includes(name)) await print();
}
