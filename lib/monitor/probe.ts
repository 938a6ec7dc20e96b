/**
 * `/probe`: several probes a scrape, in the manner of Prometheus's blackbox
 * exporter, and `/sd`, the targets for its service discovery.
 *
 * | query | meaning |
 * |---|---|
 * | `target` | a target as the configuration writes it, or its name |
 * | `module` | `stamp`, `measure` or `connect`, if the target does not say it |
 * | `count` | how many probes, 1 to 100; default 5 |
 * | `interval` | the time between them; default 100ms |
 * | `ip` | 4 or 6, if the name has both |
 *
 * Only what the configuration names as a target or in `allow` is probed.
 *
 * @module
 */

import { Gauge, Histogram, Registry } from "npm:prom-client@^15.1.3";
import { parseDuration } from "../result/quantities.ts";
import { sum } from "../stats/average.ts";
import { json, RequestError } from "./answer.ts";
import { DELAY_BUCKETS } from "./metrics.ts";
import { Prober } from "./prober.ts";
import type { StampProbes } from "./stamp_probes.ts";
import {
  parseTargetWord,
  type ProbeRecord,
  type SeriesInfo,
  type TargetSpec,
} from "./target.ts";

const MAX_COUNT = 100;
/** The maximum number of bursts at a time. */
const MAX_BURSTS = 32;
/** How long before the scrape's timeout the probes end, in milliseconds. */
const MARGIN_MS = 500;
/** The maximum time from a probe's timeout until it is declared lost. */
const LAST_MS = 100;
const MAX_BURST_MS = 30_000;

/** The probes that a scrape asks for. */
export interface Burst {
  /** The target, with its interval and timeout. */
  spec: TargetSpec;
  /** How many probes. */
  count: number;
  /** The deadline of all, in milliseconds. */
  deadlineMs: number;
}

/** The result of a burst. */
export interface BurstResult {
  /** What was probed; `null` if the name has no address. */
  series: SeriesInfo | null;
  /** The probes that were completed. */
  records: ProbeRecord[];
  /** How long it took, in seconds. */
  seconds: number;
}

/**
 * Parses the query of a scrape.
 *
 * @param request The request.
 * @param allowed What may be probed.
 * @returns The burst.
 * @throws {RequestError} If the target may not be probed, or the query is wrong.
 */
export function parseBurst(request: Request, allowed: TargetSpec[]): Burst {
  const query = new URL(request.url).searchParams;
  const target = query.get("target");
  if (target === null) {
    throw new RequestError(400, "The query needs target=HOST");
  }
  const module = query.get("module");
  const found = findAllowed(target, module, allowed);
  const count = Number(query.get("count") ?? 5);
  if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT) {
    throw new RequestError(400, `count is from 1 to ${MAX_COUNT}`);
  }
  const intervalMs = parseDuration(query.get("interval") ?? "100ms");
  if (intervalMs === null || intervalMs < 10) {
    throw new RequestError(400, "interval is a time of at least 10ms");
  }
  const ip = query.get("ip");
  if (ip !== null && ip !== "4" && ip !== "6") {
    throw new RequestError(400, "ip is 4 or 6");
  }
  const scrape = Number(
    request.headers.get("x-prometheus-scrape-timeout-seconds") ?? NaN,
  );
  const deadlineMs = scrape > 0
    ? Math.min(MAX_BURST_MS, Math.max(100, scrape * 1000 - MARGIN_MS))
    : 10_000;
  const timeoutMs = Math.min(
    found.timeoutMs,
    deadlineMs - count * intervalMs - LAST_MS,
  );
  if (timeoutMs <= 0) {
    throw new RequestError(
      400,
      `${count} probes every ${intervalMs} ms take longer than the scrape's timeout`,
    );
  }
  const family = ip === null ? found.family : Number(ip) as 4 | 6;
  const spec = { ...found, intervalMs, timeoutMs, family };
  return { spec, count, deadlineMs };
}

