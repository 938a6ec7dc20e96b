/**
 * A chart on the page: the drawing for each width, its legend, its meaning in
 * words, and its numbers.
 *
 * @module
 */

import type { Chart } from "../result/section.ts";
import { drawChart } from "./chart_drawing.ts";
import { chartNumbers } from "./chart_numbers.ts";
import { chartWords } from "./chart_words.ts";
import { ROOMS } from "./drawing.ts";
import { type Element, element } from "./html.ts";
import { legend } from "./series_style.ts";
import { tableElement } from "./table_element.ts";

/**
 * Makes a figure of a chart.
 *
 * @param chart The chart.
 * @param id An id that nothing else on the page has.
 * @returns The figure.
 */
export function figureElement(chart: Chart, id: string): Element {
  const drawing = (width: keyof typeof ROOMS) => {
    const svg = drawChart(chart, ROOMS[width]);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-labelledby", id);
    svg.setAttribute("aria-describedby", `${id}-words`);
    return element("div", { class: width }, svg);
  };
  return element(
    "figure",
    {},
    element("figcaption", { id }, chart.title),
    ...legendOf(chart),
    drawing("wide"),
    drawing("narrow"),
    element("p", { class: "unseen", id: `${id}-words` }, chartWords(chart)),
    element(
      "details",
      {},
      element("summary", {}, "The numbers"),
      ...chartNumbers(chart).map(({ caption, table }) =>
        tableElement(table, id, caption)
      ),
    ),
  );
}

/** Nothing where there is nothing to tell apart. */
function legendOf(chart: Chart): Element[] {
  const names = chart.series.map(({ name }, index) => ({ name, index }));
  const several = names.length > 1;
  const loss = (name: string) => ({ kind: "loss" as const, index: 0, name });
  switch (chart.kind) {
    case "timeline": {
      const meaning = "mean, and from the least to the greatest of each slot";
      const lost = chart.series.some(({ timeline }) =>
        timeline.lost.some((count) => count > 0)
      );
      const key = several
        ? [element("p", { class: "key" }, `Lines: ${meaning}.`)]
        : [];
      return [
        legend([
          ...names.map(({ name, index }) => ({
            kind: "band" as const,
            index,
            name: several ? name : meaning,
          })),
          ...(lost
            ? [loss(several ? "lost, in the colour of each" : "lost")]
            : []),
        ]),
        ...key,
      ];
    }
    case "curve": {
      const failed = chart.series.some(({ points }) =>
        points.some(({ y }) => y === null)
      );
      if (!several && !failed) return [];
      return [legend([
        ...names.map((name) => ({ kind: "line" as const, ...name })),
        ...(failed
          ? [loss(several ? "failed, in the colour of each" : "failed")]
          : []),
      ])];
    }
    default:
      if (!several) return [];
      return [legend(names.map((name) => ({ kind: "box" as const, ...name })))];
  }
}
