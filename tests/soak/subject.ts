/**
 * A server under test in a process of its own, a valid client beside it, and
 * what became of each request.
 *
 * @module
 */

import { Histogram } from "../../lib/stats/histogram.ts";
import { sleepUntil } from "../../lib/timing/sleep.ts";
import { serve, type Server, withOpenFiles } from "../programs.ts";
import { type Ask, VALID_CLIENTS } from "../valid_clients.ts";

/** Time between a valid client's requests, in milliseconds. */
const PACE_MS = 100;
/** Errors that are kept, to be printed. */
const MAX_COMPLAINTS = 5;
/** How much of what a server said at its end is printed, in characters. */
const MAX_STDERR = 1000;
const CLOCK_STEPS = "--preload=tests/soak/clock_steps.ts";

/** A server, and what happened to it. */
export class Subject implements AsyncDisposable {
  /**
   * What became of the requests. `refused`: the server was down meanwhile, since
   * it was killed on purpose. `lost`: no answer came over UDP.
   */
  readonly counts = { requests: 0, correct: 0, wrong: 0, lost: 0, refused: 0 };
  /** The first wrong answers. */
  readonly complaints: string[] = [];
  /** How long correct answers took. */
  readonly latency: Histogram = new Histogram();
  /** The same since the last sample. */
  #recent = new Histogram();
  /** Memory and latency, by the seconds since the start. */
  readonly samples: { second: number; rss: number; p99_us: number | null }[] =
    [];
  /** Datagrams that the system dropped because the server's socket was full. */
  dropped = 0;
  #droppedOfSocket = 0;
  #command: (port: string) => string[];
  server: Server | null = null;
  #ask: Ask | null = null;
  #starts = 0;
  #isDown = true;
  /** Whether it may refuse for another reason than a kill. */
  mayRefuse = false;
  port = 0;

  /**
   * Makes a server that is not started.
   *
   * @param name Its name; a valid client has the same.
   * @param command Starts it on a port.
   * @param openFiles How many files it may have open.
   */
  constructor(
    readonly name: string,
    command: string[],
    openFiles: number,
  ) {
    const [deno = "", run = "", ...rest] = command;
    this.#command = (port) =>
      withOpenFiles(openFiles, [
        ...[deno, run, CLOCK_STEPS, ...rest, "--port", port],
      ]);
  }

  get pid(): number {
    return this.server!.pid;
  }

  async start(): Promise<void> {
    this.server = await serve(this.#command(`${this.port}`));
    this.port = Number(this.server.port);
    this.#ask ??= VALID_CLIENTS[this.name]!(this.port);
    this.#starts += 1;
    this.#isDown = false;
  }

  /** Ends it by a signal; when it is asked to end, it has to end well. */
  async stop(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const server = this.server!;
    this.#isDown = true;
    let expected = signal === "SIGTERM" ? 0 : 128 + 9;
    try {
      server.signal(signal);
    } catch {
      expected = NaN; // it has ended by itself
    }
    await server.closeInput();
    const { code, stderr } = await server.ended();
    this.dropped += this.#droppedOfSocket;
    this.#droppedOfSocket = 0;
    if (code !== expected) {
      this.complain(`ended with ${code}: ${stderr.slice(-MAX_STDERR)}`);
    }
  }

  /** Ends it, and starts it on the same port. */
  async restart(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    await this.stop(signal);
    await this.start();
  }

  /** Counts something wrong. */
  complain(what: string): void {
    this.counts.wrong += 1;
    if (this.complaints.length < MAX_COMPLAINTS) this.complaints.push(what);
  }

  /** Makes valid requests, one after the other. */
  async serveValidClient(signal: AbortSignal): Promise<void> {
    const { counts } = this;
    for (let number = 1; !signal.aborted; number++) {
      const [starts, startMs] = [this.#starts, performance.now()];
      const mayRefuse = this.#isDown || this.mayRefuse;
      let error: unknown = null;
      const answered = await this.#ask!(number).catch((caught) => {
        error = caught;
        return false;
      });
      const us = (performance.now() - startMs) * 1000;
      counts.requests += 1;
      if (answered) {
        counts.correct += 1;
        this.latency.record(us);
        this.#recent.record(us);
      } else if (
        mayRefuse || this.mayRefuse || this.#isDown || starts !== this.#starts
      ) counts.refused += 1;
      else if (error === null) counts.lost += 1;
      else this.complain(`request ${number}: ${error}`);
      await sleepUntil(performance.now() + PACE_MS, signal, { relaxed: true });
    }
  }

  /** Notes the memory, and how many datagrams its socket has dropped. */
  sample(second: number, rss: number, dropped: number): void {
    if (this.#isDown) return;
    const p99_us = this.#recent.percentile(99);
    this.samples.push({ second, rss, p99_us });
    this.#recent = new Histogram();
    this.#droppedOfSocket = dropped;
  }

  get allDropped(): number {
    return this.dropped + this.#droppedOfSocket;
  }

  /** The median memory in a part of the soak, in bytes. */
  memory(from: number, to: number): number {
    const until = this.samples.filter(({ second }) => second <= to);
    const sizes = until.filter(({ second }) => second >= from)
      .map(({ rss }) => rss).sort((one, other) => one - other);
    return sizes[sizes.length >> 1] ?? until.at(-1)?.rss ?? NaN;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ask?.[Symbol.dispose]?.();
    await this.server?.[Symbol.asyncDispose]();
  }
}
