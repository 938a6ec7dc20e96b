/**
 * The monitor's HTTP interface over made-up measurements, for the page's tests:
 * 200 days with evenings, outages, a lossy direction and gaps.
 *
 *     deno run --lock=lib/report/deno.lock --allow-net=127.0.0.1 \
 *       tests/monitor/seeded_api.ts 8090
 *
 * @module
 */

import {
  COUNTERS,
  type DelayFigures,
  type LiveEvents,
  type Mesh,
  type Outage,
  type OutageList,
  type ProbeCounts,
  QUANTILES,
  type Series,
  type SeriesDelay,
  type SpanFigures,
  type TargetList,
  type TargetStatus,
} from "../../lib/monitor/api.ts";
import { pageResponse } from "../../lib/monitor/page.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

/** A name that is no markup. */
export const HOSTILE = 'office <b id="x">&amp;';
/** The first is alone, the second knows no directions, the third is down. */
const NAMES = ["gateway", HOSTILE, "far"];
const HISTORY_SEC = 200 * 86_400;
/** How long the third target has been down. */
const DOWN_SEC = 1500;
/** Every target has an outage of so many seconds as often. */
const OUTAGE = { seconds: 900, every: 90_000, offset: 7000 };

/** What there was in some time: counters, and a delay by its quantiles. */
interface Slot extends ProbeCounts {
  quantiles: number[] | null;
}

/** Measurements until a time. */
class SeededStore {
  constructor(readonly now: number) {}

  /** Of a long time only some parts are looked at. */
  slot(index: number, t: number, seconds: number): Slot {
    const length = seconds / Math.min(Math.ceil(seconds / 300), 24);
    const slots: Slot[] = [];
    for (let at = t; at < t + seconds - 1e-6; at += length) {
      slots.push(this.#shortSlot(index, at, length));
    }
    const known = slots.flatMap(({ quantiles }) =>
      quantiles ? [quantiles] : []
    );
    const sums = COUNTERS.map((key) => [
      key,
      Math.round(slots.reduce((sum, slot) => sum + slot[key], 0)),
    ]);
    const mean = (at: number) =>
      known.reduce((sum, quantiles) => sum + quantiles[at]!, 0) / known.length;
    return {
      ...Object.fromEntries(sums) as ProbeCounts,
      quantiles: known.length === 0 ? null : QUANTILES.map((_, at) => mean(at)),
    };
  }

  #shortSlot(index: number, t: number, seconds: number): Slot {
    const random = seededRandom(Math.floor(t / 10) * 7 + index);
    const isIn = (offset: number, every: number, length: number) =>
      (t + index * offset) % every < length;
    const isKept = t > this.now - HISTORY_SEC && t < this.now;
    const isGap = isIn(11_000, 130_000, 2400);
    const isDown = isIn(OUTAGE.offset, OUTAGE.every, OUTAGE.seconds) ||
      (index === 2 && t > this.now - DOWN_SEC);
    const isLossy = isIn(5000, 20_000, 1200);
    const share = isDown
      ? 1
      : isLossy
      ? 0.1 * random()
      : random() > 0.985
      ? 0.01
      : 0;
    const sent = isKept && !isGap ? seconds : 0;
    const evening = Math.max(0, Math.sin(t / 86_400 * 2 * Math.PI)) ** 2 +
      0.3 * Math.max(0, Math.sin(t / 2400)) ** 4;
    const base = 800 * (index % 5 + 1) ** 3;
    const spread = base * (0.03 + 0.3 * evening) * (0.6 + 0.8 * random());
    const median = base * (1 + 0.2 * evening + 0.02 * random());
    const tail = random() > 0.97 ? 6 : 2.4;
    return {
      sent,
      lost: sent * share,
      lost_forward: sent * share * 0.8,
      lost_backward: sent * share * 0.2,
      unknown: isKept && isGap ? seconds : 0,
      duplicate: 0,
      reordered: 0,
      quantiles: sent === 0 || share === 1
        ? null
        : [-0.5, -0.35, -0.28, -0.15, 0, 0.3, 0.8, 1.3, tail]
          .map((part) => median + part * spread),
    };
  }

