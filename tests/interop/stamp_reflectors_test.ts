/** STAMP reflectors that nobody here wrote, against our sender. */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
} from "@std/assert";
import type {
  MeasurementResult,
  ProbeCounts,
} from "../../lib/result/schema.ts";
import { runHere, serve } from "../programs.ts";
import { interopTest, scapy } from "./programs.ts";

/** How far our clock may seem to be from Python's beyond the bound, in us. */
const CLOCK_US = 100_000;
/** More than a round trip on loopback takes, even through Scapy. */
const LONGEST_US = 500_000;

/** All that a path without faults leaves. */
const FLAWLESS = {
  sent: 20,
  received: 20,
  lost: 0,
  warmup: 3,
  lost_forward: 0,
  lost_backward: 0,
  late: 0,
  duplicate: 0,
  reordered: 0,
  corrupt: 0,
} satisfies ProbeCounts;

/** Measures the path to a reflector out of Scapy's packets. */
async function measure(
  reflector: string[],
  ...args: string[]
): Promise<MeasurementResult> {
  await using server = await serve(scapy("stamp_reflector", ...reflector));
  const words = ["-n", "20", "-i", "10ms", "--warmup", "3", "--json", ...args];
  const { code, stdout, stderr } = await runHere(
    "stamp_client",
    ...[server.address, ...words],
  );
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(server.stderr.text, "");
  const result = JSON.parse(stdout);
  delete result.probes.not_sent; // some on a busy machine
  return result;
}

/** The figures are those of a path on loopback. */
function assertFigures(result: MeasurementResult): void {
  const { received } = result.probes;
  const { rtt_us, rtt_with_reflector_us, one_way } = result;
  assertEquals(rtt_us!.count, received);
  assertGreater(rtt_us!.min, 0);
  assertLess(rtt_us!.p50, LONGEST_US);
  // Scapy takes its time, which the other column has.
  assertGreater(rtt_with_reflector_us!.min, rtt_us!.min);
  assertLess(rtt_with_reflector_us!.p50, LONGEST_US);

  const { clock_offset_us, clock_bound_us, forward, backward } = one_way!;
  assertEquals(forward.variation_us!.count, received);
  assertEquals(backward.variation_us!.count, received);
  assertAlmostEquals(clock_offset_us!, 0, clock_bound_us! + CLOCK_US);
  for (const note of result.quality.notes) assert(!/repl/.test(note), note);
}

const FORMATS: { title: string; reflector: string[]; client?: string[] }[] = [
  { title: "NTP both ways", reflector: [] },
  { title: "PTP both ways", reflector: [], client: ["--timestamp", "ptp"] },
  { title: "PTP in reply to NTP", reflector: ["--format", "ptp"] },
  {
    title: "NTP in reply to PTP",
    reflector: ["--format", "ntp"],
    client: ["--timestamp", "ptp"],
  },
  { title: "copied numbers", reflector: ["--stateless"] },
  { title: "padding", reflector: [], client: ["--size", "1000"] },
  { title: "no session identifier", reflector: [], client: ["--ssid", "0"] },
];

for (const { title, reflector, client = [] } of FORMATS) {
  interopTest(
    ["scapy"],
    `stamp_client measures by Scapy: ${title}`,
    async () => {
      const result = await measure(reflector, ...client);
      assertEquals(result.probes, FLAWLESS);
      assertFigures(result);
    },
  );
}

interopTest(
  ["scapy"],
  "stamp_client measures by Scapy, which returns no padding",
  async () => {
    const { probes, quality } = await measure(["--bare"], "--size", "200");
    assertEquals(probes, FLAWLESS);
    assertMatch(
      quality.notes.join(),
      /the reflector returns less padding or none/,
    );
  },
);

for (
  const [padding, says] of [
    ["38", /TWAMP-Light.*smaller/],
    ["41", /TWAMP-Light.*smaller/],
    ["truncated", /TWAMP-Light/],
    ["untruncated", /TWAMP-Light.*larger/],
    ["zeroed", /TWAMP-Light/],
    ["tlv", /larger/],
  ] as const
) {
  for (const size of ["44", "200"]) {
    interopTest(
      ["scapy"],
      `stamp_client measures by TWAMP-Light: ${padding} in reply to ${size} bytes`,
      async () => {
        const reflector = ["--twamp-light", padding];
        const { probes, quality } = await measure(reflector, "--size", size);
        assertEquals(probes, FLAWLESS);
        assertMatch(quality.notes.join(), says);
      },
    );
  }
}

const FAULTS: {
  title: string;
  reflector: string[];
  client?: string[];
  probes: Partial<ProbeCounts>;
}[] = [
  // The numbers count from the warm-up, whose three are 0, 1 and 2.
  {
    title: "losses forward",
    reflector: ["--drop-forward", "5,6,11"],
    probes: { received: 17, lost: 3, lost_forward: 3 },
  },
  {
    title: "losses backward",
    reflector: ["--drop-backward", "5,6,11"],
    probes: { received: 17, lost: 3, lost_backward: 3 },
  },
  {
    title: "losses both ways, apart",
    reflector: ["--drop-forward", "4,12", "--drop-backward", "7,8,15"],
    probes: { received: 15, lost: 5, lost_forward: 2, lost_backward: 3 },
  },
  {
    title: "losses both ways, side by side",
    reflector: ["--drop-forward", "8,10", "--drop-backward", "9"],
    probes: { received: 17, lost: 3, lost_forward: 2, lost_backward: 1 },
  },
  {
    title: "losses of the first and the last",
    reflector: ["--drop-forward", "3,21", "--drop-backward", "4,22"],
    probes: { received: 16, lost: 4, lost_forward: 2, lost_backward: 2 },
  },
  {
    title: "losses in the warm-up, which do not count",
    reflector: ["--drop-forward", "0", "--drop-backward", "2"],
    probes: {},
  },
  {
    title: "losses both ways, in PTP",
    reflector: ["--drop-forward", "4,12", "--drop-backward", "7,8,15"],
    client: ["--timestamp", "ptp"],
    probes: { received: 15, lost: 5, lost_forward: 2, lost_backward: 3 },
  },
  {
    title: "losses whose direction copied numbers do not tell",
    reflector: ["--stateless", "--drop-forward", "5", "--drop-backward", "9"],
    probes: {
      received: 18,
      lost: 2,
      lost_forward: null,
      lost_backward: null,
    },
  },
  {
    title: "duplicates",
    reflector: ["--duplicate", "3,9,21"],
    probes: { duplicate: 3 },
  },
  {
    title: "duplicates and losses",
    reflector: ["--duplicate", "6,8", "--drop-backward", "7"],
    probes: { received: 19, lost: 1, lost_backward: 1, duplicate: 2 },
  },
  {
    title: "each kind of corrupt reply, besides right ones",
    reflector: ["--corrupt", "4,6,8"],
    probes: { received: 17, lost: 3, lost_backward: 3, corrupt: 3 },
  },
];

for (const { title, reflector, client = [], probes } of FAULTS) {
  interopTest(["scapy"], `stamp_client counts by Scapy: ${title}`, async () => {
    const result = await measure(reflector, "--timeout", "300ms", ...client);
    assertEquals(result.probes, { ...FLAWLESS, ...probes });
    assertGreaterOrEqual(result.rtt_us!.count, 15);
  });
}
