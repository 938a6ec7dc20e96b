/**
 * Figures of one result or of several as tables, and as a sentence.
 *
 * @module
 */

import type { Figure, Measured, Named } from "./figures.ts";
import { formatValue } from "./quantities.ts";
import type { Table } from "./section.ts";

/** @internal The name of a figure, as `RTT p99`. */
export function figureLabel({ series, part }: Figure): string {
  return part === "" ? series : `${series} ${part}`;
}

/**
 * A row for each figure, a column for each result. A figure that applies to no
 * result is left out.
 *
 * @internal
 */
export function figuresTable(figures: Figure[], results: Named[]): Table {
  return {
    columns: results.map(({ name }) => ({ name })),
    rows: figures.flatMap((figure) => {
      const values = results.map(({ result }) => shown(figure, result));
      if (values.every((value) => value === null)) return [];
      return [{ name: figureLabel(figure), unit: figure.unit, values }];
    }),
  };
}

/**
 * A row for each series of one result, a column for each part. Figures that do not
 * apply and percentiles of too few values are left out.
 *
 * @internal
 */
export function matrix(figures: Figure[], result: Measured): Table {
  const cells = figures.filter((figure) => shown(figure, result) !== null);
  const parts = [...new Set(cells.map(({ part }) => part))];
  return {
    columns: parts.map((name) => ({ name, unit: cells[0]!.unit })),
    rows: [...Map.groupBy(cells, ({ series }) => series)].map((
      [name, row],
    ) => ({
      name,
      values: parts.map((part) =>
        row.find((figure) => figure.part === part)?.read(result) ?? null
      ),
    })),
  };
}

/**
 * The figures of one result that apply, as
 * `send call p50 9.1 us, p99 21 us; clock step 0.1 us`.
 *
 * @internal
 */
export function figureSentence(figures: Figure[], result: Measured): string {
  const known = figures.filter((figure) => shown(figure, result) !== null);
  return [...Map.groupBy(known, ({ series }) => series)].map((
    [series, parts],
  ) =>
    `${series} ${
      parts.map((figure) =>
        `${figure.part} ${formatValue(shown(figure, result), figure.unit)}`
          .trimStart()
      ).join(", ")
    }`
  ).join("; ");
}

function shown(figure: Figure, result: Measured): number | null {
  return figure.isCarried(result) ? figure.read(result) : null;
}
