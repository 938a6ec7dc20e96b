/**
 * A keeper at work: serves HTTP, ticks, and follows the configuration.
 *
 * @module
 */

import { AdmissionControl, formatRefused } from "../net/admission.ts";
import { errorMessage } from "../net/errors.ts";
import { sleepUntil } from "../timing/sleep.ts";
import { Alerts } from "./alerts.ts";
import type { Mesh, MeshSource, TargetList } from "./api.ts";
import { monitorHandler } from "./http.ts";
import type { Keeper } from "./keeper.ts";
import type { MonitorConfig } from "./config.ts";
import type { KeeperCallbacks, KeeperSettings } from "./keeper_thread.ts";
import { Metrics } from "./metrics.ts";
import {
  burstResponse,
  type BurstResult,
  discovery,
  parseBurst,
} from "./probe.ts";
import type { ProberHealth } from "./prober.ts";
import type { Slot } from "./slot.ts";
import type { ProbeRecord, SeriesInfo } from "./target.ts";

/** How long Deno takes to free the port of a server, in milliseconds. */
const RENEW_MS = 20;
/** How long to pause after a failed accept, in milliseconds. */
const ACCEPT_PAUSE_MS = 100;
/** An agent answers within this time, in milliseconds. */
const AGENT_MS = 5000;
/** The longest answer of an agent, in bytes. */
const MAX_AGENT_BYTES = 16_000_000;
/** How many probes of the day before make a target's own figure. */
const MIN_BASELINE = 100;
/** How long the last answers may take when it stops, in milliseconds. */
const STOP_MS = 1000;

/** A keeper at work. */
export interface KeeperService {
  /** Where it listens. */
  address: { hostname: string; port: number };
  /** Takes the targets as they are now. */
  setSeries(all: SeriesInfo[]): void;
  /** Takes what the prober found. */
  take(records: ProbeRecord[], health: ProberHealth | null): void;
  /** Serves new connections with another certificate. */
  renew(tls: KeeperSettings["tls"]): void;
  /** Takes a configuration. */
  configure(config: MonitorConfig): void;
  /** Ends serving, and closes the store. */
  stop(): Promise<void>;
}

/**
 * Starts to serve.
 *
 * @param keeper Knows the targets; it is closed at the end.
 * @param settings Where to listen, and who may read.
 * @param callbacks The thread that probes.
 * @returns The service.
 */
