/**
 * A monitor: the thread that probes, the thread that keeps, and the
 * configuration that both follow.
 *
 * @module
 */

import type { MonitorConfig } from "./config.ts";
import {
  type KeeperCallbacks,
  type KeeperSettings,
  KeeperThread,
} from "./keeper_thread.ts";
import { type Burst, runBurst } from "./probe.ts";
import { Prober, type ProberOptions } from "./prober.ts";
import type { ProbeRecord } from "./target.ts";

/** Records are handed over this often, in milliseconds. */
const HAND_OVER_MS = 100;
/** The prober's health is handed over with every so many of these. */
const HEALTH_EVERY = 10;

/** What a monitor needs. */
export interface MonitorOptions extends Omit<KeeperSettings, "name"> {
  /** What to probe. */
  config: MonitorConfig;
  /** Reads the configuration again; its error says what is wrong with it. */
  reread: (() => MonitorConfig) | null;
  /** Receives alerts, as a line of JSON each. */
  alert(line: string): void;
  /** Receives what an operator should know. */
  log(line: string): void;
  /** Replaces the clocks, in tests. */
  clocks?: Pick<ProberOptions, "clock" | "wallMs">;
}

/**
 * A running monitor.
 */
export class Monitor implements AsyncDisposable {
  #options: MonitorOptions;
  #keeper: KeeperThread;
  #prober: Prober;
  #records: ProbeRecord[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #turns = 0;
  #isEnding = false;

  /**
   * Prepares a monitor; nothing is probed yet.
   *
   * @param options What it needs.
   */
  constructor(options: MonitorOptions) {
    this.#options = options;
    const { alert, log } = options;
    const callbacks: KeeperCallbacks = {
      alert,
      log,
      ask: (what, argument) =>
        what === "reload"
          ? Promise.resolve(this.reload())
          : runBurst(argument as Burst, this.#prober.stamp),
    };
    this.#keeper = new KeeperThread(callbacks);
    this.#prober = new Prober({
      ...options.clocks,
      report: {
        series: (series) => {
          this.#handOver(); // the records are of the series before
          if (!this.#isEnding) this.#keeper.send({ series });
        },
        record: (record) => this.#records.push(record),
      },
    });
  }

  /** Rejects when the thread that keeps fails. */
  get ended(): Promise<void> {
    return this.#keeper.ended;
  }

  /**
   * Opens the store, listens, and starts to probe.
   *
   * @returns Where it listens.
   */
  async start(): Promise<{ hostname: string; port: number }> {
    const { config } = this.#options;
    const address = await this.#keeper.start({
      ...keeperSettings(this.#options),
      name: config.name,
    });
    this.#follow(config);
    this.#timer = setInterval(() => this.#handOver(), HAND_OVER_MS);
    return address;
  }

  /**
   * Reads the configuration again. With a fault in it, the old one stays.
   *
   * @returns What is wrong with it; `null` if nothing is.
   */
  reload(): string | null {
    const { reread, log } = this.#options;
    if (reread === null) return "there is no configuration file to read again";
    try {
      const config = reread();
      this.#follow(config);
      log(`read the configuration again: ${config.targets.length} targets`);
      return null;
    } catch (error) {
      const { message } = error as Error;
      log(`${message}; the old configuration stays`);
      return message;
    }
  }

  /**
   * Serves new connections with another certificate.
   *
   * @param tls The certificate and its key.
   */
  renew(tls: NonNullable<KeeperSettings["tls"]>): void {
    this.#keeper.send({ tls });
  }

  #follow(config: MonitorConfig): void {
    this.#keeper.send({ config });
    this.#prober.setTargets(config.targets);
  }

  #handOver(): void {
    const isHealthDue = ++this.#turns % HEALTH_EVERY === 0;
    if (this.#records.length === 0 && !isHealthDue) return;
    const health = isHealthDue ? this.#prober.takeHealth() : null;
    this.#keeper.send({ records: this.#records, health });
    this.#records = [];
  }

  /** Stops probing, writes the rest, and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#isEnding = true;
    await this.#prober[Symbol.asyncDispose]();
    this.#handOver();
    await this.#keeper[Symbol.asyncDispose]();
  }
}

function keeperSettings(options: MonitorOptions): Omit<KeeperSettings, "name"> {
  const { folder, maxBytes, version, hostname, port } = options;
  const { token, anyName, admission, logsRefused, tls } = options;
  return {
    ...{ folder, maxBytes, version, hostname, port },
    ...{ token, anyName, admission, logsRefused, tls },
  };
}
