/**
 * The sender against a real reflector, through a path whose every fault is
 * known: the figures have to be what the path did.
 *
 * @module
 */

import { AdmissionControl } from "../../lib/net/admission.ts";
import { assert, assertEquals, assertGreater } from "@std/assert";
import type { DatagramHandler } from "../../lib/net/serve_datagrams.ts";
import type { MeasurementResult } from "../../lib/result/schema.ts";
import { StampReflector } from "../../lib/stamp/reflector.ts";
import type { Sample } from "../../lib/stats/sample.ts";
import { datagramServer } from "../fixtures.ts";
import { type Impairment, type Path, Relay } from "../relay.ts";
import { measure, reflector, TIMEOUT_MS } from "./measured.ts";
import { timedTest, together } from "../testing.ts";

/** The counters, without that of slots that a busy machine missed. */
function counts({ probes }: MeasurementResult) {
  const { not_sent: _, ...rest } = probes;
  return rest;
}

/** Impairments of single probes. */
function impairments(
  list: Record<number, Impairment>,
): (sequence: number) => Impairment | undefined {
  return (sequence) => list[sequence];
}

const NOTHING_WRONG = {
  sent: 100,
  received: 100,
  lost: 0,
  warmup: 0,
  lost_forward: 0,
  lost_backward: 0,
  late: 0,
  duplicate: 0,
  reordered: 0,
  corrupt: 0,
};

const LOST = { copies: 0 };
const TWICE = { copies: 2 };
const HELD = { held: true };
/** Late by any measure, but not too late to be counted as late. */
const LATE = { delayMs: 1.5 * TIMEOUT_MS };

/** Each path, and how the counters differ from those of one without a fault. */
const PATHS: [string, Path, Partial<typeof NOTHING_WRONG>][] = [
  ["no fault", {}, {}],
  [
    "losses on the way there",
    { forward: impairments({ 3: LOST, 4: LOST, 50: LOST }) },
    { received: 97, lost: 3, lost_forward: 3 },
  ],
  [
    "losses on the way back, so that all numbers agree",
    { backward: impairments({ 3: LOST, 4: LOST, 50: LOST }) },
    { received: 97, lost: 3, lost_backward: 3 },
  ],
  [
    "losses on both ways, side by side",
    {
      forward: impairments({ 10: LOST, 12: LOST, 30: LOST }),
      backward: impairments({ 11: LOST, 13: LOST, 31: LOST, 32: LOST }),
    },
    { received: 93, lost: 7, lost_forward: 3, lost_backward: 4 },
  ],
  [
    "losses at the beginning and at the end",
    {
      forward: impairments({ 0: LOST, 97: LOST }),
      backward: impairments({ 1: LOST, 98: LOST, 99: LOST }),
    },
    { received: 95, lost: 5, lost_forward: 2, lost_backward: 3 },
  ],
  [
    "duplicates on both ways",
    {
      forward: impairments({ 20: TWICE, 21: TWICE }),
      backward: impairments({ 40: TWICE, 41: { copies: 3 } }),
    },
    { duplicate: 5 },
  ],
  [
    "order changed on both ways",
    {
      forward: impairments({ 20: HELD, 25: HELD }),
      backward: impairments({ 60: HELD }),
    },
    { reordered: 3 },
  ],
  [
    "replies after their time",
    {
      forward: impairments({ 10: LATE }),
      backward: impairments({ 20: LATE, 21: LATE }),
    },
    { received: 97, lost: 3, late: 3 },
  ],
  [
    "replies after their time at the very end, late there",
    { forward: (sequence) => sequence < 50 ? undefined : LATE },
    { received: 50, lost: 50, late: 50 },
  ],
  [
    "replies after their time at the very end, late back",
    { backward: (sequence) => sequence < 50 ? undefined : LATE },
    { received: 50, lost: 50, late: 50 },
  ],
  [
    "everything at once",
    {
      forward: impairments({
        5: LOST,
        20: TWICE,
        25: HELD,
        31: LOST,
        15: LATE,
      }),
      backward: impairments({
        6: LOST,
        9: TWICE,
        30: LOST,
        50: HELD,
        12: LATE,
      }),
    },
    {
      received: 94,
      lost: 6,
      lost_forward: 2,
      lost_backward: 2,
      late: 2,
      duplicate: 2,
      reordered: 2,
    },
  ],
];

timedTest("StampSession counts what each path does", async () => {
  await together(PATHS, async ([name, path, difference]) => {
    await using server = reflector();
    await using relay = new Relay(server.addr, path);
    const { result, samples } = await measure(relay);
    assertEquals(counts(result), { ...NOTHING_WRONG, ...difference }, name);
    assertEquals(samples.length, 100, name);
    const sequences = samples.map(({ sequence }) => sequence);
    assertEquals(new Set(sequences).size, 100, name);
    const lost = samples.filter(({ rttMs }) => rttMs === null).length;
    assertEquals(lost, result.probes.lost, name);
  });
});

