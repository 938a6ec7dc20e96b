import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { MeasurementResult } from "../../lib/result/schema.ts";
import type { ReadResult } from "../../lib/report/event_replay.ts";
import { readResult } from "../../lib/report/result_file.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import {
  bytesOf,
  compareEvents,
  measurementEvents,
  sampleAt,
  sweepEvents,
} from "./events.ts";
import { COMPARE, NOTHING, RTT, STAMP, SWEEP, TPUT } from "./results.ts";

const RESULTS = { RTT, TPUT, STAMP, NOTHING, SWEEP, COMPARE };
const ALL_EVENTS: Record<string, string[]> = {
  measure: measurementEvents("measure"),
  stream: measurementEvents("stream"),
  stamp: measurementEvents("stamp"),
  sweep: sweepEvents(),
  comparison: compareEvents(),
};

function read(text: string): Promise<ReadResult> {
  return readResult([bytesOf(text)]);
}

/** What is said of a text that cannot be read. */
async function refusal(text: string | Uint8Array): Promise<string> {
  const bytes = typeof text === "string" ? bytesOf(text) : text;
  const error = await assertRejects(() => readResult([bytes]), Error);
  assert(["SyntaxError", "RangeError"].includes(error.name), String(error));
  return error.message;
}

for (const [name, result] of Object.entries(RESULTS)) {
  Deno.test({
    name: `readResult() reads ${name} as --json has it, on one line or many`,
    permissions: "none",
    async fn() {
      for (const indent of [0, 2]) {
        const text = JSON.stringify(result, null, indent) + "\n";
        assertEquals(await read(text), { result, remarks: [] });
      }
    },
  });
}

Deno.test({
  name: "readResult() passes over keys that it does not know",
  permissions: "none",
  async fn() {
    const { result } = await read(JSON.stringify({ ...RTT, colour: "red" }));
    assertEquals(result, RTT);
  },
});

Deno.test({
  name: "readResult() reads what a shell of Windows wrote as UTF-16",
  permissions: "none",
  async fn() {
    const text = `\ufeff${JSON.stringify(RTT)}\r\n`;
    const codes = Uint16Array.from(text, (unit) => unit.charCodeAt(0));
    const { result } = await readResult([new Uint8Array(codes.buffer)]);
    assertEquals(result, RTT);
  },
});

for (const [name, events] of Object.entries(ALL_EVENTS)) {
  Deno.test({
    name: `readResult() takes the end of the events of a ${name}`,
    permissions: "none",
    async fn() {
      const { result, remarks } = await read(events.join("\n") + "\n");
      assertEquals(result, JSON.parse(events.at(-1)!).data);
      assertEquals(remarks, []);
    },
  });

  Deno.test({
    name: `readResult() yields what is there of a ${name} cut at any byte`,
    permissions: "none",
    async fn() {
      const bytes = bytesOf(events.join("\n") + "\n");
      const first = events[0]!.length;
      const last = bytes.length - 2;
      for (let cut = 0; cut <= bytes.length; cut++) {
        const part = bytes.subarray(0, cut);
        if (cut < first) {
          assertMatch(await refusal(part), /it is empty|begins as JSON/);
          continue;
        }
        const { remarks } = await readResult([part]);
        assertEquals(remarks.length, cut > last ? 0 : 1, `cut at ${cut}`);
      }
    },
  });
}

Deno.test({
  name: "readResult() reads a file however its bytes come",
  permissions: "none",
  async fn() {
    const bytes = bytesOf(measurementEvents("stamp").join("\n"));
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    assertEquals(await readResult(single), await readResult([bytes]));
  },
});

Deno.test({
  name: "readResult() adds up the samples of a file that ends early",
  permissions: "none",
  async fn() {
    const events = measurementEvents("stamp").slice(0, -1);
    const { result, remarks } = await read(events.join("\n"));
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
  },
});

Deno.test({
  name: "readResult() computes throughput from the size that the start says",
  permissions: "none",
  async fn() {
    const events = measurementEvents("stream").slice(0, 2 + 1);
    const { result } = await read(events.join("\n"));
    assertEquals(
      (result as MeasurementResult).throughput?.aggregate_bits_per_second,
      Math.round(100 * 8e6 / 51),
    );
  },
});

Deno.test({
  name: "readResult() tells why a run failed",
  permissions: "none",
  async fn() {
    const [start] = measurementEvents("measure");
    const error = '{"event":"error","data":{"message":"Cannot connect"}}';
    const { result, remarks } = await read(`${start}\n${error}\n`);
    assertEquals(remarks[0], "The run failed: Cannot connect.");
    assertEquals((result as MeasurementResult).rtt_us, null);
  },
});

Deno.test({
  name: "readResult() adds up a million samples and keeps none",
  permissions: "none",
  async fn() {
    const [start] = measurementEvents("measure");
    function* chunks() {
      yield bytesOf(`${start}\n`);
      for (let done = 0; done < 1_000_000; done += 1000) {
        const lines = Array.from(
          { length: 1000 },
          (_, index) =>
            JSON.stringify({
              event: "sample",
              data: sampleAt(done + index + 4),
            }),
        );
        yield bytesOf(`${lines.join("\n")}\n`);
      }
    }
    const { result } = await readResult(chunks());
    assertEquals((result as MeasurementResult).probes.sent, 1_000_000);
    assert(result.mode === "rtt" && result.series.timeline.sent.length <= 160);
  },
});

