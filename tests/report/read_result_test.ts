import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import fc from "npm:fast-check@^4.3.0";
import type { ReadResult } from "../../lib/report/event_replay.ts";
import { readResult } from "../../lib/report/read_result.ts";
import { safeJson } from "../../lib/result/escape.ts";
import type {
  MeasurementResult,
  SampleFigures,
} from "../../lib/result/schema.ts";
import { COMPARE, NOTHING, RTT, STAMP, SWEEP, TPUT } from "./results.ts";

const RESULTS = { RTT, TPUT, STAMP, NOTHING, SWEEP, COMPARE };
/** What a second clock adds to samples that are not lost. */
const FAR = { reflector_us: 3, forward_us: 1020, backward_us: -960 };

function line(event: string, data: unknown): string {
  return safeJson({ event, data });
}

/** A sample; the third is lost. */
function sampleAt(sequence: number, far = {}): SampleFigures {
  const lost = sequence === 3;
  return {
    sequence,
    warmup: sequence === 0,
    intended_ms: sequence * 2,
    sent_ms: sequence * 2 + 0.01,
    send_call_us: 12.5,
    rtt_us: lost ? null : 50 + sequence,
    ...(lost ? {} : far),
  };
}

/** The events of a measurement: its start, a warm-up, four samples, its end. */
function measurementEvents(result: MeasurementResult, far = {}): string[] {
  const { probes: _, ...metadata } = result;
  return [
    line("start", metadata),
    ...[0, 1, 2, 3, 4].map((sequence) =>
      line("sample", sampleAt(sequence, far))
    ),
    line("end", result),
  ];
}

const EVENTS = {
  measure: measurementEvents(RTT),
  throughput: measurementEvents(TPUT),
  stamp: measurementEvents(STAMP, FAR),
  sweep: [
    line("start", SWEEP),
    ...SWEEP.curves.flatMap(({ quantity, against, points }) =>
      points.map((point) => line("point", { quantity, against, ...point }))
    ),
    line("end", SWEEP),
  ],
  comparison: [
    line("start", COMPARE),
    ...COMPARE.experiments.map((each) => line("experiment", each)),
    line("end", COMPARE),
  ],
};
const [START] = EVENTS.measure;

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function read(text: string): Promise<ReadResult> {
  return readResult([bytesOf(text)]);
}

/** The message with which a text is rejected. */
async function rejection(text: string | Uint8Array): Promise<string> {
  const bytes = typeof text === "string" ? bytesOf(text) : text;
  const error = await assertRejects(() => readResult([bytes]), Error);
  const isExpected = error instanceof SyntaxError ||
    error instanceof RangeError;
  assert(isExpected, String(error));
  assertEquals(error.message.includes("\n"), false);
  return error.message;
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `readResult() ${name}`, permissions: "none", fn });
}

test("reads what --json writes, on one line or many", async () => {
  for (const result of Object.values(RESULTS)) {
    for (const indent of [0, 2]) {
      const text = JSON.stringify(result, null, indent) + "\n";
      assertEquals(await read(text), { result, remarks: [] });
    }
  }
});

test("ignores unknown keys", async () => {
  const { result } = await read(JSON.stringify({ ...RTT, colour: "red" }));
  assertEquals(result, RTT);
});

test("reads UTF-16 with a byte order mark, as shells of Windows write it", async () => {
  const text = `\ufeff${JSON.stringify(RTT)}\r\n`;
  const codes = Uint16Array.from(text, (unit) => unit.charCodeAt(0));
  const whole = new Uint8Array(codes.buffer);
  for (const size of [whole.length, 1]) {
    const chunks = Array.from(
      { length: whole.length / size },
      (_, at) => whole.subarray(at * size, (at + 1) * size),
    );
    assertEquals((await readResult(chunks)).result, RTT);
  }
});

for (const [name, events] of Object.entries(EVENTS)) {
  test(`takes the end event of a ${name}`, async () => {
    const { result, remarks } = await read(events.join("\n") + "\n");
    assertEquals(result, JSON.parse(events.at(-1)!).data);
    assertEquals(remarks, []);
  });

  test(`reads what is there of a ${name} cut anywhere`, async () => {
    const bytes = bytesOf(events.join("\n") + "\n");
    const first = bytesOf(events[0]!).length;
    const last = bytes.length - 2;
    for (let cut = 0; cut < bytes.length + 41; cut += 41) {
      const part = bytes.subarray(0, cut);
      if (cut < first) {
        assertMatch(await rejection(part), /it is empty|begins as JSON/);
        continue;
      }
      const { remarks } = await readResult([part]);
      assertEquals(remarks.length, cut > last ? 0 : 1, `cut at ${cut}`);
    }
  });
}