function findAllowed(
  target: string,
  module: string | null,
  allowed: TargetSpec[],
): TargetSpec {
  const named = allowed.find(({ name, ways }) =>
    name === target && (module === null || ways.at(-1)!.probe === module)
  );
  if (named) return named;
  let word;
  try {
    word = parseTargetWord(module === null ? target : `${module}:${target}`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new RequestError(400, `target is wrong: ${error.message}`);
  }
  const { host, ways } = word;
  const found = allowed.find((spec) =>
    spec.host === host &&
    ways.every((way) =>
      spec.ways.some(({ probe, port }) =>
        probe === way.probe && port === way.port
      )
    )
  );
  if (found) return { ...found, ways };
  throw new RequestError(
    403,
    `The configuration does not allow ${target}: add it to its targets, or to allow`,
  );
}

let bursts = 0;

/**
 * Probes for a scrape.
 *
 * @param burst What to probe.
 * @param stamp Sends STAMP requests.
 * @returns The result; `null` if too many bursts are under way.
 */
export async function runBurst(
  { spec, count, deadlineMs }: Burst,
  stamp: StampProbes,
): Promise<BurstResult | null> {
  if (bursts >= MAX_BURSTS) return null;
  bursts += 1;
  const startMs = performance.now();
  const done = Promise.withResolvers<void>();
  const timer = setTimeout(done.resolve, deadlineMs);
  let series: SeriesInfo | null = null;
  const records: ProbeRecord[] = [];
  await using prober = new Prober({
    stamp,
    maxProbes: count,
    report: {
      series(all) {
        series ??= all[0] ?? null;
      },
      record(record) {
        if (record.series !== series?.series || !record.completes) return;
        records.push(record);
        if (records.length === count) done.resolve();
      },
    },
  });
  prober.setTargets([spec]);
  await done.promise;
  clearTimeout(timer);
  bursts -= 1;
  const seconds = (performance.now() - startMs) / 1000;
  return { series, records, seconds };
}

/**
 * Writes the figures of a burst.
 *
 * @param burst The burst.
 * @param result The result; `null` if too many bursts are under way.
 * @returns The answer to the scrape.
 */
export async function burstResponse(
  { count }: Burst,
  result: BurstResult | null,
): Promise<Response> {
  if (result === null) {
    throw new RequestError(503, "Too many probes are under way");
  }
  const registers = [new Registry()];
  const gauge = (name: string, help: string, value: number) =>
    new Gauge({ name: `probe_${name}`, help, registers }).set(value);
  const { records, series, seconds } = result;
  const delays = records.flatMap(({ rttUs }) => rttUs ?? [])
    .map((us) => us / 1e6).sort((one, other) => one - other);
  const total = (key: "sent" | "lost") =>
    sum(records.map(({ counts }) => counts[key] ?? 0));
  gauge("success", "Whether a probe was answered.", Number(delays.length > 0));
  gauge("duration_seconds", "How long the probes took.", seconds);
  gauge("ip_protocol", "4 or 6; 0 without an address.", series?.family ?? 0);
  gauge("sent", "Probes that were answered or lost.", total("sent"));
  gauge("lost", "Probes without an answer in time.", total("lost"));
  gauge("unknown", "Probes whose outcome is unknown.", count - total("sent"));
  const histogram = new Histogram({
    name: "probe_rtt_seconds",
    help: "Round trips.",
    ...{ registers, buckets: DELAY_BUCKETS },
  });
  for (const delay of delays) histogram.observe(delay);
  if (delays.length > 0) {
    const median = delays[Math.ceil(delays.length / 2) - 1]!;
    gauge("rtt_min_seconds", "The shortest round trip.", delays[0]!);
    gauge("rtt_median_seconds", "The median round trip.", median);
    gauge("rtt_max_seconds", "The longest round trip.", delays.at(-1)!);
  }
  return new Response(await registers[0]!.metrics(), {
    headers: { "content-type": Registry.PROMETHEUS_CONTENT_TYPE },
  });
}

/**
 * The targets for Prometheus's discovery by HTTP, as words for `/probe`.
 *
 * @param targets The configured targets.
 * @returns The answer.
 */
export function discovery(targets: TargetSpec[]): Response {
  return json(targets.map(({ name, group, host, ways, labels }) => ({
    targets: [name],
    labels: {
      __meta_roundtrip_group: group,
      __meta_roundtrip_host: host,
      __param_module: ways.at(-1)!.probe,
      ...Object.fromEntries(
        Object.entries(labels).map(([key, value]) => [
          `__meta_roundtrip_label_${key}`,
          value,
        ]),
      ),
    },
  })));
}
