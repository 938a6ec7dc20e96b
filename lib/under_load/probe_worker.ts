/**
 * Sends the probes of a run, in a worker: the load keeps its event loop busy,
 * and would delay what is sent and received there.
 *
 * ```text
 *   program -> stamp, connect, interval, stop -> worker
 *   program <- ready, samples, session, failed, done <- worker
 * ```
 *
 * @module
 */

import { connectSession } from "../measure/connect.ts";
import { connectWithin } from "../net/connect.ts";
import { localHostFor } from "../net/datagram_socket.ts";
import { DeadlineError } from "../net/errors.ts";
import { StampSession } from "../stamp/session.ts";
import { type Distribution, Histogram } from "../stats/histogram.ts";
import type { Sample } from "../stats/sample.ts";
import { WallClock } from "../timing/wall_clock.ts";
import type { PhaseRecord } from "../result/under_load_schema.ts";

/** Where to send probes. */
export interface ProbeTarget {
  /** An address. */
  hostname: string;
  /** The port. */
  port: number;
}

/** A message to the worker. */
export type ProbeCommand =
  /** Ends the STAMP session before it, and starts that of a phase. */
  | { do: "stamp"; phase: number; target: ProbeTarget }
  /** Sets up connections until the end. */
  | { do: "connect"; series: number; target: ProbeTarget; intervalMs: number }
  /** Changes the interval of STAMP. */
  | { do: "interval"; ms: number }
  /** Ends all; with `now` outstanding probes stay incomplete. */
  | { do: "stop"; now: boolean };

/** What the worker says. */
export type ProbeReport =
  | { is: "ready"; nowMs: number }
  /**
   * Rows of four: sent at, RTT, there, back, in ms; `NaN` if unknown. The series
   * of STAMP are the phases; that of connections is their own.
   */
  | { is: "samples"; series: number; rows: number[] }
  | {
    is: "session";
    phase: number;
    counts: Omit<PhaseRecord["counts"], "sent" | "lost">;
    maybeDropped: number;
  }
  | { is: "failed"; error: unknown }
  | { is: "done"; lateness: Distribution | null };

/** A probe without a reply is lost after this time, in milliseconds. */
export const PROBE_TIMEOUT_MS = 3000;
/** How often samples are handed over, in milliseconds. */
const FLUSH_MS = 50;
/** How much intervals vary, so that probes keep no step with other timers. */
const JITTER = 0.1;

/** The probes of a run. */
class Probes {
  #send: (report: ProbeReport) => void;
  #intervalMs = 10;
  #wall = new WallClock();
  #endSession: () => void = () => {};
  #sessions: Promise<void>[] = [];
  #stop = new AbortController();
  #cut = new AbortController();
  #rows = new Map<number, number[]>();
  #lateness = new Histogram();
  #flushing = setInterval(() => this.#flush(), FLUSH_MS);

  constructor(send: (report: ProbeReport) => void) {
    this.#send = send;
    send({ is: "ready", nowMs: performance.now() });
  }

  take(command: ProbeCommand): void {
    switch (command.do) {
      case "stamp":
        return this.#run(this.#stamp(command.phase, command.target));
      case "connect":
        return this.#run(this.#connect(command));
      case "interval":
        this.#intervalMs = command.ms;
        return;
      case "stop":
        this.#endSession();
        this.#stop.abort();
        if (command.now) this.#cut.abort();
        Promise.allSettled(this.#sessions).then(() => {
          clearInterval(this.#flushing);
          this.#flush();
          this.#send({ is: "done", lateness: this.#lateness.distribution() });
        });
    }
  }

  #run(session: Promise<void>): void {
    this.#sessions.push(
      session.catch((error) => this.#send({ is: "failed", error })),
    );
  }

  async #stamp(phase: number, target: ProbeTarget): Promise<void> {
    this.#endSession();
    let nextMs = 0;
    // So ended, a session still waits for its last replies.
    this.#endSession = () => nextMs = Infinity;
    const session = new StampSession(
      () =>
        Deno.listenDatagram({
          transport: "udp",
          hostname: localHostFor(target.hostname),
          port: 0,
        }),
      target,
      {
        durationMs: Number.MAX_VALUE, // until the schedule is over
        intervalMs: this.#intervalMs,
        schedule: () => {
          const nowMs = nextMs;
          nextMs += this.#intervalMs * (1 + JITTER * (2 * Math.random() - 1));
          return nowMs;
        },
        warmup: 0,
        timeoutMs: PROBE_TIMEOUT_MS,
        relaxed: true,
        wall: this.#wall,
        signal: this.#cut.signal,
      },
    );
    for await (const sample of session.samples()) {
      this.#lateness.record(
        Math.max(0, sample.sentAtMs - sample.intendedAtMs) * 1000,
      );
      this.#add(phase, sample);
    }
    const { counts, directionsKnown, queue, countRestarted } =
      session.replyStats;
    const isKnown = directionsKnown === true && !countRestarted;
    this.#flush();
    this.#send({
      is: "session",
      phase,
      counts: {
        lost_up: isKnown ? counts.lostForward : null,
        lost_down: isKnown ? counts.lostBackward : null,
        late: counts.late,
        reordered: counts.reordered,
        duplicate: counts.duplicate,
        not_sent: session.skipped.count,
      },
      maybeDropped: queue?.maybeDropped ?? 0,
    });
  }

  async #connect(
    { series, target, intervalMs }: Extract<ProbeCommand, { do: "connect" }>,
  ): Promise<void> {
    const { signal } = this.#stop;
    const connect = () =>
      connectWithin(
        PROBE_TIMEOUT_MS,
        signal,
        (signal) => Deno.connect({ ...target, signal }),
      ).catch((error) => {
        // A refusal takes a round trip, too; another failure counts as lost.
        if (error instanceof Deno.errors.ConnectionRefused) return REFUSED;
        throw new DeadlineError("connect", PROBE_TIMEOUT_MS);
      });
    const options = { count: Infinity, warmup: 0, intervalMs, signal };
    for await (const sample of connectSession(connect, options)) {
      this.#add(series, sample);
    }
  }

  #add(series: number, sample: Sample): void {
    let rows = this.#rows.get(series);
    if (rows === undefined) this.#rows.set(series, rows = []);
    const { sentAtMs, rttMs, forwardMs, backwardMs } = sample;
    rows.push(sentAtMs, rttMs ?? NaN, forwardMs ?? NaN, backwardMs ?? NaN);
  }

  #flush(): void {
    for (const [series, rows] of this.#rows) {
      this.#send({ is: "samples", series, rows });
    }
    this.#rows.clear();
  }
}

/** Stands for a connection that was refused. */
const REFUSED = { [Symbol.dispose]() {} } as Deno.Conn;

/** The global scope of a worker, as far as it is used. */
interface WorkerScope {
  onmessage: (event: MessageEvent<ProbeCommand>) => void;
  postMessage(report: ProbeReport): void;
}

if ("WorkerGlobalScope" in globalThis) {
  const scope = globalThis as unknown as WorkerScope;
  const probes = new Probes((report) => scope.postMessage(report));
  scope.onmessage = ({ data }) => probes.take(data);
}