test("reads a file however its bytes are cut", async () => {
  const bytes = bytesOf(EVENTS.stamp.join("\n"));
  const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
  assertEquals(await readResult(single), await readResult([bytes]));
});

test("adds up the samples of a file that ends early", async () => {
  const { result, remarks } = await read(EVENTS.stamp.slice(0, -1).join("\n"));
  const { probes, rtt_us, quality, one_way, started } =
    result as MeasurementResult;
  assertEquals(probes, { sent: 4, received: 3, lost: 1, warmup: 1 });
  assertEquals([rtt_us?.count, rtt_us?.min, rtt_us?.max], [3, 51, 54]);
  assertEquals(started, STAMP.started);
  assertEquals(one_way?.clock_offset_us, 990);
  // This machine did not measure.
  assertEquals(quality.clock_resolution_us, null);
  assertEquals(quality.processor_percent, null);
  assertEquals(remarks, [
    "The file ends early: its figures are computed from the 5 samples in it.",
  ]);
});

test("computes throughput from the size in the start event", async () => {
  const { result } = await read(EVENTS.throughput.slice(0, 3).join("\n"));
  assertEquals(
    (result as MeasurementResult).throughput?.aggregate_bits_per_second,
    Math.round(100 * 8e6 / 51),
  );
});

test("tells how a run ended, unless it was complete", async () => {
  const error = '{"event":"error","data":{"message":"Cannot connect"}}';
  const { result, remarks } = await read(`${START}\n${error}\n`);
  assertEquals(remarks[0], "The run failed: Cannot connect.");
  assertEquals((result as MeasurementResult).rtt_us, null);
  for (
    const [ending, remark] of [
      [{ ended: "failed", error: "reset" }, "The run failed: reset."],
      [
        { ended: "interrupted" },
        "The run was interrupted: its figures cover the time until then.",
      ],
    ] as const
  ) {
    const { remarks } = await read(JSON.stringify({ ...RTT, ...ending }));
    assertEquals(remarks, [remark]);
  }
});

test("adds up many samples", async () => {
  function* chunks() {
    yield bytesOf(`${START}\n`);
    for (let sequence = 4; sequence < 20_004; sequence++) {
      yield bytesOf(`${line("sample", sampleAt(sequence))}\n`);
    }
  }
  const { result } = await readResult(chunks());
  assertEquals((result as MeasurementResult).probes.sent, 20_000);
});

const withProbes = (probes: object) => JSON.stringify({ ...RTT, probes });
const withSeries = (series: object) =>
  JSON.stringify({ ...RTT, series: { ...RTT.series, ...series } });

/** Texts that are not results, and what is said of each. */
const REJECTED: [what: string, text: string, message: RegExp][] = [
  ["nothing", "", /^it is empty$/],
  ["blank lines", "\n \n", /^it is empty/],
  ["CSV", "sequence,warmup\n1,false\n", /^it is not JSON, but looks like CSV$/],
  ["the table", "rtt to 127.0.0.1:10000 over TCP\n", /looks like the table/],
  ["HTML", "<!DOCTYPE html>\n", /looks like HTML/],
  ["percentiles", "       Value     Percentile\n", /HdrHistogram/],
  ["prose", "hello\n", /^it is not JSON$/],
  ["a list", "[1]", /^it is JSON, but no result of this tool/],
  ["a broken object", "{1", /^it begins as JSON, but is cut off/],
  ["another tool", '{"start":{},"end":{}}', /no result of this tool/],
  [
    "another format",
    JSON.stringify({ ...RTT, format: 3 }),
    /^it has format 3, and this version reads format 2/,
  ],
  [
    "the events of a peer",
    '{"event":"listening","address":"127.0.0.1:5000"}\n',
    /^it has events of another program/,
  ],
  [
    "events without a start",
    EVENTS.measure.slice(1).join("\n"),
    /not from their start/,
  ],
  [
    "two runs",
    [...EVENTS.measure, ...EVENTS.measure].join("\n"),
    /^line 8 is damaged: a second run starts/,
  ],
  [
    "a broken line",
    `${START}\n{"event":\n{}\n`,
    /^line 2 is damaged: it is not JSON$/,
  ],
  [
    "a line that is not an event",
    `${START}\n7\n`,
    /^line 2 is damaged: it is not an event$/,
  ],
  [
    "too many points",
    `${EVENTS.sweep[0]}\n${`${EVENTS.sweep[1]}\n`.repeat(20_001)}`,
    /^line 20002 is damaged: it has more than 20000 points$/,
  ],
  [
    "an infinite figure",
    JSON.stringify(RTT).replace('"p50":41.25', '"p50":1e999'),
    /^rtt_us\.p50 is Infinity, which is out of range$/,
  ],
  [
    "a negative count",
    withProbes({ ...RTT.probes, lost: -1 }),
    /^probes\.lost is -1, which is out of range$/,
  ],
  [
    "a missing figure",
    withProbes({ sent: 1 }),
    /^probes\.received is missing$/,
  ],
  [
    "too long a list",
    withSeries({ percentiles: { percent: Array(20_000).fill(1), us: [] } }),
    /^series\.percentiles\.percent has a length beyond the 10000/,
  ],
  [
    "slots that do not fit",
    withSeries({ timeline: { ...RTT.series.timeline, sent: [1] } }),
    /^series\.timeline has lists of different lengths$/,
  ],
];