/** A reflector, what the path loses, and what is known of it. */
const DIRECTIONS: [
  name: string,
  reflector: () => { answer: DatagramHandler; onSample?: (s: Sample) => void },
  path: Path,
  known: [lost: number, forward: number | null, backward: number | null],
  note: RegExp,
][] = [
  [
    "none by a stateless reflector",
    () => new StampReflector({ stateless: true }),
    {
      forward: impairments({ 3: LOST }),
      backward: impairments({ 9: LOST, 99: LOST }),
    },
    [3, null, null],
    /stateless/,
  ],
  [
    "none after its reflector counted anew",
    () => {
      let { answer } = new StampReflector();
      return {
        answer: (packet, from) => answer(packet, from),
        onSample({ sequence }) {
          if (sequence === 50) ({ answer } = new StampReflector());
        },
      };
    },
    {
      forward: impairments({ 10: LOST, 11: LOST, 80: LOST }),
      backward: impairments({ 20: LOST, 90: LOST }),
    },
    [5, null, null],
    /restarted its count.*until then 2 .* forward and 1 backward/,
  ],
  [
    "both where numbers go on from an earlier session",
    () => {
      const { answer } = new StampReflector();
      let earlier = 5000;
      return {
        answer(packet, from) {
          while (earlier-- > 0) answer(packet.slice(), from);
          return answer(packet, from);
        },
      };
    },
    {
      forward: impairments({ 0: LOST, 10: LOST }),
      backward: impairments({ 20: LOST, 21: LOST }),
    },
    [4, 1, 2],
    /1 probe lost/,
  ],
];

timedTest(
  "StampSession knows directions: none or both, by the reflector",
  async () => {
    await together(DIRECTIONS, async ([name, make, path, known, note]) => {
      const { answer, onSample } = make();
      await using server = datagramServer(answer, {
        admission: new AdmissionControl({
          limits: { maxDatagramsPerSec: 100_000 },
        }),
      });
      await using relay = new Relay(server.addr, path);
      const options = { intervalMs: 2 };
      const { result } = await measure(relay, options, onSample);
      const { lost, lost_forward, lost_backward } = result.probes;
      assertEquals([lost, lost_forward, lost_backward], known, name);
      const notes = result.quality.notes.filter((text) => note.test(text));
      assertEquals(notes.length, 1, `${name}: ${result.quality.notes}`);
    });
  },
);

timedTest(
  "StampSession leaves the faults of the warm-up out of all counters",
  async () => {
    await using server = reflector();
    await using relay = new Relay(server.addr, {
      forward: impairments({ 1: LOST, 8: LOST }),
      backward: impairments({ 2: TWICE, 3: LOST, 9: LOST }),
    });
    const { result } = await measure(relay, { warmup: 5 });
    assertEquals(counts(result), {
      ...NOTHING_WRONG,
      warmup: 5,
      received: 98,
      lost: 2,
      lost_forward: 1,
      lost_backward: 1,
    });
    assertEquals(result.rtt_us!.count, 98);
  },
);

timedTest(
  "StampSession sends the next probe of a closed loop once one is lost",
  async () => {
    await using server = reflector();
    await using relay = new Relay(server.addr, {
      forward: impairments({ 3: LOST }),
      backward: impairments({ 5: LOST }),
    });
    const { result, samples } = await measure(relay, {
      intervalMs: 0,
      count: 20,
    });
    assertEquals(counts(result), {
      ...NOTHING_WRONG,
      sent: 20,
      received: 18,
      lost: 2,
      lost_forward: 1,
      lost_backward: 1,
    });
    const sequences = samples.map(({ sequence }) => sequence);
    assertEquals(sequences, sequences.toSorted((a, b) => a - b));
  },
);

timedTest(
  "StampSession bounds the drift of the reflector's clock",
  async () => {
    for (const ppm of [200, -50]) {
      const startMs = performance.now();
      const now = () =>
        startMs + (performance.now() - startMs) * (1 + ppm / 1e6);
      await using server = reflector({ clock: { now } });
      const { one_way } = (await measure(server, { count: 1000 })).result;
      const { clock_drift_ppm, drift_bound_ppm, forward } = one_way!;
      assert(
        Math.abs(clock_drift_ppm! - ppm) <= drift_bound_ppm!,
        `${clock_drift_ppm} +- ${drift_bound_ppm}, truly ${ppm} ppm`,
      );
      assertEquals(forward.min_us.low, 0);
      assertGreater(forward.min_us.high, 0);
    }
  },
);

const PAUSE_MS = 500;
const PAUSE_COUNT = 100;
const PAUSE_INTERVAL_MS = 10;

timedTest(
  "StampSession sends nothing later for the slots of its own pause, and loses nothing",
  async () => {
    // The deadline passes in the pause; the server pauses alike.
    await using server = reflector();
    const { result } = await measure(server, {
      intervalMs: PAUSE_INTERVAL_MS,
      count: PAUSE_COUNT,
      timeoutMs: 300,
    }, ({ sequence }) => {
      if (sequence !== 50) return;
      const untilMs = performance.now() + PAUSE_MS;
      while (performance.now() < untilMs);
    });
    const { sent, received, not_sent } = result.probes;
    assertEquals([sent, received], [PAUSE_COUNT, PAUSE_COUNT]);
    assert(not_sent! >= 48, `${not_sent} not sent`);
    const { asked, achieved } = result.probes_per_second;
    assert(achieved! < asked! * 0.85, `${achieved} of ${asked}`);
    assert(result.quality.notes.some((note) => /^this program did/.test(note)));
  },
);
