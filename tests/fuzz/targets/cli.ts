import { assert, assertEquals } from "@std/assert";
import {
  custom,
  decimal,
  flag,
  repeated,
  size,
  text,
} from "../../../lib/cli/option.ts";
import { parseOptions, UsageError } from "../../../lib/cli/options.ts";
import { PEER_OPTIONS } from "../../../lib/cli/peer_options.ts";
import { COMMON_OPTIONS } from "../../../lib/cli/program.ts";
import { REPORT_OPTIONS } from "../../../lib/cli/run_measurement.ts";
import { SWEEP_OPTIONS } from "../../../lib/cli/run_sweep.ts";
import { UNDER_LOAD_OPTIONS } from "../../../lib/cli/run_under_load.ts";
import {
  listenOptions,
  STREAM_SERVER_OPTIONS,
  TRANSFORM_OPTION,
} from "../../../lib/cli/server_options.ts";
import { SENDER_OPTIONS } from "../../../lib/cli/stamp_sender_options.ts";
import { THROUGHPUT_OPTIONS } from "../../../lib/cli/throughput_options.ts";
import { formatAddress, parseTarget } from "../../../lib/net/address.ts";
import type { Target } from "../parser_fuzz.ts";

const OWN = {
  flag: flag("a flag", "f"),
  text: text("TEXT", "a text", { short: "t", default: "a" }),
  share: decimal("a share"),
  size: size("a size"),
  many: repeated("N", Number, "many numbers"),
  target: custom("TARGET", (word) => parseTarget(word, 80), "a target"),
};
const TABLES = [
  { ...OWN, ...COMMON_OPTIONS },
  { ...listenOptions(80), ...STREAM_SERVER_OPTIONS, ...TRANSFORM_OPTION },
  { ...REPORT_OPTIONS, ...SENDER_OPTIONS },
  ...[SWEEP_OPTIONS, THROUGHPUT_OPTIONS, UNDER_LOAD_OPTIONS, PEER_OPTIONS],
];
const NAMES = TABLES.flatMap((table) =>
  Object.keys(table).map((name) =>
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  )
);

export const CLI_TARGETS: Target[] = [{
  /** Each line is an argument. */
  name: "options",
  corpus: [
    "--port\n80\n--host=::1\n--verbose",
    "-ft\nx\n-p=80\n--\n--port",
    "--fail-if\np99>5ms\n--size\n1K\n--interval\n10ms\n-n\n5",
    "--sizes\n1,2K,10-20\n--max-rate\n10M\n--transform\ncount=s",
  ],
  words: [...NAMES, "-", "--", "=", "1K", "5ms", "10M", "0.5", "\n", "-p"],
  refusals: [UsageError],
  run(_input, random, text) {
    const args = text.split("\n");
    const table = TABLES[Math.floor(random() * TABLES.length)]!;
    const { options, given } = parseOptions(table, args);
    for (const value of Object.values(options)) {
      assert(typeof value !== "number" || !Number.isNaN(value));
    }
    for (const name of Object.keys(given)) assert(Object.hasOwn(table, name));
  },
}, {
  name: "address",
  corpus: ["example.net", "192.0.2.1:80", "[::1]:9999", "::1", "unix:/run/a"],
  words: ["unix:", "[", "]", ":", "%eth0", "//", "::ffff:127.0.0.1", "65536"],
  maxBytes: 300,
  refusals: [SyntaxError],
  run(_input, _random, text) {
    const target = parseTarget(text, 80);
    assertEquals(parseTarget(formatAddress(target), 81), target);
    return target.transport;
  },
}];
