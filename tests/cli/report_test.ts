import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions, UsageError } from "../../lib/cli/options.ts";
import { OUTPUT_OPTIONS, Report } from "../../lib/cli/report.ts";
import { checkThresholds } from "../../lib/cli/run_measurement.ts";
import { parseThreshold } from "../../lib/result/thresholds.ts";
import { recordingTerminal } from "../terminal/sinks.ts";

function formOf(...args: string[]): string {
  const { options } = parseOptions(OUTPUT_OPTIONS, args);
  return new Report(options, recordingTerminal().terminal).form;
}

Deno.test({
  name: "Report has one form: text, unless another is asked for",
  permissions: "none",
  fn() {
    assertEquals(formOf(), "text");
    assertEquals(formOf("-J", "-q"), "json");
    assertEquals(formOf("--ndjson"), "ndjson");
    assertEquals(formOf("--csv", "--plots", "none"), "csv");
    assertThrows(
      () => formOf("--csv", "--json"),
      UsageError,
      "choose one of --json and --csv",
    );
  },
});

Deno.test({
  name: "checkThresholds() rejects a threshold on what is not measured",
  permissions: "none",
  fn() {
    const none = {
      probes: true,
      throughput: false,
      schedule: false,
      replies: false,
      clocks: false,
    };
    const check = (rule: string, measured = none) =>
      checkThresholds([parseThreshold(rule)], measured);
    check("p99>5ms");
    check("throughput<1M", { ...none, throughput: true });
    check("intended.p99>1ms", { ...none, schedule: true });
    for (
      const [rule, says] of [
        ["throughput<1M", "--fail-if on throughput needs tput"],
        ["intended.p99>1ms", "--fail-if on intended.p99 needs --interval"],
        ["duplicate>0", "--fail-if on duplicate needs stamp-client"],
        ["goodput<1M", "--fail-if on goodput needs throughput-client"],
        [
          "forward.p99>5ms",
          "--fail-if on forward.p99 needs --trust-clocks of stamp-client",
        ],
      ] as const
    ) assertThrows(() => check(rule), UsageError, says);
    const test = { goodput: true, datagrams: false };
    checkThresholds([parseThreshold("throughput<1M")], test);
    for (
      const [rule, says] of [
        ["loss>1%", "--fail-if on loss needs --udp"],
        ["p99>5ms", "--fail-if on p99 needs another program; it has goodput"],
      ] as const
    ) {
      assertThrows(
        () => checkThresholds([parseThreshold(rule)], test, "it has goodput"),
        UsageError,
        says,
      );
    }
  },
});
