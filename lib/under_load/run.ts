/**
 * Runs the phases: fills the path with a throughput test in each load phase,
 * while the prober measures it.
 *
 * @module
 */

import { mean } from "../stats/average.ts";
import { ThroughputClient, type ThroughputSockets } from "../iperf3/client.ts";
import { parseParameters } from "../iperf3/parameters.ts";
import { BIN_MS } from "../iperf3/transfer.ts";
import { type Distribution, Histogram } from "../stats/histogram.ts";
import {
  confidence,
  isLoad,
  type LoadName,
} from "../result/under_load_judge.ts";
import type { LoadProbes, PhaseRecord } from "../result/under_load_schema.ts";
import type { Prober } from "./prober.ts";
import { MAX_RAMP_STREAMS, Ramp } from "./ramp.ts";
import { LOADS, type PlannedPhase } from "./plan.ts";

/** How often to look whether data flows, in milliseconds. */
const START_MS = 5;
/** The longest load phase that goes on until it is stable, in milliseconds. */
export const MAX_STABLE_MS = 30_000;
/** The shortest such phase: twice the ramp that is left out. */
const MIN_STABLE_MS = 4000;
/** A probe with its headers of IPv4 and UDP, in bits. */
const PROBE_BITS = 72 * 8;
/** The share of the slower direction's rate that probes may take. */
const PROBE_SHARE = 0.01;
/** The number of bins after which the rate of a direction is known. */
const RATE_KNOWN_BINS = 10;
/** The intervals of probes, in milliseconds. */
const INTERVALS_MS = [10, 20, 50, 100, 200, 500, 1000];
/** The block of a TCP stream, and the payload of a datagram, in bytes. */
const BLOCK_BYTES = { tcp: 128 * 1024, udp: 1400 };

/** What to run. */
export interface LoadOptions {
  /** The phases. */
  plan: PlannedPhase[];
  /** Streams of each direction. */
  parallel: number;
  /** Whether streams are added while the goodput grows; not with datagrams. */
  ramp: boolean;
  /** The rate of datagrams in each direction, in bit/s; `null` for TCP. */
  udpBitsPerSec: number | null;
  /** Whether a load phase goes on until it is stable. */
  stable: boolean;
  /** Ends the run early. */
  signal: AbortSignal;
  /** Called for each bin with the phase under way and the last probe's RTT. */
  onBin?: (
    record: Readonly<PhaseRecord>,
    durationMs: number,
    rttUs: number | null,
  ) => void;
  /** Called with each phase once all of its probes are complete. */
  onPhase: (record: PhaseRecord) => void;
}

/** A load under way. */
interface Load {
  client: ThroughputClient;
  rates: PhaseRecord["rates"];
  ramp: Ramp;
  stop: AbortController;
  ended: Promise<void>;
}

/** A phase under way. */
interface Current {
  index: number;
  record: PhaseRecord;
  load: Load | null;
}

/** One run. */
export class LoadRun {
  /** The share of a processor in the busiest phase, in percent. */
  readonly processors: { client: number | null; server: number | null } = {
    client: null,
    server: null,
  };
  #sockets: ThroughputSockets;
  #prober: Prober;
  #options: LoadOptions;
  #lag = new Histogram();
  #completed: Promise<void> = Promise.resolve();

  /**
   * Prepares a run.
   *
   * @param sockets Open the connections of the load.
   * @param prober Sends the probes; it has started.
   * @param options What to run.
   */
  constructor(
    sockets: ThroughputSockets,
    prober: Prober,
    options: LoadOptions,
  ) {
    this.#sockets = sockets;
    this.#prober = prober;
    this.#options = options;
  }

  /** How late the timers of the load's event loop were, in microseconds. */
  get lag(): Distribution | null {
    return this.#lag.distribution();
  }

  /**
   * Runs all phases; ends early with the signal.
   *
   * @throws {Iperf3Error} If the server refuses a load or breaks it off.
   */
  async run(): Promise<void> {
    const { plan, signal } = this.#options;
    let current: Current | null = null;
    let load: Load | null = null;
    try {
      for (const [index, phase] of plan.entries()) {
        const fills = isLoad(phase.name);
        if (fills) {
          await load?.ended; // the server takes one test at a time
          load = await this.#startLoad(phase);
        }
        if (signal.aborted) break;
        if (current !== null) this.#end(current);
        this.#prober.begin(index);
        const record = this.#newRecord(phase.name, fills ? load : null);
        current = { index, record, load: fills ? load : null };
        await this.#pass(phase, current);
      }
      await load?.ended;
    } finally {
      load?.stop.abort();
      load?.ramp.end();
      if (current !== null) this.#end(current);
      await this.#prober.stop(signal.aborted);
      await load?.ended.catch(() => {});
      await this.#completed;
    }
  }