export function serveKeeper(
  keeper: Keeper,
  settings: KeeperSettings,
  callbacks: KeeperCallbacks,
): KeeperService {
  const { hostname, port, token, anyName } = settings;
  let { tls } = settings;
  const stop = new AbortController();
  const admission = new AdmissionControl(
    settings.admission,
    settings.logsRefused ? { log: callbacks.log } : {},
  );
  const days = new Map<string, { hour: number; slot: Slot }>();
  const alerts = new Alerts({
    monitor: () => config.name,
    changed: (alert) => keeper.publish("alert", { ...alert }),
    print: callbacks.alert,
    log: callbacks.log,
    lastDay(live) {
      const hour = Math.floor(keeper.now() / 3600);
      let day = days.get(live.info.id);
      if (day?.hour !== hour) {
        day = { hour, slot: keeper.lastDay(live) };
        days.set(live.info.id, day);
      }
      return day.slot.sent < MIN_BASELINE ? null : day.slot;
    },
  });
  keeper.alertsOf = (id) => alerts.of(id);
  const metrics = new Metrics(keeper, keeper.version);
  let config: MonitorConfig = {
    ...{ name: "", targets: [], allow: [], rules: [], agents: [] },
  };
  const handler = monitorHandler({
    ...{ keeper, admission, token, anyName },
    metrics: (request) => metrics.response(request),
    probe: async (request) => {
      const allowed = [...config.targets, ...config.allow];
      const burst = parseBurst(request, allowed);
      const result = await callbacks.ask("probe", burst);
      return await burstResponse(burst, result as BurstResult | null);
    },
    discovery: () => discovery([...config.targets, ...config.allow]),
    mesh: () => mesh(keeper, config),
    reload: () => callbacks.ask("reload", null) as Promise<string | null>,
    page: async (request) => {
      const { pageResponse } = await import("./page.ts");
      return await pageResponse(request);
    },
  });
  let server: Deno.HttpServer<Deno.NetAddr>;
  const serve = (port: number) =>
    server = Deno.serve({
      ...{ hostname, port, signal: stop.signal },
      ...tls,
      onListen: () => {},
      onError: () => new Response(null, { status: 500 }),
    }, handler);
  const { finished, addr } = serve(port);
  const keep = (finished: Promise<void>) =>
    serveAgain(finished, () => serve(addr.port), {
      signal: stop.signal,
      log: callbacks.log,
    });
  let served = keep(finished);
  const unsubscribe = keeper.subscribe((event, data) => {
    if (event !== "store") return;
    const { error } = data as { error: string | null };
    callbacks.log(
      error === null
        ? "the store works again"
        : `cannot keep measurements: ${error}; they go on, and wait in memory`,
    );
  });
  const ticking = setInterval(() => {
    metrics.tick();
    keeper.tick();
    alerts.evaluate(keeper.targets.values(), keeper.now());
  }, 1000);
  return {
    address: { hostname: addr.hostname, port: addr.port },
    setSeries(all) {
      keeper.setSeries(all);
      metrics.setSeries(all);
    },
    take(records, health) {
      keeper.take(records);
      if (health) metrics.take(health);
    },
    renew(renewed) {
      tls = renewed;
      server.shutdown().catch(() => {}); // open connections stay
      const free = sleepUntil(performance.now() + RENEW_MS, stop.signal);
      const renewal = keep(
        free.then(() =>
          stop.signal.aborted ? undefined : serve(addr.port).finished
        ),
      );
      served = Promise.all([served, renewal]).then(() => {});
    },
    configure(given) {
      config = given;
      metrics.configured();
      alerts.setRules(given.rules);
      keeper.recentSeconds = alerts.windowSeconds;
      keeper.identity = { name: given.name, mesh: given.agents.length > 0 };
    },
    async stop() {
      clearInterval(ticking);
      if (admission.refusedCount > 0) {
        callbacks.log(
          `refused requests: ${formatRefused(admission, "connections")}`,
        );
      }
      unsubscribe();
      stop.abort();
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, STOP_MS);
      await Promise.race([served, late.promise]);
      clearTimeout(timer);
      keeper[Symbol.dispose]();
    },
  };
}

/**
 * Deno's HTTP server ends, with all of its connections, when it cannot accept one
 * because the system is out of files: then another one takes its place.
 */
async function serveAgain(
  finished: Promise<void>,
  serve: () => Deno.HttpServer,
  { signal, log }: { signal: AbortSignal; log: (line: string) => void },
): Promise<void> {
  const next = async () => await serve().finished;
  for (let server = finished; !signal.aborted; server = next()) {
    try {
      return await server;
    } catch (error) {
      log(`Cannot accept a connection: ${errorMessage(error)}`);
    }
    const untilMs = performance.now() + ACCEPT_PAUSE_MS;
    await sleepUntil(untilMs, signal, { relaxed: true });
  }
}

/** This monitor's targets, and those of its agents. */
async function mesh(keeper: Keeper, config: MonitorConfig): Promise<Mesh> {
  const { name, targets } = keeper.list();
  const own: MeshSource = { name, url: null, error: null, targets };
  const others = config.agents.map(async ({ name, url, token }) => {
    try {
      const response = await fetch(new URL("/api/targets", url), {
        headers: token === null ? {} : { authorization: `Bearer ${token}` },
        redirect: "error",
        signal: AbortSignal.timeout(AGENT_MS),
      });
      const text = await readLimited(response, MAX_AGENT_BYTES);
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      const { targets } = JSON.parse(text) as TargetList;
      if (!Array.isArray(targets)) throw new Error("it is no monitor");
      return { name, url, error: null, targets };
    } catch (error) {
      return { name, url, error: (error as Error).message, targets: [] };
    }
  });
  return { sources: [own, ...await Promise.all(others)] };
}

async function readLimited(
  response: Response,
  maxBytes: number,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error("its answer is too long");
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}