  #figures(index: number, t: number, seconds: number): SpanFigures {
    const { quantiles, ...counts } = this.slot(index, t, seconds);
    const [min_us, , , , p50_us, , p90_us, p95_us, max_us] = quantiles ?? [];
    const delay = quantiles && {
      count: counts.sent - counts.lost,
      ...{ min_us, mean_us: p50_us, p50_us, p90_us, p95_us },
      ...{ p99_us: p95_us, max_us },
    } as DelayFigures | null;
    const way = index === 1 ? null : delay;
    return { ...counts, rtt: delay, forward: way, backward: way };
  }

  id(index: number): string {
    const name = NAMES[index] ?? `host-${index}`;
    return `${name}~${index === 1 ? "connect" : "stamp"}~4`;
  }

  status(index: number): TargetStatus {
    const { now } = this;
    const id = this.id(index);
    const [name, probe] = id.split("~") as [string, TargetStatus["probe"]];
    const isDown = index === 2;
    const cells = Array.from(
      { length: 72 },
      (_, cell) => this.slot(index, now - (72 - cell) * 300, 300),
    );
    const last = this.slot(index, now - 2, 1).quantiles?.[5] ?? null;
    const message = "no answer for 25 min";
    return {
      ...{ id, name, probe, host: `${name}.example`, port: 862, family: 4 },
      group: index === 0 ? "" : index < 500 ? "branches" : "lab",
      labels: { site: `site ${index}` },
      address: `192.0.2.${index % 250 + 1}`,
      interval_ms: 1000,
      timeout_ms: 2000,
      state: isDown ? "down" : "up",
      since: now - (isDown ? DOWN_SEC : 90_000),
      last_rtt_us: isDown ? null : last,
      last_at: now - 1,
      last_error: isDown ? "no reply within 2 s" : null,
      hour: this.#figures(index, now - 3600, 3600),
      strip: {
        t: now - 72 * 300,
        step: 300,
        sent: cells.map(({ sent }) => sent),
        lost: cells.map(({ lost }) => lost),
        unknown: cells.map(({ unknown }) => unknown),
        p50_us: cells.map(({ quantiles }) => quantiles?.[4] ?? null),
      },
      alerts: isDown
        ? [{ rule: "down", target: id, start: now - 1200, end: null, message }]
        : [],
    };
  }

  series(index: number, from: number, to: number, wanted: number): Series {
    const slot = [1, 10, 60, 600, 3600, 86_400]
      .findLast((seconds) => (to - from) / seconds >= wanted) ?? 1;
    const step = Math.ceil((to - from) / wanted / slot) * slot;
    const t: number[] = [];
    for (let at = Math.floor(from / step) * step; at < to; at += step) {
      t.push(at);
    }
    const slots = t.map((at) => this.slot(index, at, step));
    const delays = (factor: number, above: number): SeriesDelay => ({
      count: slots.map(({ sent, lost }) => sent - lost),
      quantiles_us: QUANTILES.map((_, at) =>
        slots.map(({ quantiles }) =>
          quantiles && (quantiles[at]! - quantiles[0]! * above) * factor
        )
      ),
    });
    const counts = COUNTERS.map((key) => [key, slots.map((slot) => slot[key])]);
    return {
      ...{
        target: this.id(index),
        from: t[0]!,
        to: t.at(-1)! + step,
        step,
        slot,
        t,
      },
      counts: Object.fromEntries(counts) as Series["counts"],
      rtt: delays(1, 0),
      forward: index === 1 ? null : delays(0.7, 0.98),
      backward: index === 1 ? null : delays(0.3, 0.98),
      total: this.#figures(index, from, to - from),
      outages: this.outages(index, from, to),
    };
  }

  /** Newest first. */
  outages(index: number, from: number, to: number): Outage[] {
    const { every, seconds, offset } = OUTAGE;
    const begin = Math.floor(this.now / every) * every - index * offset;
    const starts = Array.from({ length: 20 }, (_, at) => begin - at * every);
    const all = starts.map((start) => ({
      start,
      end: start + seconds as number | null,
    }));
    if (index === 2) all.unshift({ start: this.now - DOWN_SEC, end: null });
    return all.filter(({ start }) => start > from && start < to)
      .map(({ start, end }) => ({
        ...{ target: this.id(index), start, end, end_unknown: false },
        ...{ lost: 900, lost_forward: 720, lost_backward: 180 },
      }));
  }
}