  /** Starts a throughput test, and waits until data flows. */
  async #startLoad({ name, durationMs }: PlannedPhase): Promise<Load> {
    const { parallel, udpBitsPerSec, stable, signal } = this.#options;
    const streams = this.#options.ramp
      ? Math.max(parallel, MAX_RAMP_STREAMS)
      : parallel;
    const ramp = new Ramp(parallel, streams);
    const direction = LOADS[name as LoadName];
    const transport = udpBitsPerSec === null ? "tcp" : "udp";
    const { startMs } = this.#prober;
    const longestMs = stable ? MAX_STABLE_MS : durationMs;
    const stop = new AbortController();
    const rates: PhaseRecord["rates"] = { at_ms: [], down: [], up: [] };
    let [ms, sent, received] = [0, 0, 0];
    const sockets = streams > parallel
      ? ramp.sockets(this.#sockets, () => client.transfer.isRunning)
      : this.#sockets;
    const client: ThroughputClient = new ThroughputClient(sockets, {
      parameters: {
        ...parseParameters({
          [transport]: true,
          parallel: streams,
          // It is ended from here, before its time.
          time: Math.ceil(longestMs / 1000) + 1,
          len: BLOCK_BYTES[transport],
          bandwidth: (udpBitsPerSec ?? 0) / parallel,
          udp_counters_64bit: transport === "udp" ? 1 : 0,
        }),
        direction,
      },
      signal: AbortSignal.any([stop.signal, signal]),
      onBin({ endMs, elapsedMs, sentBytes, receivedBytes }) {
        // After a pause the next bins are shorter, and say nothing by themselves.
        ms += elapsedMs;
        sent += sentBytes;
        received += receivedBytes;
        if (ms < BIN_MS / 2) return;
        rates.at_ms.push(Math.round(endMs - startMs));
        rates.down.push(Math.round(received * 8000 / ms));
        rates.up.push(Math.round(sent * 8000 / ms));
        [ms, sent, received] = [0, 0, 0];
      },
    });
    const ended = client.run().then(() => this.#noteProcessors(client));
    ended.catch(() => {}); // awaited before the next load
    while (!client.transfer.isRunning) {
      await passed(START_MS, ended, this.#prober.failed);
      if (signal.aborted) break;
    }
    return { client, rates, ramp, stop, ended };
  }

  /** Waits for the end of a phase, and looks at it for each bin. */
  async #pass(
    { durationMs }: PlannedPhase,
    { index, record, load }: Current,
  ): Promise<void> {
    const { signal, stable, onBin } = this.#options;
    const { rates, start_ms } = record;
    const { startMs } = this.#prober;
    const probes = this.#prober.probes(index);
    let isOver = false;
    const over = load?.ended.then(() => {
      isOver = true;
    });
    over?.catch(() => {}); // it may fail after the phase
    let elapsedMs = 0;
    const isDone = () =>
      load === null || !stable
        ? elapsedMs >= durationMs
        : elapsedMs >= MAX_STABLE_MS ||
          elapsedMs >= MIN_STABLE_MS &&
            confidence(rates, probes, start_ms, start_ms + elapsedMs) ===
              "high";
    for (let bin = 1; !isDone() && !isOver && !signal.aborted; bin++) {
      const dueMs = startMs + start_ms + bin * BIN_MS;
      await passed(
        Math.max(0, dueMs - performance.now()),
        this.#prober.failed,
        ...(over ? [over] : []),
      );
      const nowMs = performance.now();
      this.#lag.record(Math.max(0, nowMs - dueMs) * 1000);
      elapsedMs = nowMs - startMs - start_ms;
      if (rates.at_ms.length >= RATE_KNOWN_BINS) this.#limitProbes(record);
      load?.ramp.look(rates);
      record.end_ms = nowMs - startMs;
      onBin?.(record, durationMs, probes.rtt_us.at(-1) ?? null);
    }
    record.end_ms = performance.now() - startMs;
    record.streams = load?.ramp.streams ?? 0;
    load?.stop.abort();
    load?.ramp.end();
  }

  /** Keeps the probes below their share of the slower direction. */
  #limitProbes({ rates, name }: PhaseRecord): void {
    const means = [
      ...(name === "upload" ? [] : [rates.down]),
      ...(name === "download" ? [] : [rates.up]),
    ].map((list) => mean(list)!);
    const allowed = PROBE_SHARE * Math.min(...means);
    this.#prober.slowTo(
      INTERVALS_MS.find((ms) => PROBE_BITS * 1000 / ms <= allowed) ??
        INTERVALS_MS.at(-1)!,
    );
  }

  #newRecord(name: PhaseRecord["name"], load: Load | null): PhaseRecord {
    const nowMs = performance.now() - this.#prober.startMs;
    return {
      name,
      streams: 0,
      start_ms: nowMs,
      end_ms: nowMs,
      rates: load?.rates ?? { at_ms: [], down: [], up: [] },
      delivered_bits_per_second: null,
      probes: { at_ms: [], rtt_us: [] },
      counts: {
        sent: 0,
        lost: 0,
        lost_up: null,
        lost_down: null,
        late: 0,
        reordered: 0,
        duplicate: 0,
        not_sent: 0,
      },
      connects: { at_ms: [], rtt_us: [] },
      also: [],
    };
  }

  /** Completes a record in the background, and hands it over in its turn. */
  #end({ index, record, load }: Current): void {
    const untilMs = performance.now() - this.#prober.startMs;
    const counts = this.#prober.counts(index);
    this.#completed = this.#completed.then(async () => {
      const known = await counts;
      await load?.ended.catch(() => {});
      const [connects, ...also] = this.#prober.connects.map((one) =>
        between(one, record.start_ms, untilMs)
      );
      const all = this.#prober.probes(index);
      const probes = known === null
        ? connects!
        : between(all, -Infinity, Infinity);
      const lost = probes.rtt_us.filter((rtt) => rtt === null).length;
      Object.assign(record, {
        delivered_bits_per_second: load && delivered(load.client),
        probes,
        connects,
        also,
        counts: {
          ...record.counts,
          ...known,
          sent: probes.at_ms.length,
          lost,
          ...(lost === 0 && { lost_up: 0, lost_down: 0 }),
        },
      });
      this.#options.onPhase(record);
    });
    this.#completed.catch(() => {}); // awaited at the end
  }

  #noteProcessors({ transfer, results }: ThroughputClient): void {
    const busier = (one: number | null, other: number | undefined) =>
      other === undefined ? one : Math.max(one ?? 0, other);
    const { processors } = this;
    processors.client = busier(
      processors.client,
      transfer.results().processor.total,
    );
    processors.server = busier(processors.server, results?.processor.total);
  }
}

