/**
 * Figures for Prometheus: counters and histograms of each target, and the
 * monitor's own health. The text format or, if it is asked for, OpenMetrics.
 *
 * Labels and addresses of a target are those of `roundtrip_target_info`, to be
 * joined by `target`.
 *
 * @module
 */

import process from "node:process";
import {
  Counter,
  type CounterConfiguration,
  Gauge,
  Histogram,
  type OpenMetricsContentType,
  Registry,
} from "npm:prom-client@^15.1.3";
import { COUNTERS } from "./api.ts";
import type { Keeper } from "./keeper.ts";
import type { LiveSeries } from "./live_series.ts";
import type { ProberHealth } from "./prober.ts";
import type { SeriesInfo } from "./target.ts";

/** From 50 us to 26 s, each twice the one before. */
export const DELAY_BUCKETS: number[] = Array.from(
  { length: 20 },
  (_, power) => 5e-5 * 2 ** power,
);
/** How late probes may be, in seconds. */
export const LATENESS_BUCKETS: number[] = [
  5e-4,
  1e-3,
  2e-3,
  5e-3,
  0.01,
  0.02,
  0.05,
  0.1,
  1,
];
const BY_TARGET = ["target", "group"] as const;
const TEXT = Registry.PROMETHEUS_CONTENT_TYPE;
const OPEN_METRICS = Registry.OPENMETRICS_CONTENT_TYPE;

const PROBES: Record<typeof COUNTERS[number], [name: string, help: string]> = {
  sent: ["probes", "Probes that were answered or lost."],
  lost: ["probes_lost", "Probes without an answer in time."],
  lost_forward: ["probes_lost_forward", "Lost probes that did not arrive."],
  lost_backward: ["probes_lost_backward", "Lost probes whose reply was lost."],
  unknown: ["probes_unknown", "Probes not sent, or whose outcome is unknown."],
  duplicate: ["replies_duplicate", "Second replies."],
  reordered: ["replies_reordered", "Replies overtaken by a later one."],
};

type ByTarget = "target" | "group";

