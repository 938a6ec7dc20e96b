/**
 * Runs under load as sections: one by itself, or several side by side.
 *
 * @module
 */

import { gradeIncrease } from "./under_load_judge.ts";
import { figuresIn, type Named } from "./figures.ts";
import { figuresTable } from "./figure_table.ts";
import { namedSentences, qualitySection } from "./notes.ts";
import {
  formatDuration,
  formatRate,
  formatRatio,
  formatValue,
  shownUnit,
} from "./quantities.ts";
import type { Section, Table } from "./section.ts";
import { underLoadCharts } from "./under_load_charts.ts";
import type { LoadPhase, UnderLoadResult } from "./under_load_schema.ts";

/** From this increase of the median on, in microseconds, there is a problem. */
const PROBLEM_US = 30_000;
/** From this loss on, in percent. */
const PROBLEM_PERCENT = 1;
/** Delays that grew by less than this, in microseconds, have no direction. */
const NOISE_US = 1000;
/** A queue is managed at this share of the rate at which it fills. */
const MANAGED_SHARE = 0.9;

type Way = "down" | "up";
const QUEUES: Record<Way, string> = { down: "download", up: "upload" };

/**
 * Turns runs under load into sections: first the quality, last the headline.
 *
 * @param results The runs, at least one.
 * @returns The sections.
 */
export function underLoadSections(
  results: Named<UnderLoadResult>[],
): Section[] {
  const [one] = results.length === 1 ? results : [];
  return [
    qualitySection(results, (result) => [qualitySentence(result)]),
    {
      title: "Latency under load",
      role: "headline",
      table: one ? phasesTable(one.result) : figuresTable(
        figuresIn("load"),
        results.map(({ name, result: { load } }) => ({
          name,
          result: { load },
        })),
      ),
      charts: underLoadCharts(results),
      sentences: namedSentences(results, (result) => [
        ...(one ? summaryLines(result) : []),
        verdict(result),
      ]),
    },
  ];
}

function qualitySentence({ instrument }: UnderLoadResult): string {
  const { load_lag_us, probe_lag_us, processor_percent: shares } = instrument;
  const late = (lag: typeof load_lag_us) => formatDuration(lag?.p99 ?? null);
  const busy = (share: number | null) =>
    formatValue(share && Math.round(share), "percent");
  return `timers late p99 ${late(load_lag_us)}, probes ${
    late(probe_lag_us)
  }; processor ${busy(shares.client)} here, ${busy(shares.server)} there`;
}

/** The phases whose figures are shown: idle and the loads. */
function shownPhases({ phases }: UnderLoadResult): LoadPhase[] {
  return phases.filter(({ name, load }) => name === "idle" || load);
}

/** A row for each phase. */
function phasesTable(result: UnderLoadResult): Table {
  const shown = shownPhases(result);
  const rates = shown.flatMap(({ goodput: { down, up } }) =>
    [down, up].flatMap((one) => one?.mean ?? [])
  );
  const [size, unit] = shownUnit(Math.max(0, ...rates), "bits_per_second");
  return {
    columns: [
      { name: unit },
      { name: "RTT p50", unit: "us" },
      { name: "p95", unit: "us" },
      { name: "p99", unit: "us" },
      { name: "increase" },
      { name: "lost", unit: "percent" },
      { name: "mostly" },
    ],
    rows: shown.map((phase) => {
      const { name, rtt_us: rtt, counts: { sent, lost }, load } = phase;
      const { down, up } = phase.goodput;
      const goodputs = [down, up].flatMap((one) =>
        one === null ? [] : [formatRatio(one.mean / size)]
      );
      return {
        name,
        values: [
          goodputs.join("/") || "-",
          rtt?.p50 ?? null,
          rtt?.p95 ?? null,
          rtt?.p99 ?? null,
          load?.increase_us
            ? `${signed(load.increase_us.p50)} ${load.grade}`
            : "-",
          sent === 0 ? null : 100 * lost / sent,
          mostlyIn(phase) ?? "-",
        ],
      };
    }),
  };
}

function signed(us: number): string {
  return us < 0 ? formatDuration(us) : `+${formatDuration(us)}`;
}

/** The direction with most of the increase, if it is known. */
function mostlyIn({ load }: LoadPhase): Way | null {
  const { down, up } = load?.one_way_us ?? { down: null, up: null };
  if (down === null || up === null) return null;
  if (Math.max(down, up) < NOISE_US) return null;
  return down > up ? "down" : "up";
}

