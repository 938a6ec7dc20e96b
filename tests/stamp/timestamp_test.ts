import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "@std/assert";
import {
  errorEstimate,
  errorEstimateUs,
  formatAt,
  readTimestamp,
  type TimestampFormat,
  writeTimestamp,
} from "../../lib/stamp/timestamp.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

const FORMATS: TimestampFormat[] = ["ntp", "ptp"];
const TWO_32 = 2 ** 32;

/** A timestamp in hexadecimal digits. */
function written(
  date: string,
  nanoseconds: number,
  format: TimestampFormat,
): string {
  const bytes = new Uint8Array(8);
  const seconds = Date.parse(date) / 1000;
  writeTimestamp(bytes, 0, { seconds, nanoseconds }, format);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

test("writeTimestamp() writes the bytes of both formats", () => {
  const vectors: [string, number, ntp: string, ptp: string][] = [
    ["1970-01-01T00:00:00Z", 0, "83aa7e8000000000", "0000000000000000"],
    ["2026-01-01T00:00:00Z", 5e8, "ed00378080000000", "6955b9001dcd6500"],
    // The last nanosecond: 999 999 999 * 2^32 / 10^9 is 4294967291.7.
    [
      "2026-01-01T00:00:00Z",
      999_999_999,
      "ed003780fffffffb",
      "6955b9003b9ac9ff",
    ],
    ["2026-01-01T00:00:00Z", 1, "ed00378000000004", "6955b90000000001"],
    // NTP's next era.
    ["2036-02-07T06:28:15Z", 25e7, "ffffffff40000000", "7c55817f0ee6b280"],
    ["2036-02-07T06:28:16Z", 25e7, "0000000040000000", "7c5581800ee6b280"],
    // The sign bit of 32-bit time.
    ["2038-01-19T03:14:08Z", 0, "03aa7e8000000000", "8000000000000000"],
    // PTP's seconds wrap.
    ["2106-02-07T06:28:15Z", 0, "83aa7e7f00000000", "ffffffff00000000"],
    ["2106-02-07T06:28:16Z", 0, "83aa7e8000000000", "0000000000000000"],
  ];
  for (const [date, nanoseconds, ntp, ptp] of vectors) {
    assertEquals(written(date, nanoseconds, "ntp"), ntp, date);
    assertEquals(written(date, nanoseconds, "ptp"), ptp, date);
  }
});

test("writeTimestamp() writes eight bytes and no others", () => {
  for (const format of FORMATS) {
    const bytes = new Uint8Array(12).fill(0x55);
    writeTimestamp(bytes, 2, { seconds: 0, nanoseconds: 0 }, format);
    const around = [...bytes.subarray(0, 2), ...bytes.subarray(10)];
    assertEquals(around, [0x55, 0x55, 0x55, 0x55]);
  }
});

test("readTimestamp() gives back what was written, to the nanosecond", () => {
  const random = seededRandom(5905);
  const bytes = new Uint8Array(8);
  for (let round = 0; round < 20_000; round++) {
    // As far as 2106 and beyond; near enough for a double to hold 1 ns.
    const fromSeconds = Math.floor(random() * 5e9);
    const after = Math.floor((random() - 0.5) * 2000);
    const nanoseconds = round % 10 === 0
      ? 999_999_999
      : Math.floor(random() * 1e9);
    const time = { seconds: fromSeconds + after, nanoseconds };
    for (const format of FORMATS) {
      writeTimestamp(bytes, 0, time, format);
      const ms = readTimestamp(bytes, 0, format, fromSeconds);
      assertAlmostEquals(ms, after * 1000 + nanoseconds / 1e6, 1e-6);
    }
  }
});

test("readTimestamp() counts across the end of an era, both ways", () => {
  const bytes = new Uint8Array(8);
  const wraps = { ntp: TWO_32 - 2_208_988_800, ptp: TWO_32 };
  for (const format of FORMATS) {
    const wrap = wraps[format];
    for (const [from, to] of [[-3, 4], [4, -3], [-1, 0], [0, -1]] as const) {
      writeTimestamp(
        bytes,
        0,
        { seconds: wrap + to, nanoseconds: 0 },
        format,
      );
      const ms = readTimestamp(bytes, 0, format, wrap + from);
      assertEquals(ms, (to - from) * 1000);
    }
  }
});

test("readTimestamp() knows a moment up to 68 years off, at its offset", () => {
  const bytes = new Uint8Array(20).fill(0x55);
  const seconds = 1_767_225_600;
  for (const format of FORMATS) {
    for (const after of [0, 2 ** 31 - 1, -(2 ** 31), 86_400, -86_400]) {
      const time = { seconds: seconds + after, nanoseconds: 5e8 };
      writeTimestamp(bytes, 7, time, format);
      const ms = readTimestamp(bytes, 7, format, seconds);
      assertEquals(ms, after * 1000 + 500);
    }
  }
});

test("readTimestamp() takes a fraction of PTP that is none", () => {
  const bytes = Uint8Array.of(0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff);
  assertAlmostEquals(readTimestamp(bytes, 0, "ptp", 1), 4294.967295, 1e-6);
});

test("errorEstimate() writes scale and multiplier, worked out by hand", () => {
  // multiplier * 2^(scale - 32) seconds.
  const vectors: [us: number | null, ntp: number][] = [
    [1e6, 25 << 8 | 128], // 128 * 2^-7
    [500_000, 24 << 8 | 128],
    [255e6, 32 << 8 | 255],
    [256e6, 33 << 8 | 128],
    [1, 5 << 8 | 135], // 4294.97 / 32 = 134.2
    [1000, 15 << 8 | 132], // 4294967.3 / 32768 = 131.07
    [0, 1],
    [1e-9, 1],
    [null, 63 << 8 | 255],
    [1e30, 63 << 8 | 255],
    [Infinity, 63 << 8 | 255],
  ];
  for (const [us, field] of vectors) {
    assertEquals(errorEstimate(us, "ntp"), field, `${us}`);
    assertEquals(errorEstimate(us, "ptp"), 0x4000 | field, `${us}`);
  }
});

test("errorEstimate() never understates, and by 1 % at most overstates", () => {
  const random = seededRandom(8186);
  for (let round = 0; round < 50_000; round++) {
    const us = 10 ** (20 * random() - 3);
    for (const format of FORMATS) {
      const field = errorEstimate(us, format);
      assertGreaterOrEqual(errorEstimateUs(field), us);
      // 128 of 255 are in use at least: 1/127, where 2^-32 s is no bound.
      const least = 1e6 / TWO_32;
      assertLessOrEqual(errorEstimateUs(field), us * (1 + 1 / 127) + least);
    }
  }
});

test("errorEstimate() tells the format in Z, never sets S, nor 0 for all", () => {
  const random = seededRandom(4656);
  const samples = Array.from(
    { length: 10_000 },
    () => 10 ** (40 * random() - 15),
  );
  for (const us of [null, 0, Number.MIN_VALUE, Infinity, ...samples]) {
    for (const format of FORMATS) {
      const field = errorEstimate(us, format);
      assert(Number.isInteger(field) && field >= 0 && field < 0x8000);
      assert((field & 0xff) > 0, `${us}`);
      const bytes = Uint8Array.of(0xff, field >> 8, field & 0xff);
      assertEquals(formatAt(bytes, 1), format);
    }
  }
});

test("formatAt() looks at the Z bit alone", () => {
  for (let high = 0; high < 256; high++) {
    const bytes = Uint8Array.of(high ^ 0xff, high, 0xff);
    assertEquals(formatAt(bytes, 1), high & 0x40 ? "ptp" : "ntp");
  }
});

test("errorEstimateUs() minds neither S nor Z", () => {
  for (const flags of [0, 0x4000, 0x8000, 0xc000]) {
    assertEquals(errorEstimateUs(flags | 32 << 8 | 1), 1e6);
    assertEquals(errorEstimateUs(flags | 31 << 8 | 3), 1.5e6);
    assertEquals(errorEstimateUs(flags | 63 << 8), 0);
  }
});
