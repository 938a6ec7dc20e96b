import { assertEquals } from "@std/assert";
import {
  confidence,
  GRADE_NAMES,
  gradeIncrease,
  outcomeScores,
  roundTripsPerMinute,
} from "../../lib/result/under_load_judge.ts";
import { phase } from "./under_load_records.ts";

Deno.test({
  name: "gradeIncrease() has the limits of dslreports.com",
  permissions: "none",
  fn() {
    const ms = [-1, 4.9, 5, 29.9, 30, 59.9, 60, 199, 200, 399, 400, 9e9];
    assertEquals(
      ms.map((one) => gradeIncrease(one * 1000)).join(" "),
      "A+ A+ A A B B C C D D F F",
    );
    assertEquals(GRADE_NAMES.join(" "), "A+ A B C D F");
  },
});

Deno.test({
  name: "roundTripsPerMinute() leaves the slowest twentieth out",
  permissions: "none",
  fn() {
    const probes = [...Array<number>(19).fill(100_000), 9_000_000];
    // Both parts of the mean are 600 a minute.
    assertEquals(roundTripsPerMinute(probes, []), 600);
    // New connections: 60 / mean(0.2, 0.1) s = 400.
    assertEquals(roundTripsPerMinute(probes, [200_000]), (400 + 600) / 2);
    assertEquals(roundTripsPerMinute([], [200_000]), null);
  },
});

Deno.test({
  name: "outcomeScores() is the least of three scores",
  permissions: "none",
  fn() {
    const fast = { down: 1e8, up: 1e8 };
    const perfect = { call: 100, gaming: 100, video: 100, web: 100 };
    assertEquals(outcomeScores(20_000, 0, fast), perfect);
    assertEquals(outcomeScores(20_000, 0, { down: null, up: null }), perfect);
    assertEquals(outcomeScores(125_000, 0, fast).gaming, 50);
    assertEquals(outcomeScores(20_000, 4.5, fast).call, 50);
    assertEquals(outcomeScores(20_000, 0, { down: 4e6, up: 1e6 }).video, 0);
    assertEquals(outcomeScores(9e6, 50, fast), {
      call: 0,
      gaming: 0,
      video: 0,
      web: 0,
    });
  },
});

Deno.test({
  name: "confidence() is high where goodput and RTT deviate by less than 5 %",
  permissions: "none",
  fn() {
    const of = (ms: number, added: Parameters<typeof phase>[3]) => {
      const { rates, probes } = phase("download", 1000, ms, added);
      return confidence(rates, probes, 1000, 1000 + ms);
    };
    const steady = { down: () => 20, mbits: { down: 20 } };
    assertEquals(of(3900, steady), "low");
    assertEquals(of(4000, steady), "high");
    assertEquals(of(10_000, { ...steady, down: (ms) => ms / 20 }), "medium");
    // Half a millisecond does not matter, however short the path is.
    assertEquals(of(10_000, { ...steady, down: (ms) => ms / 1e4 }), "high");
    assertEquals(of(10_000, { ...steady, lost: () => true }), "medium");
  },
});
