/**
 * The thread that keeps and serves, as the thread that probes sees it, and the
 * messages between both.
 *
 * @module
 */

import type { AdmissionRules } from "../net/admission.ts";
import type { MonitorConfig } from "./config.ts";
import type { TlsIdentity } from "../net/tls_listener.ts";
import type { ProberHealth } from "./prober.ts";
import type { ProbeRecord, SeriesInfo } from "./target.ts";

/** How the keeper is set up. */
export interface KeeperSettings {
  /** The folder of the store. */
  folder: string;
  /** The maximum size of the store, in bytes. */
  maxBytes: number;
  /** The monitor's name. */
  name: string;
  /** The program's version. */
  version: string;
  /** Where to listen. */
  hostname: string;
  /** The port; 0 for a free one. */
  port: number;
  /** What readers must know; `null` for nothing. */
  token: string | null;
  /** Whether it may be called by any name. */
  anyName: boolean;
  /** Whose requests are answered; by default everyone's, within limits. */
  admission?: AdmissionRules | undefined;
  /** Whether refused requests are logged. */
  logsRefused?: boolean | undefined;
  /** The certificate and the key of TLS, in PEM. */
  tls: Pick<TlsIdentity, "cert" | "key"> | null;
}

/** To the keeper. */
export type ToKeeper =
  | { start: KeeperSettings }
  | { series: SeriesInfo[] }
  | { records: ProbeRecord[]; health: ProberHealth | null }
  | { config: MonitorConfig }
  | { tls: NonNullable<KeeperSettings["tls"]> }
  | { reply: { id: number; value: unknown } }
  | { stop: true };

/** From the keeper. */
export type FromKeeper =
  | { ready: true }
  | { listening: { hostname: string; port: number } }
  | { failed: Failure }
  | { ask: { id: number; what: "reload" | "probe"; argument: unknown } }
  | { alert: string }
  | { log: string }
  | { stopped: true };

/** An error on its way between threads; the codes are SQLite's. */
export type Failure = Pick<Error, "name" | "message"> & {
  errcode?: number;
  code?: string;
};

/** What the keeper needs from the thread that probes. */
export interface KeeperCallbacks {
  /** Reads the configuration again, or probes for a scrape. */
  ask(what: "reload" | "probe", argument: unknown): Promise<unknown>;
  /** Receives alerts, as a line of JSON each. */
  alert(line: string): void;
  /** Receives what an operator should know. */
  log(line: string): void;
}

/** A keeper in a thread of its own. */
export class KeeperThread implements AsyncDisposable {
  #worker: Worker;
  #ready = Promise.withResolvers<void>();
  #listening = Promise.withResolvers<{ hostname: string; port: number }>();
  #stopped = Promise.withResolvers<void>();

  /**
   * Starts the thread.
   *
   * @param callbacks What it may want.
   */
  constructor(callbacks: KeeperCallbacks) {
    this.#worker = new Worker(
      new URL("./keeper_worker.ts", import.meta.url).href,
      { type: "module" },
    );
    this.#worker.onmessage = async (event: MessageEvent<FromKeeper>) => {
      const { data } = event;
      if ("ready" in data) this.#ready.resolve();
      if ("listening" in data) this.#listening.resolve(data.listening);
      if ("failed" in data) this.#fail(restoreError(data.failed));
      if ("alert" in data) callbacks.alert(data.alert);
      if ("log" in data) callbacks.log(data.log);
      if ("stopped" in data) this.#stopped.resolve();
      if ("ask" in data) {
        const { id, what, argument } = data.ask;
        const value = await callbacks.ask(what, argument);
        this.send({ reply: { id, value } });
      }
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new Error(event.message));
    };
  }

  /** Rejects when the thread fails; resolves when it has stopped. */
  get ended(): Promise<void> {
    return this.#stopped.promise;
  }

  /**
   * Opens the store and listens.
   *
   * @param settings How.
   * @returns Where it listens.
   */
  async start(
    settings: KeeperSettings,
  ): Promise<{ hostname: string; port: number }> {
    await this.#ready.promise;
    this.send({ start: settings });
    return await this.#listening.promise;
  }

  /** Sends a message. */
  send(message: ToKeeper): void {
    this.#worker.postMessage(message);
  }

  /** Writes the rest, and ends the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.send({ stop: true });
    await this.#stopped.promise.catch(() => {});
    this.#worker.terminate();
  }

  #fail(error: Error): void {
    for (const one of [this.#ready, this.#listening, this.#stopped]) {
      one.promise.catch(() => {});
      one.reject(error);
    }
  }
}

/** Errors lose their class on the way between threads. */
function restoreError(
  failed: Failure,
): Error {
  const { name, message, ...codes } = failed;
  const kinds = Deno.errors as unknown as Record<
    string,
    new (m: string) => Error
  >;
  return Object.hasOwn(kinds, name)
    ? new kinds[name]!(message)
    : Object.assign(new Error(message), { name, ...codes });
}