/** A page that listens to events. */
export interface EventStream {
  send(name: keyof LiveEvents, data: unknown): void;
  close(): void;
}

/** What a made-up monitor has. */
export interface SeededMonitor {
  /** How many targets it has; by default three. */
  count?: number;
  /** The token that it asks for. */
  token?: string;
  /** The pages that listen to events. */
  streams: Set<EventStream>;
}

/** Answers a request of the page. */
export async function seededMonitor(
  request: Request,
  { count = NAMES.length, token, streams }: SeededMonitor,
): Promise<Response> {
  const page = await pageResponse(request);
  if (page) return page;
  if (token && request.headers.get("authorization") !== `Bearer ${token}`) {
    return Response.json({ error: "no token" }, { status: 401 });
  }
  const { pathname, searchParams } = new URL(request.url);
  const store = new SeededStore(Date.now() / 1000);
  const { now } = store;
  const number = (key: string, otherwise: number) =>
    Number(searchParams.get(key) ?? otherwise);
  const [from, to] = [number("from", now - HISTORY_SEC), number("to", now)];
  const targets = Array.from({ length: count }, (_, at) => store.status(at));
  const answers: Record<string, () => TargetList | Series | OutageList | Mesh> =
    {
      "/api/targets": () => ({
        ...{ name: "edge-1", version: "0.2.0", now, mesh: true },
        store_error: null,
        targets,
      }),
      "/api/series"() {
        const id = searchParams.get("target");
        const index = targets.findIndex((target) => target.id === id);
        return store.series(index, from, to, number("columns", 600));
      },
      "/api/outages": () => ({
        outages: [0, 1, 2].flatMap((index) => store.outages(index, from, to))
          .sort((one, other) => other.start - one.start),
      }),
      "/api/mesh"() {
        const seen = { url: "http://edge-2:8080/", error: null };
        const gone = { url: "http://edge-3:8080/", error: "no answer in 5 s" };
        return {
          sources: [
            { name: "edge-1", url: null, error: null, targets },
            { name: "edge-2", ...seen, targets: targets.slice(1) },
            { name: "edge-3", ...gone, targets: [] },
          ],
        };
      },
    };
  if (pathname === "/api/events") return liveEvents(streams);
  return Response.json(answers[pathname]!());
}

function liveEvents(streams: SeededMonitor["streams"]): Response {
  let stream: EventStream;
  const body = new ReadableStream<string>({
    start(controller) {
      stream = {
        send: (name, data) =>
          controller.enqueue(
            `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`,
          ),
        close() {
          controller.close();
          streams.delete(stream);
        },
      };
      streams.add(stream);
    },
    cancel: () => void streams.delete(stream),
  });
  return new Response(body.pipeThrough(new TextEncoderStream()), {
    headers: { "content-type": "text/event-stream" },
  });
}

if (import.meta.main) {
  const streams: SeededMonitor["streams"] = new Set();
  const [port, count = 3] = Deno.args.map(Number);
  Deno.serve(
    { hostname: "127.0.0.1", port: port! },
    (request) => seededMonitor(request, { count, streams }),
  );
  setInterval(() => {
    const store = new SeededStore(Date.now() / 1000);
    const targets = Array.from({ length: count }, (_, index) => {
      const { quantiles, ...counts } = store.slot(index, store.now - 1, 1);
      const state = quantiles ? "up" : "down";
      const last = { last_rtt_us: quantiles?.[5] ?? null, last_at: store.now };
      return { id: store.id(index), state, ...last, ...counts };
    });
    for (const { send } of streams) send("status", { now: store.now, targets });
  }, 1000);
}
