import { assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import {
  formatCount,
  formatDuration,
  formatRate,
  formatRatio,
  formatValue,
  parseDuration,
  parseRate,
  parseSize,
  roundFigures,
} from "../../lib/result/quantities.ts";
import { pureTest } from "../pure.ts";

const PARSERS = [parseDuration, parseSize, parseRate];

pureTest("parseDuration() gives milliseconds", () => {
  const cases = {
    "0": 0,
    "20": 20,
    "0.5": 0.5,
    "250ms": 250,
    "40us": 0.04,
    "1.5s": 1500,
    "2m": 120_000,
    "1h": 3_600_000,
    "007ms": 7,
  };
  for (const [text, ms] of Object.entries(cases)) {
    assertAlmostEquals(parseDuration(text)!, ms, 1e-9, text);
  }
});

pureTest("parseSize() gives whole bytes, 1024-based", () => {
  const cases = {
    "0": 0,
    "100": 100,
    "1K": 1024,
    "64k": 65_536,
    "1.5K": 1536,
    "1M": 1_048_576,
    "2G": 2_147_483_648,
    "1.5": null,
    "0.3K": null,
  };
  for (const [text, bytes] of Object.entries(cases)) {
    assertEquals(parseSize(text), bytes, text);
  }
});

pureTest("parseRate() gives bits per second, 1000-based", () => {
  const cases = {
    "0": 0,
    "9600": 9600,
    "800K": 800_000,
    "10m": 10_000_000,
    "1.5G": 1_500_000_000,
  };
  for (const [text, bitsPerSec] of Object.entries(cases)) {
    assertEquals(parseRate(text), bitsPerSec, text);
  }
});

pureTest(
  "parseDuration(), parseSize() and parseRate() are null for the rest",
  () => {
    const texts = [
      "",
      " ",
      "soon",
      "-1",
      "+1",
      "1 s",
      " 1",
      "1\n",
      "1e3",
      "0x10",
      ".5",
      "5.",
      "1.2.3",
      "1,5",
      "1_000",
      "NaN",
      "Infinity",
      "ms",
      "K",
      "5d",
      "5T",
      "5KB",
      "5Mbit",
      "5%",
      "١",
    ];
    for (const parse of PARSERS) {
      for (const text of texts) {
        assertEquals(parse(text), null, `${parse.name}("${text}")`);
      }
    }
    assertEquals(parseDuration("5MS"), null); // units of time are lower case
    assertEquals(parseDuration("5K"), null);
    assertEquals(parseSize("5ms"), null);
  },
);

pureTest(
  "parseDuration(), parseSize() and parseRate() know no unit by accident",
  () => {
    // Names that every object answers to.
    for (
      const unit of ["constructor", "toString", "valueOf", "hasOwnProperty"]
    ) {
      for (const parse of PARSERS) {
        assertEquals(parse(`5${unit}`), null, `${parse.name}("5${unit}")`);
      }
    }
  },
);

pureTest("formatDuration() chooses the unit, and always names it", () => {
  const cases: [number | null, string][] = [
    [null, "-"],
    [0, "0 us"],
    [1, "1.00 us"],
    [9.87, "9.87 us"],
    [12.34, "12.3 us"],
    [123.4, "123 us"],
    [999, "999 us"],
    [1000, "1.00 ms"],
    [50_104, "50.1 ms"],
    [999_000, "999 ms"],
    [1_000_000, "1.00 s"],
    [86_400e6, "86400 s"],
    [-12.34, "-12.3 us"],
    [-2000, "-2.00 ms"],
  ];
  for (const [us, text] of cases) assertEquals(formatDuration(us), text);
});

pureTest("formatRate() chooses the unit, and always names it", () => {
  const cases: [number | null, string][] = [
    [null, "-"],
    [0, "0 bit/s"],
    [8, "8.00 bit/s"],
    [999, "999 bit/s"],
    [1000, "1.00 kbit/s"],
    [9_870_000, "9.87 Mbit/s"],
    [1e9, "1.00 Gbit/s"],
    [12.3e9, "12.3 Gbit/s"],
    [5e12, "5000 Gbit/s"],
  ];
  for (const [bitsPerSec, text] of cases) {
    assertEquals(formatRate(bitsPerSec), text);
  }
});

pureTest(
  "formatDuration() and formatRate() show three digits of any size",
  () => {
    for (let exponent = -2; exponent < 10; exponent += 0.01) {
      const value = 10 ** exponent;
      for (const text of [formatDuration(value), formatRate(value)]) {
        const [number = ""] = text.split(" ");
        // Zeros before the first digit that counts do not count.
        const digits = number.replace(".", "").replace(/^0+/, "");
        assertMatch(digits, /^\d{3,}$/, `${value} is shown as ${text}`);
      }
    }
  },
);

pureTest("formatCount() puts the thing in the plural but for one", () => {
  assertEquals(formatCount(0, "byte"), "0 bytes");
  assertEquals(formatCount(1, "reply", "replies"), "1 reply");
  assertEquals(formatCount(2, "reply", "replies"), "2 replies");
  assertEquals(formatCount(2, "warm-up probe"), "2 warm-up probes");
});

pureTest("formatValue() names every unit, and unknown as -", () => {
  const cases: [number | null, Parameters<typeof formatValue>[1], string][] = [
    [null, "us", "-"],
    [null, "count", "-"],
    [0, "us", "0 us"],
    [1500, "us", "1.50 ms"],
    [9_870_000, "bits_per_second", "9.87 Mbit/s"],
    [1, "bytes", "1 byte"],
    [32_768, "bytes", "32768 bytes"],
    [0, "count", "0"],
    [7, "count", "7"],
    [12.5, "percent", "12.5 %"],
    [0.5, "ms", "0.5 ms"],
    [2, "s", "2 s"],
  ];
  for (const [value, unit, text] of cases) {
    assertEquals(formatValue(value, unit), text);
  }
});

pureTest("formatRatio() shows three digits of any size", () => {
  const cases: [number, string][] = [
    [1, "1.00"],
    [1.044, "1.04"],
    [9.996, "10.0"],
    [12.34, "12.3"],
    [99.96, "100"],
    [4878.4, "4878"],
    [0.25, "0.250"],
    [0, "0"],
  ];
  for (const [ratio, text] of cases) assertEquals(formatRatio(ratio), text);
});

pureTest("formatValue() is 0 % or 100 % only of none or all", () => {
  const percent = (part: number, whole: number) =>
    formatValue(100 * part / whole, "percent");
  assertEquals(percent(0, 3), "0 %");
  assertEquals(percent(3, 3), "100 %");
  assertEquals(percent(1, 3), "33.33 %");
  assertEquals(percent(1, 1e9), "0.01 %");
  assertEquals(percent(1e9 - 1, 1e9), "99.99 %");
  assertEquals(percent(5, 4), "125 %");
});

pureTest("roundFigures() rounds numbers at any depth, and nothing else", () => {
  assertEquals(
    roundFigures({
      a: [1.23456, null, "1.23456"],
      b: { c: true, d: -0.0004 },
    }),
    { a: [1.235, null, "1.23456"], b: { c: true, d: -0 } },
  );
});