/** Waits for a time, or for what comes first; leaves no timer. */
async function passed(ms: number, ...first: Promise<unknown>[]): Promise<void> {
  const timer = Promise.withResolvers<void>();
  const id = setTimeout(timer.resolve, ms);
  try {
    await Promise.race([timer.promise, ...first]);
  } finally {
    clearTimeout(id);
  }
}

/** What the server received, in bit/s; `null` if it did not say. */
function delivered({ streams, transfer }: ThroughputClient): number | null {
  const sums = streams.filter(({ direction }) => direction === "forward")
    .map(({ receiver }) =>
      receiver && receiver.bytes * 8 / (receiver.seconds || transfer.seconds)
    );
  return sums.length === 0 || sums.includes(null)
    ? null
    : Math.round(sums.reduce<number>((sum, rate) => sum + rate!, 0));
}

/** The probes that were sent in a stretch of time, in their order. */
function between(
  series: Required<LoadProbes>,
  fromMs: number,
  untilMs: number,
): LoadProbes {
  const order = [...series.at_ms.keys()]
    .filter((at) => series.at_ms[at]! >= fromMs && series.at_ms[at]! < untilMs)
    .sort((one, other) => series.at_ms[one]! - series.at_ms[other]!);
  const pick = <T>(list: T[]) => order.map((at) => list[at]!);
  const hasWays = series.up_us.some((us) => us !== null);
  return {
    at_ms: pick(series.at_ms),
    rtt_us: pick(series.rtt_us),
    ...(hasWays &&
      { up_us: pick(series.up_us), down_us: pick(series.down_us) }),
  };
}
