/**
 * All parsers that are fuzzed.
 *
 * @module
 */

import type { Target } from "../parser_fuzz.ts";
import { CLI_TARGETS } from "./cli.ts";
import { FRAMING_TARGETS } from "./framing.ts";
import { IPERF3_TARGETS } from "./iperf3.ts";
import { MEASURE_TARGETS } from "./measure.ts";
import { MONITOR_TARGETS } from "./monitor.ts";
import { NET_TARGETS } from "./net.ts";
import { PEER_TARGETS } from "./peer.ts";
import { RESULT_TARGETS } from "./result.ts";
import { STAMP_TARGETS } from "./stamp.ts";
import { TEXT_TARGETS } from "./text.ts";

/** By room, from the lowest. */
export const TARGETS: Target[] = [
  ...FRAMING_TARGETS,
  ...NET_TARGETS,
  ...MEASURE_TARGETS,
  ...STAMP_TARGETS,
  ...TEXT_TARGETS,
  ...IPERF3_TARGETS,
  ...PEER_TARGETS,
  ...RESULT_TARGETS,
  ...MONITOR_TARGETS,
  ...CLI_TARGETS,
];