/** A summary of the figures of the phases, in two lines. */
function summaryLines(result: UnderLoadResult): string[] {
  const { load: { rpm, outcome } } = result;
  const loads = result.phases.flatMap(({ load }) => load ?? []);
  const list = (name: string, texts: string[]) =>
    texts.length === 0 ? [] : [
      `${name} ${
        (new Set(texts).size === 1 ? texts.slice(0, 1) : texts).join(" / ")
      }`,
    ];
  const bytes = ({ down, up }: { down: number | null; up: number | null }) =>
    down === null && up === null
      ? "-"
      : `${Math.round(((down ?? 0) + (up ?? 0)) / 1000)} kB`;
  const milliseconds = (ms: number | null) =>
    formatDuration(ms === null ? null : ms * 1000);
  return [
    [
      ...list("recovery", loads.map((load) => milliseconds(load.recovery_ms))),
      ...list("queue", loads.map((load) => bytes(load.queue_bytes))),
      ...list("confidence", loads.map(({ confidence }) => confidence)),
    ].join("; "),
    rpm === null
      ? ""
      : `RPM ${Math.round(rpm)}, of UDP probes and connections, not of HTTP`,
    outcome === null
      ? ""
      : `quality of outcome: ${
        Object.entries(outcome).map(([use, share]) => `${use} ${share} %`)
          .join(", ")
      }`,
    ...result.also.map((target, at) =>
      `${target}: ${
        shownPhases(result).map(({ name, also_us }) =>
          `${name} ${formatDuration(also_us[at]?.p50 ?? null)}`
        ).join(", ")
      }`
    ),
  ].filter((line) => line !== "");
}

/**
 * Names the problem and the remedy.
 *
 * @param result The run.
 * @returns One sentence.
 */
export function verdict(result: UnderLoadResult): string {
  const { instrument: { limit }, load: { grade, increase_us } } = result;
  if (limit !== null) {
    return `The ${limit}'s processor was the limit: the figures are the tool's, not the path's. Use a faster ${limit}, or fewer streams.`;
  }
  if (increase_us === null) return "No load phase was measured to its end.";
  const queues = (["up", "down"] as const).flatMap((way) => {
    const us = wayIncrease(result, way);
    return us !== null && us >= PROBLEM_US ? [{ way, us }] : [];
  }).sort((one, other) => other.us - one.us);
  const [worst] = queues;
  if (worst !== undefined) {
    const adds = queues.map(({ way, us }) =>
      `the ${QUEUES[way]} queue adds ${formatDuration(us)} (${
        gradeIncrease(us)
      })`
    ).join(" and ");
    const at = queues.map(({ way }) => managedRate(result, way))
      .filter((rate) => rate !== null).map(formatRate).join(" and ");
    return `Grade ${grade}: ${adds}${nearTarget(result)}; queue management ` +
      `(SQM, as CAKE or fq_codel)${at && ` at about ${at}`} there mends it.`;
  }
  const lossy = result.phases.find(({ load, counts: { sent, lost } }) =>
    load !== undefined && 100 * lost / sent >= PROBLEM_PERCENT
  );
  if (lossy !== undefined) {
    const { sent, lost } = lossy.counts;
    return `Grade ${grade}: ${lossy.name} loses ${
      formatValue(100 * lost / sent, "percent")
    } of the probes without delay: a policer, a short queue or a bad link; sending below its rate mends the first two.`;
  }
  return `Grade ${grade}: the load adds at most ${
    formatDuration(Math.max(0, increase_us))
  } to the median; nothing needs mending.`;
}

/**
 * The increase in one direction: its part in the phase in which the part is
 * largest, or the whole increase of its own phase if the parts are unknown.
 */
function wayIncrease({ phases }: UnderLoadResult, way: Way): number | null {
  const values = phases.flatMap(({ name, load }) => {
    const part = load?.one_way_us[way] ?? null;
    if (part !== null) return [part];
    const isOwn = name === QUEUES[way];
    return isOwn && load?.increase_us ? [load.increase_us.p50] : [];
  });
  return values.length === 0 ? null : Math.max(...values);
}

/** A rate below the one at which the queue fills, to two digits. */
function managedRate({ phases }: UnderLoadResult, way: Way): number | null {
  const rates = phases.flatMap(({ goodput }) => goodput[way]?.mean ?? []);
  return rates.length === 0
    ? null
    : Number((Math.max(...rates) * MANAGED_SHARE).toPrecision(2));
}

/** Whether most of the increase is on the way to a further target, too. */
function nearTarget({ also, phases }: UnderLoadResult): string {
  const idle = phases.find(({ name }) => name === "idle");
  const near = also.find((_, at) =>
    phases.some(({ load, also_us }) => {
      const [loaded, rest] = [also_us[at]?.p50, idle?.also_us[at]?.p50];
      const whole = load?.increase_us?.p50 ?? 0;
      return whole >= PROBLEM_US && loaded !== undefined &&
        rest !== undefined && loaded - rest >= whole / 2;
    })
  );
  return near === undefined ? "" : `, most of it on the way to ${near} already`;
}
