import type { LiveEvents } from "../../lib/monitor/api.ts";
import { parseConfig } from "../../lib/monitor/config.ts";
import { Monitor, type MonitorOptions } from "../../lib/monitor/monitor.ts";
import { ScratchFolder } from "../scratch.ts";

export const TOKEN = "a token of the tests";

/** A monitor that keeps in a folder of the test. */
export class TestMonitor implements AsyncDisposable {
  readonly scratch = new ScratchFolder();
  readonly log: string[] = [];
  readonly alerts: string[] = [];
  monitor: Monitor;
  #isRunning = false;
  url = "";

  constructor(toml: string, more: Partial<MonitorOptions> = {}) {
    this.monitor = this.#make(toml, more);
  }

  #make(toml: string, more: Partial<MonitorOptions>): Monitor {
    return new Monitor({
      config: more.config ?? parseConfig(toml),
      reread: null,
      folder: this.scratch.path,
      maxBytes: Infinity,
      version: "1.2.3",
      ...{ hostname: "127.0.0.1", port: 0, token: null },
      ...{ anyName: false, tls: null },
      alert: (line) => this.alerts.push(line),
      log: (line) => this.log.push(line),
      ...more,
    });
  }

  /** Stops it, and starts another one over what it kept. */
  async restart(
    toml: string,
    more: Partial<MonitorOptions> = {},
  ): Promise<void> {
    await this.stop();
    this.monitor = this.#make(toml, more);
    await this.start();
  }

  /** Stops it; what it kept can be read until the end of the scope. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.monitor[Symbol.asyncDispose]();
  }

  async start(): Promise<this> {
    this.#isRunning = true;
    const { port } = await this.monitor.start();
    this.url = `http://127.0.0.1:${port}`;
    return this;
  }

  async json<T>(path: string, init?: RequestInit): Promise<T> {
    const response = await fetch(this.url + path, init);
    return await response.json() as T;
  }

  async status(path: string, init?: RequestInit): Promise<number> {
    const response = await fetch(this.url + path, init);
    await response.body?.cancel();
    return response.status;
  }

  /** Reads events of one kind until one satisfies a condition. */
  async event<K extends keyof LiveEvents>(
    kind: K,
    holds: (data: LiveEvents[K]) => boolean,
  ): Promise<LiveEvents[K]> {
    const response = await fetch(`${this.url}/api/events`);
    const text = response.body!.pipeThrough(new TextDecoderStream());
    let pending = "";
    for await (const chunk of text) {
      const blocks = (pending + chunk).split("\n\n");
      pending = blocks.pop()!;
      for (const block of blocks) {
        const [, event, json] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
        if (event === kind && holds(JSON.parse(json!))) {
          return JSON.parse(json!);
        }
      }
    }
    throw new Error("The stream ended");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isRunning) await this.stop();
    this.scratch[Symbol.dispose]();
  }
}
