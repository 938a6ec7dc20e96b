import { assert, assertEquals } from "@std/assert";
import { formatSection } from "../../lib/terminal/section_text.ts";
import type { Section } from "../../lib/result/section.ts";
import * as charts from "./plot_charts.ts";

const WIDTHS = [40, 80, 200];
const asText = { serializer: (text: string) => text };

const SECTION: Section = {
  title: "RTT of each transport",
  table: {
    columns: ["TCP", "TCP, Nagle on", "UDP", "Unix stream", "Unix datagram"]
      .map((name) => ({ name })),
    rows: [
      { name: "median", unit: "us", values: [41.2, 40_300, 33.9, null, 29.5] },
      { name: "greatest", unit: "us", values: [99, 44e3, 1.2e6, null, 61] },
      { name: "lost", unit: "percent", values: [0, 0, 0.25, "failed", 0] },
    ],
  },
  charts: [charts.BARS, charts.HISTOGRAM],
  sentences: [
    "The median of UDP was 1.22 times less than that of TCP; Nagle's algorithm, " +
    "where it was on, waited for the far end's delayed acknowledgement.",
    "A Unix stream failed: Permission denied.",
  ],
};

for (const ascii of [false, true]) {
  Deno.test({
    name: `formatSection() shows all its parts${ascii ? " in ASCII" : ""}`,
    permissions: "none",
    async fn(t) {
      const drawn = WIDTHS.map((width) =>
        formatSection(SECTION, { width, ascii, color: false })
      );
      await t.assertSnapshot(drawn.join("\n\n"), asText);
    },
  });
}

Deno.test({
  name: "formatSection() shows no table without rows, and nothing of nothing",
  permissions: "none",
  fn() {
    const table = { columns: [{ name: "tcp" }], rows: [] };
    const empty = { title: "t", table, charts: [], sentences: [] };
    const style = { width: 80, ascii: true, color: false };
    assertEquals(formatSection(empty, style), "t");
    assertEquals(
      formatSection({ ...empty, sentences: ["One.", "Two."] }, style),
      "t\n\nOne.\nTwo.",
    );
  },
});

Deno.test({
  name: "formatSection() breaks a word that is longer than a line",
  permissions: "none",
  fn() {
    const table = { columns: [], rows: [] };
    const word = "ä".repeat(100);
    const sentences = [`so ${word} it is`];
    const text = formatSection(
      { title: "t", table, charts: [], sentences },
      { width: 40, ascii: false, color: false },
    );
    assertEquals(text.match(/ä/g)!.length, 100);
    for (const line of text.split("\n")) assert(line.length <= 40);
  },
});
