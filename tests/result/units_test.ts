import { assertAlmostEquals, assertEquals } from "@std/assert";
import { parseDuration, parseRate, parseSize } from "../../lib/result/units.ts";

const PARSERS = [parseDuration, parseSize, parseRate];

Deno.test({
  name: "parseDuration() gives milliseconds",
  permissions: "none",
  fn() {
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
  },
});

Deno.test({
  name: "parseSize() gives whole bytes, 1024-based",
  permissions: "none",
  fn() {
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
  },
});

Deno.test({
  name: "parseRate() gives bits per second, 1000-based",
  permissions: "none",
  fn() {
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
  },
});

Deno.test({
  name: "parseDuration(), parseSize() and parseRate() are null for the rest",
  permissions: "none",
  fn() {
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
});

Deno.test({
  name: "parseDuration(), parseSize() and parseRate() know no unit by accident",
  permissions: "none",
  fn() {
    // Names that every object answers to.
    for (
      const unit of ["constructor", "toString", "valueOf", "hasOwnProperty"]
    ) {
      for (const parse of PARSERS) {
        assertEquals(parse(`5${unit}`), null, `${parse.name}("5${unit}")`);
      }
    }
  },
});
