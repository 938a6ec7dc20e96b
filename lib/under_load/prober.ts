/**
 * The handle of the worker that sends probes: starts it, sends it commands, and
 * collects what it measures, by the clock of this side.
 *
 * @module
 */

import type { Distribution } from "../stats/histogram.ts";
import {
  PROBE_TIMEOUT_MS,
  type ProbeCommand,
  type ProbeReport,
  type ProbeTarget,
} from "./probe_worker.ts";
import type { LoadProbes } from "../result/under_load_schema.ts";

/** Which probes there are. */
export interface ProbePlan {
  /** The STAMP reflector; `null` if there is none. */
  stamp: ProbeTarget | null;
  /** Where to set up connections: they replace STAMP if there is none. */
  connect: ProbeTarget;
  /** Further targets, to which connections are set up. */
  also: ProbeTarget[];
  /** How many phases there will be. */
  phases: number;
  /** The time between STAMP probes, in milliseconds. */
  intervalMs: number;
}

/** How often connections are set up, in milliseconds: beside STAMP, or alone. */
const CONNECT_MS = { beside: 500, alone: 50, also: 100 };

/** With a larger clock error than this, directions are unknown. */
const MAX_MS = 1e9;

/** The counters of a session. */
export type SessionCounts = Extract<ProbeReport, { is: "session" }>["counts"];

/** Sends the probes of a run. */
export class Prober implements AsyncDisposable {
  /** STAMP of each phase, then connections, then those to further targets. */
  #series: Required<LoadProbes>[];
  /** How late probes were sent, once all have ended; in microseconds. */
  lateness: Distribution | null = null;
  /** How many replies this side may have dropped. */
  maybeDropped = 0;
  /** Rejects when the worker fails. */
  readonly failed: Promise<never>;
  #plan: ProbePlan;
  #worker: Worker;
  #offsetMs = 0;
  #startMs = 0;
  #base: number | null = null;
  #intervalMs: number;
  #sessions: PromiseWithResolvers<SessionCounts>[];
  #ready = Promise.withResolvers<void>();
  #done = Promise.withResolvers<void>();
  #fail = Promise.withResolvers<never>();

  /**
   * Starts the worker; it sends nothing yet.
   *
   * @param plan Which probes there are.
   */
  constructor(plan: ProbePlan) {
    this.#plan = plan;
    this.#intervalMs = plan.intervalMs;
    this.failed = this.#fail.promise;
    this.failed.catch(() => {});
    this.#series = Array.from(
      { length: plan.phases + 1 + plan.also.length },
      () => ({ at_ms: [], rtt_us: [], up_us: [], down_us: [] }),
    );
    this.#sessions = Array.from(
      { length: plan.phases },
      () => Promise.withResolvers(),
    );
    this.#worker = new Worker(new URL("./probe_worker.ts", import.meta.url), {
      type: "module",
    });
    this.#worker.onmessage = ({ data }) => this.#take(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail.reject(new Error(event.message.replace(/\s+at .*/s, "")));
    };
  }

  /** When the run started, by the monotonic clock. */
  get startMs(): number {
    return this.#startMs;
  }

  /** Waits for the worker, and starts to set up connections. */
  async start(): Promise<void> {
    await Promise.race([this.#ready.promise, this.failed]);
    const { stamp, connect, also, phases } = this.#plan;
    this.#tell({ do: "interval", ms: this.#intervalMs });
    this.#startMs = performance.now();
    this.#tell({
      do: "connect",
      series: phases,
      target: connect,
      intervalMs: stamp === null ? CONNECT_MS.alone : CONNECT_MS.beside,
    });
    also.forEach((target, at) =>
      this.#tell({
        do: "connect",
        series: phases + 1 + at,
        target,
        intervalMs: CONNECT_MS.also,
      })
    );
  }

  /**
   * Starts the session of a phase.
   *
   * @param phase Its number.
   */
  begin(phase: number): void {
    const { stamp: target } = this.#plan;
    if (target !== null) this.#tell({ do: "stamp", phase, target });
  }

  /**
   * The probes of a phase so far, not in order; without STAMP all connections.
   *
   * @param phase Its number.
   * @returns The probes.
   */
  probes(phase: number): Required<LoadProbes> {
    const { stamp, phases } = this.#plan;
    return this.#series[stamp === null ? phases : phase]!;
  }

  /** All connections so far, then those to each further target. */
  get connects(): Required<LoadProbes>[] {
    return this.#series.slice(this.#plan.phases);
  }

  /**
   * Sends no more often than this.
   *
   * @param ms The time between STAMP probes, in milliseconds.
   */
  slowTo(ms: number): void {
    if (ms <= this.#intervalMs) return;
    this.#intervalMs = ms;
    this.#tell({ do: "interval", ms });
  }

  /**
   * Waits until the probes of a phase are complete.
   *
   * @param phase Its number; the next one has begun, or all were stopped.
   * @returns The counters; `null` without STAMP.
   */
  async counts(phase: number): Promise<SessionCounts | null> {
    const timer = Promise.withResolvers<void>();
    const id = setTimeout(timer.resolve, PROBE_TIMEOUT_MS);
    await Promise.race([timer.promise, this.#done.promise, this.failed])
      .finally(() => clearTimeout(id));
    if (this.#plan.stamp === null) return null;
    return await Promise.race([this.#sessions[phase]!.promise, this.failed]);
  }

  /**
   * Ends all probes.
   *
   * @param now Whether to leave outstanding probes incomplete.
   */
  async stop(now: boolean): Promise<void> {
    this.#tell({ do: "stop", now });
    await Promise.race([this.#done.promise, this.failed]);
  }

  /** Ends the worker. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#worker.terminate();
    return Promise.resolve();
  }

  #tell(command: ProbeCommand): void {
    this.#worker.postMessage(command);
  }

  #take(report: ProbeReport): void {
    switch (report.is) {
      case "ready":
        // A message takes far less than a bin.
        this.#offsetMs = performance.now() - report.nowMs;
        return this.#ready.resolve();
      case "samples":
        return this.#add(this.#series[report.series]!, report.rows);
      case "session":
        this.maybeDropped += report.maybeDropped;
        return this.#sessions[report.phase]!.resolve(report.counts);
      case "failed":
        return this.#fail.reject(report.error);
      case "done":
        this.lateness = report.lateness;
        return this.#done.resolve();
    }
  }

  #add(to: Required<LoadProbes>, rows: number[]): void {
    const us = (ms: number) =>
      Math.abs(ms) <= MAX_MS ? Math.round(ms * 1e4) / 10 : null;
    for (let at = 0; at < rows.length; at += 4) {
      const [sentMs, rttMs, upMs, downMs] = rows.slice(at, at + 4);
      if (!Number.isNaN(upMs!)) this.#base ??= upMs!;
      to.at_ms.push(
        Math.round((sentMs! + this.#offsetMs - this.#startMs) * 100) / 100,
      );
      to.rtt_us.push(us(rttMs!));
      // The first delay stands in for the offset of the clocks.
      to.up_us.push(us(upMs! - (this.#base ?? 0)));
      to.down_us.push(us(downMs! + (this.#base ?? 0)));
    }
  }
}