for (const [what, text, message] of REJECTED) {
  test(`rejects ${what} in one sentence`, async () => {
    assertMatch(await rejection(text), message);
  });
}

test("rejects what is not text", async () => {
  for (const bytes of [[0x7f, 0x45, 0], [0xff, 0xfe, 0, 0], [0x7b, 0xff]]) {
    assertStringIncludes(await rejection(Uint8Array.from(bytes)), "not text");
  }
});

/** A megabyte of a text again and again. */
function megabyte(text: string): Uint8Array {
  return bytesOf(text.repeat(2 ** 20 / text.length));
}

const BLANK_LINES = megabyte(" ".repeat(63) + "\n");
/** Endless input, and where the reader gives up. */
const ENDLESS: [what: string, start: string, chunk: Uint8Array, RegExp][] = [
  [
    "blank lines of NDJSON",
    `${START}\n`,
    BLANK_LINES,
    /longer than 256 MiB/,
  ],
  ["blank lines of JSON", "{\n", BLANK_LINES, /too long to be one result/],
  ["a line", "{", megabyte(" "), /a line that is too long/],
];

for (const [what, start, chunk, message] of ENDLESS) {
  test(`stops at a limit in endless ${what}`, async () => {
    let read = 0;
    function* chunks() {
      yield bytesOf(start);
      for (; read < 300; read++) yield chunk;
    }
    const error = await assertRejects(() => readResult(chunks()), Error);
    assertMatch(error.message, message);
    assert(read < 300);
  });
}

/** Each value inside of a value, and how to put another one in its place. */
function* leaves(
  value: unknown,
  put: (value: unknown) => unknown,
): Generator<[unknown, (value: unknown) => unknown]> {
  yield [value, put];
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* leaves(inner, (other) => {
      const copy = structuredClone(value) as Record<string, unknown>;
      copy[key] = other;
      return put(copy);
    });
  }
}

for (const [name, result] of Object.entries({ STAMP, SWEEP, COMPARE })) {
  test(`names what is wrong in ${name}, wherever it is`, async () => {
    const wrong = [undefined, null, "text", {}, [], true, -1e300, 0.5];
    let rejected = 0;
    for (const [was, put] of leaves(result, (whole) => whole)) {
      for (const other of wrong) {
        if (other === was) continue;
        try {
          await read(JSON.stringify(put(other)) ?? "");
        } catch (error) {
          assert(error instanceof SyntaxError, String(error));
          rejected += 1;
        }
      }
    }
    assert(rejected > 100, `${rejected}`);
  });
}

test("throws only sentences, whatever bytes it is given", async () => {
  const whole = bytesOf(EVENTS.stamp.join("\n"));
  const change = fc.tuple(
    fc.nat(whole.length - 1),
    fc.integer({ min: 0, max: 255 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 5 }), async (changes) => {
      const bytes = whole.slice();
      for (const [at, byte] of changes) bytes[at] = byte;
      try {
        await readResult([bytes]);
      } catch (error) {
        assert(error instanceof SyntaxError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