/** All figures for Prometheus. */
export class Metrics {
  #text = new Registry();
  #open = new Registry<OpenMetricsContentType>();
  #registers = [this.#text, this.#open] as Registry[];
  #counters = COUNTERS.map((key) => {
    const [name, help] = PROBES[key];
    return [key, this.#counter(name, help, BY_TARGET)] as const;
  });
  #rtt = this.#histogram("rtt_seconds", "Round trips.", BY_TARGET);
  #oneWay = this.#histogram(
    "one_way_variation_seconds",
    "By how much the delay of a direction exceeds its minimum.",
    [...BY_TARGET, "direction"],
  );
  #up = this.#gauge("target_up", "Whether a target answers.", BY_TARGET);
  #lateness = this.#histogram(
    "monitor_lateness_seconds",
    "How late probes were sent.",
    [],
    LATENESS_BUCKETS,
  );
  #skipped = this.#counter(
    "monitor_probes_skipped",
    "Probes that were due while the monitor did not run.",
  );
  #dropped = this.#counter(
    "monitor_replies_maybe_dropped",
    "Replies that the monitor's own sockets may have dropped.",
  );
  #steps = this.#counter(
    "monitor_clock_steps",
    "How often the time of day was set by more than a second.",
  );
  #pause = this.#gauge(
    "monitor_pause_seconds",
    "The longest time in the last second that the prober did not run.",
  );
  #lag = this.#gauge(
    "monitor_event_loop_lag_seconds",
    "How late the last timer of the keeper was.",
  );
  #reloaded = this.#gauge(
    "monitor_config_last_reload_success_timestamp_seconds",
    "When the configuration was read last.",
  );
  #tickMs = performance.now();
  #shown: Record<ByTarget, string>[] = [];

  /**
   * Starts with all figures 0.
   *
   * @param keeper Knows the targets.
   * @param version The program's version.
   */
  constructor(keeper: Keeper, version: string) {
    this.#open.setContentType(OPEN_METRICS);
    keeper.observe = (live) => this.#observe(live);
    this.#gauge("build_info", "The program's version.", ["version"])
      .set({ version }, 1);
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name: `roundtrip_${name}`,
        help,
        registers: this.#registers,
        collect() {
          this.set(value());
        },
      });
    gauge(
      "monitor_store_bytes",
      "The size of the store.",
      () => keeper.failure === null ? keeper.storeBytes : NaN,
    );
    gauge(
      "monitor_store_failed",
      "Whether the store fails now.",
      () => Number(keeper.failure !== null),
    );
    gauge(
      "monitor_store_dropped_slots",
      "Slots that were never kept.",
      () => keeper.droppedSlots,
    );
    new Counter({
      name: "process_cpu_seconds_total",
      help: "Processor time of all threads.",
      registers: this.#registers,
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / 1e6);
      },
    });
    gauge("monitor_targets", "Targets.", () => keeper.targets.size);
  }

  /** Sets the targets to show; the counters of new ones start at 0. */
  setSeries(all: SeriesInfo[]): void {
    const shown = new Set(all.map(({ id }) => id));
    for (const { target, group } of this.#shown) {
      if (shown.has(target)) continue;
      for (const [, counter] of this.#counters) counter.remove(target, group);
      this.#rtt.remove(target, group);
      this.#up.remove(target, group);
      for (const direction of ["forward", "backward"]) {
        this.#oneWay.remove(target, group, direction);
      }
    }
    this.#shown = all.map(({ id, group }) => ({ target: id, group }));
    for (const labels of this.#shown) {
      for (const [, counter] of this.#counters) counter.inc(labels, 0);
    }
    this.#describe(all.map(infoLabels));
  }

  /** The labels depend on the configuration. */
  #describe(targets: Record<string, string>[]): void {
    const names = [
      ...new Set(targets.flatMap((labels) => Object.keys(labels))),
    ];
    for (const registry of this.#registers) {
      registry.removeSingleMetric("roundtrip_target_info");
    }
    const info = this.#gauge("target_info", "A target.", names);
    for (const labels of targets) info.set(labels, 1);
  }

  #observe({ info, added, state }: LiveSeries): void {
    const labels = { target: info.id, group: info.group };
    for (const [key, counter] of this.#counters) {
      if (added[key] > 0) counter.inc(labels, added[key]);
    }
    if (added.rtt.count > 0) this.#rtt.observe(labels, added.rtt.sum / 1e6);
    for (const direction of ["forward", "backward"] as const) {
      const { count, sum } = added[direction];
      if (count > 0) this.#oneWay.observe({ ...labels, direction }, sum / 1e6);
    }
    if (state !== "unknown") this.#up.set(labels, Number(state === "up"));
    else this.#up.remove(info.id, info.group);
  }

  /**
   * Takes the prober's health.
   *
   * @param health Since the last time.
   */
  take(health: ProberHealth): void {
    for (const ms of health.lateMs) this.#lateness.observe(ms / 1000);
    this.#skipped.inc(health.skipped);
    this.#dropped.inc(health.maybeDropped);
    this.#steps.inc(health.clockSteps);
    this.#pause.set(health.pauseMs / 1000);
  }

  /** Notes that a timer of a second has fired. */
  tick(): void {
    const nowMs = performance.now();
    this.#lag.set(Math.max(0, nowMs - this.#tickMs - 1000) / 1000);
    this.#tickMs = nowMs;
  }

  /** Notes that the configuration was read. */
  configured(): void {
    this.#reloaded.setToCurrentTime();
  }

  /**
   * Answers a scrape.
   *
   * @param request The request; its header Accept chooses the format, and `name`
   * in its query, which may be repeated, the figures.
   * @returns The figures.
   */
  async response(request: Request): Promise<Response> {
    const accept = request.headers.get("accept") ?? "";
    const isOpen = prefersOpenMetrics(accept);
    const registry = (isOpen ? this.#open : this.#text) as Registry;
    const names = new URL(request.url).searchParams.getAll("name");
    const found = names.filter((name) => registry.getSingleMetric(name));
    const some = async () => {
      const texts = found.map((name) => registry.getSingleMetricAsString(name));
      const end = isOpen ? "# EOF\n" : "";
      const lines = (await Promise.all(texts)).map((text) => text.trim());
      return `${lines.join("\n")}\n${end}`;
    };
    const body = names.length > 0 ? await some() : await registry.metrics();
    return new Response(body, {
      headers: { "content-type": isOpen ? OPEN_METRICS : TEXT },
    });
  }

  #counter<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
  ): Counter<L> {
    const configuration: CounterConfiguration<L> = {
      name: `roundtrip_${name}_total`,
      ...{ help, labelNames, registers: this.#registers },
    };
    return new Counter(configuration);
  }

  #gauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
  ): Gauge<L> {
    return new Gauge({
      name: `roundtrip_${name}`,
      ...{ help, labelNames, registers: this.#registers },
    });
  }

  #histogram<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets = DELAY_BUCKETS,
  ): Histogram<L> {
    return new Histogram({
      name: `roundtrip_${name}`,
      ...{ help, labelNames, buckets, registers: this.#registers },
    });
  }
}

function infoLabels(series: SeriesInfo): Record<string, string> {
  const { id, name, group, host, way, family, address, labels } = series;
  const own = Object.entries(labels)
    .map(([key, value]) => [`label_${key}`, value]);
  return {
    ...Object.fromEntries(own),
    ...{ target: id, name, group, host, probe: way.probe },
    port: `${way.port}`,
    family: `${family}`,
    address: address ?? "",
  };
}

/** Whether OpenMetrics has a higher weight than the text format. */
function prefersOpenMetrics(accept: string): boolean {
  const weight = (type: string) => {
    const [, q = "1"] = new RegExp(`${type}[^,]*?(?:;\\s*q=([0-9.]+))?(?:,|$)`)
      .exec(accept) ?? [, "0"];
    return Number(q);
  };
  return weight("application/openmetrics-text") > weight("text/plain");
}
