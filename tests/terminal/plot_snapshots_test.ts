import { formatChart } from "../../lib/terminal/plot.ts";
import type { Chart } from "../../lib/result/section.ts";
import * as charts from "./plot_charts.ts";

const WIDTHS = [40, 80, 200];
const asText = { serializer: (text: string) => text };

const CHARTS: Record<string, Chart> = {
  "a histogram": charts.HISTOGRAM,
  "two histograms": charts.TWO_HISTOGRAMS,
  "a timeline": charts.TIMELINE,
  "two timelines": charts.TWO_TIMELINES,
  "a timeline on a log scale": charts.WIDE_TIMELINE,
  "percentiles": charts.PERCENTILES,
  "a curve": charts.SWEEP,
  "two curves": charts.TWO_SWEEPS,
  "bars": charts.BARS,
  "bars of two series": charts.TWO_BARS,
};

for (const [name, chart] of Object.entries(CHARTS)) {
  for (const ascii of [false, true]) {
    Deno.test({
      name: `formatChart() of ${name}${ascii ? " in ASCII" : ""}`,
      permissions: "none",
      async fn(t) {
        const drawn = WIDTHS.flatMap((width) =>
          formatChart(chart, { width, ascii, color: false })
        );
        await t.assertSnapshot(drawn.join("\n"), asText);
      },
    });
  }

  Deno.test({
    name: `formatChart() of ${name} in colours`,
    permissions: "none",
    async fn(t) {
      const style = { width: 80, ascii: false, color: true };
      const drawn = formatChart(chart, style).join("\n");
      // A snapshot is a source file, in which an escape is better spelt out.
      await t.assertSnapshot(drawn.replaceAll("\x1b", "ESC"), asText);
    },
  });
}
