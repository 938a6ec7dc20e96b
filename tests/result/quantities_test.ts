import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  formatCount,
  formatDuration,
  formatRate,
  formatRatio,
  formatValue,
  sharePercent,
} from "../../lib/result/quantities.ts";

Deno.test({
  name: "formatDuration() chooses the unit, and always names it",
  permissions: "none",
  fn() {
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
  },
});

Deno.test({
  name: "formatRate() chooses the unit, and always names it",
  permissions: "none",
  fn() {
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
  },
});

Deno.test({
  name: "formatDuration() and formatRate() show three digits of any size",
  permissions: "none",
  fn() {
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
});

Deno.test({
  name: "formatCount() puts the thing in the plural but for one",
  permissions: "none",
  fn() {
    assertEquals(formatCount(0, "byte"), "0 bytes");
    assertEquals(formatCount(1, "byte"), "1 byte");
    assertEquals(formatCount(2, "warm-up probe"), "2 warm-up probes");
  },
});

Deno.test({
  name: "formatValue() names every unit, and unknown as -",
  permissions: "none",
  fn() {
    const cases: [number | null, Parameters<typeof formatValue>[1], string][] =
      [
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
  },
});

Deno.test({
  name: "formatRatio() shows three digits of any size",
  permissions: "none",
  fn() {
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
  },
});

Deno.test({
  name: "sharePercent() is 0 or 100 only of none or all",
  permissions: "none",
  fn() {
    assertEquals(sharePercent(0, 3), 0);
    assertEquals(sharePercent(3, 3), 100);
    assertEquals(sharePercent(1, 3), 33.33);
    assertEquals(sharePercent(1, 1e9), 0.01);
    assertEquals(sharePercent(1e9 - 1, 1e9), 99.99);
    for (let part = 1; part < 1000; part++) {
      for (const whole of [1000, 10_007, 1e6]) {
        const percent = sharePercent(part, whole);
        assert(percent > 0 && percent < 100, `${part} of ${whole}`);
        const exact = 100 * part / whole;
        assert(
          Math.abs(percent - exact) < 0.0051 + 0.01 * Number(exact < 0.01),
        );
        assert(String(percent).length <= 5, `${percent}`);
      }
    }
  },
});