const OTHER_TEXTS: [string, string, RegExp][] = [
  ["nothing", "", /^it is empty; measure with --json or --ndjson$/],
  ["blank lines", "\n \n", /^it is empty/],
  ["CSV", "sequence,warmup\n1,false\n", /^it is not JSON, but looks like CSV;/],
  ["the table", "rtt to 127.0.0.1:10000 over TCP\n", /looks like the table/],
  ["HTML", "<!DOCTYPE html>\n", /looks like HTML/],
  ["a file of --hdr", "       Value     Percentile\n", /a file of --hdr/],
  ["prose", "hello\n", /^it is not JSON; measure with/],
  ["a list", "[1]", /^it is JSON, but no result of this tool/],
  ["a number after a brace", "{1", /^it begins as JSON, but is cut off/],
  ["another tool", '{"start":{},"end":{}}', /no result of this tool/],
  [
    "a later format",
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
    measurementEvents("measure").slice(1).join("\n"),
    /not from their start/,
  ],
  [
    "two measurements",
    [...measurementEvents("measure"), ...measurementEvents("measure")].join(
      "\n",
    ),
    /^line 8 is not as it was written: a second measurement starts/,
  ],
  [
    "a broken line",
    `${measurementEvents("measure")[0]}\n{"event":\n{}\n`,
    /^line 2 is not as it was written: it is not JSON$/,
  ],
  [
    "a line that is no event",
    `${measurementEvents("measure")[0]}\n7\n`,
    /^line 2 is not as it was written: it is no event$/,
  ],
  [
    "an infinite figure",
    JSON.stringify(RTT).replace('"p50":41.25', '"p50":1e999'),
    /^rtt_us\.p50 is Infinity, which is out of range$/,
  ],
  [
    "a negative count",
    JSON.stringify({ ...RTT, probes: { ...RTT.probes, lost: -1 } }),
    /^probes\.lost is -1, which is out of range$/,
  ],
  [
    "a missing figure",
    JSON.stringify({ ...RTT, probes: { sent: 1 } }),
    /^probes\.received is missing$/,
  ],
  [
    "too long a list",
    JSON.stringify({
      ...RTT,
      series: {
        ...RTT.series,
        percentiles: { percent: Array(20_000).fill(1), us: [] },
      },
    }),
    /^series\.percentiles\.percent has a length beyond the 10000/,
  ],
  [
    "slots that do not fit",
    JSON.stringify({
      ...RTT,
      series: {
        ...RTT.series,
        timeline: { ...RTT.series.timeline, sent: [1] },
      },
    }),
    /^series\.timeline has lists of different lengths$/,
  ],
];

for (const [what, text, sentence] of OTHER_TEXTS) {
  Deno.test({
    name: `readResult() refuses ${what} in one sentence`,
    permissions: "none",
    async fn() {
      const said = await refusal(text);
      assertMatch(said, sentence);
      assertEquals(said.includes("\n"), false);
    },
  });
}

Deno.test({
  name: "readResult() refuses what is not text",
  permissions: "none",
  async fn() {
    for (const bytes of [[0x7f, 0x45, 0], [0xff, 0xfe, 0, 0], [0x7b, 0xff]]) {
      assertStringIncludes(
        await refusal(Uint8Array.from(bytes)),
        "it is not text",
      );
    }
  },
});

Deno.test({
  name: "readResult() refuses a file that is longer than can be held",
  permissions: "none",
  async fn() {
    const [start] = measurementEvents("measure");
    function* chunks() {
      yield bytesOf(`${start}\n`);
      const blank = new Uint8Array(2 ** 20).fill(0x20);
      blank[0] = 0x0a;
      for (let megabyte = 0; megabyte < 300; megabyte++) yield blank;
    }
    await assertRejects(() => readResult(chunks()), RangeError, "256 MB");
    const line = new Uint8Array(2 ** 20).fill(0x20);
    await assertRejects(
      () => readResult(Array(40).fill(line)),
      RangeError,
      "too long",
    );
  },
});

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

for (const [name, result] of Object.entries(RESULTS)) {
  Deno.test({
    name: `readResult() names what is wrong in ${name}, wherever it is`,
    permissions: "none",
    async fn() {
      const wrong = [undefined, null, "text", {}, [], true, -1e300, 0.5];
      let refused = 0;
      for (const [was, put] of leaves(result, (whole) => whole)) {
        for (const other of wrong) {
          if (other === was) continue;
          const text = JSON.stringify(put(other)) ?? "";
          try {
            await read(text);
          } catch (error) {
            assert(error instanceof SyntaxError, String(error));
            refused += 1;
          }
        }
      }
      assert(refused > 100, `${refused}`);
    },
  });
}

Deno.test({
  name: "readResult() throws only sentences, whatever bytes it is given",
  permissions: "none",
  async fn() {
    const random = seededRandom(1);
    const whole = bytesOf(measurementEvents("stamp").join("\n"));
    for (let round = 0; round < 2000; round++) {
      const bytes = whole.slice();
      for (let changes = 0; changes < 3; changes++) {
        const at = Math.floor(random() * bytes.length);
        bytes[at] = Math.floor(random() * 256);
      }
      try {
        await readResult([bytes]);
      } catch (error) {
        assert(error instanceof SyntaxError, String(error));
      }
    }
  },
});
