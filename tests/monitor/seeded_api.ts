/**
 * The monitor's HTTP interface over made-up measurements, for the page's tests:
 * 200 days of history with evenings, outages, a lossy direction and gaps.
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
  type Outage,
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

/** What there was in one slot: counters, and a delay by its quantiles. */
interface Slot extends ProbeCounts {
  quantiles: number[] | null;
}

function slotAt(index: number, t: number, seconds: number, now: number): Slot {
  const parts = Math.min(Math.ceil(seconds / 300), 24);
  const length = seconds / parts;
  const slots = Array.from(
    { length: parts },
    (_, part) => shortSlot(index, t + part * length, length, now),
  );
  const known = slots.flatMap(({ quantiles }) => quantiles ? [quantiles] : []);
  const sums = COUNTERS.map((key) => [
    key,
    Math.round(slots.reduce((sum, slot) => sum + slot[key], 0)),
  ]);
  return {
    ...Object.fromEntries(sums) as ProbeCounts,
    quantiles: known.length === 0
      ? null
      : QUANTILES.map((_, at) =>
        known.reduce((sum, quantiles) => sum + quantiles[at]!, 0) / known.length
      ),
  };
}

/** At most five minutes. */
function shortSlot(
  index: number,
  t: number,
  seconds: number,
  now: number,
): Slot {
  const random = seededRandom(Math.floor(t / 10) * 7 + index);
  const inside = (offset: number, every: number, length: number) =>
    (t + index * offset) % every < length;
  const isKept = t > now - HISTORY_SEC && t < now;
  const isGap = inside(11_000, 130_000, 2400);
  const isDown = inside(7000, 90_000, 900) ||
    (index === 2 && t > now - DOWN_SEC);
  const share = isDown
    ? 1
    : inside(5000, 20_000, 1200)
    ? 0.1 * random()
    : random() > 0.985
    ? 0.01
    : 0;
  const sent = isKept && !isGap ? seconds : 0;
  const lost = sent * share;
  const base = 800 * (index % 5 + 1) ** 3;
  const evening = Math.max(0, Math.sin(t / 86_400 * 2 * Math.PI)) ** 2 +
    0.3 * Math.max(0, Math.sin(t / 2400)) ** 4;
  const spread = base * (0.03 + 0.3 * evening) * (0.6 + 0.8 * random());
  const median = base * (1 + 0.2 * evening + 0.02 * random());
  const spike = random() > 0.97 ? 6 : 2.4;
  return {
    sent,
    lost,
    lost_forward: lost * 0.8,
    lost_backward: lost * 0.2,
    unknown: isKept && isGap ? seconds : 0,
    duplicate: 0,
    reordered: 0,
    quantiles: sent === 0 || share === 1
      ? null
      : [-0.5, -0.35, -0.28, -0.15, 0, 0.3, 0.8, 1.3, spike]
        .map((part) => median + part * spread),
  };
}

function figures(slot: Slot, hasWays: boolean): SpanFigures {
  const { quantiles, ...counts } = slot;
  const delay = (factor: number): DelayFigures | null =>
    quantiles && {
      count: slot.sent - slot.lost,
      min_us: quantiles[0]! * factor,
      mean_us: quantiles[4]! * factor,
      p50_us: quantiles[4]! * factor,
      p90_us: quantiles[6]! * factor,
      p95_us: quantiles[7]! * factor,
      p99_us: quantiles[7]! * factor * 1.1,
      max_us: quantiles[8]! * factor,
    };
  return {
    ...counts,
    rtt: delay(1),
    forward: hasWays ? delay(0.1) : null,
    backward: hasWays ? delay(0.05) : null,
  };
}

function status(index: number, now: number): TargetStatus {
  const name = NAMES[index] ?? `host-${index}`;
  const hasWays = index !== 1;
  const isDown = index === 2;
  const strip = Array.from(
    { length: 72 },
    (_, cell) => slotAt(index, now - (72 - cell) * 300, 300, now),
  );
  const id = `${name}~${hasWays ? "stamp" : "connect"}~4`;
  return {
    id,
    name,
    group: index === 0 ? "" : index < 500 ? "branches" : "lab",
    labels: index === 0 ? {} : { site: name },
    probe: hasWays ? "stamp" : "connect",
    host: `${name}.example`,
    port: hasWays ? 862 : 443,
    family: 4,
    address: `192.0.2.${index % 250 + 1}`,
    interval_ms: 1000,
    timeout_ms: 2000,
    state: isDown ? "down" : "up",
    since: now - (isDown ? DOWN_SEC : 90_000),
    last_rtt_us: isDown
      ? null
      : (slotAt(index, now - 2, 1, now).quantiles?.[5]) ?? null,
    last_at: now - 1,
    last_error: isDown ? "no reply within 2 s" : null,
    hour: figures(slotAt(index, now - 3600, 3600, now), hasWays),
    strip: {
      t: now - 72 * 300,
      step: 300,
      sent: strip.map(({ sent }) => sent),
      lost: strip.map(({ lost }) => lost),
      unknown: strip.map(({ unknown }) => unknown),
      p50_us: strip.map(({ quantiles }) => quantiles?.[4] ?? null),
    },
    alerts: isDown
      ? [{
        rule: "down",
        target: id,
        start: now - DOWN_SEC,
        end: null,
        message: "no answer for 25 min",
      }]
      : [],
  };
}

function series(
  index: number,
  { id, probe }: TargetStatus,
  from: number,
  to: number,
  wanted: number,
  now: number,
): Series {
  const slot = [1, 10, 60, 600, 3600, 86_400]
    .findLast((seconds) => (to - from) / seconds >= wanted) ?? 1;
  const step = Math.ceil((to - from) / wanted / slot) * slot;
  const first = Math.floor(from / step) * step;
  const t: number[] = [];
  for (let at = first; at < to; at += step) t.push(at);
  const slots = t.map((at) => slotAt(index, at, step, now));
  const delays = (factor: number): SeriesDelay => ({
    count: slots.map(({ sent, lost }) => sent - lost),
    quantiles_us: QUANTILES.map((_, at) =>
      slots.map(({ quantiles }) =>
        quantiles &&
        (factor === 1
          ? quantiles[at]!
          : (quantiles[at]! - quantiles[0]! + quantiles[0]! / 50) * factor)
      )
    ),
  });
  const hasWays = probe === "stamp";
  return {
    target: id,
    from: first,
    to: t.at(-1)! + step,
    step,
    slot,
    t,
    counts: Object.fromEntries(
      COUNTERS.map((key) => [key, slots.map((slot) => slot[key])]),
    ) as Series["counts"],
    rtt: delays(1),
    forward: hasWays ? delays(0.7) : null,
    backward: hasWays ? delays(0.3) : null,
    total: figures(slotAt(index, from, to - from, now), hasWays),
    outages: outages(index, id, from, to, now),
  };
}

/** Newest first. */
function outages(
  index: number,
  target: string,
  from: number,
  to: number,
  now: number,
): Outage[] {
  const found: Outage[] = [];
  const lost = { lost: 900, lost_forward: 720, lost_backward: 180 };
  const offset = -index * 7000 % 90_000;
  for (
    let start = Math.ceil((from - offset) / 90_000) * 90_000 + offset;
    start < to && start + 900 < now - 7200;
    start += 90_000
  ) {
    if (start < now - HISTORY_SEC) continue;
    found.unshift(
      { target, start, end: start + 900, ...lost, end_unknown: false },
    );
  }
  if (index === 2 && to > now - DOWN_SEC) {
    const start = now - DOWN_SEC;
    found.unshift({ target, start, end: null, ...lost, end_unknown: false });
  }
  return found.slice(0, 1000);
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
  const now = Date.now() / 1000;
  const number = (key: string, otherwise: number) =>
    Number(searchParams.get(key) ?? otherwise);
  const to = number("to", now);
  const id = searchParams.get("target");
  const all = () => Array.from({ length: count }, (_, at) => status(at, now));
  switch (pathname) {
    case "/api/targets":
      return Response.json(
        {
          name: "edge-1",
          version: "0.2.0",
          now,
          mesh: true,
          store_error: null,
          targets: all(),
        } satisfies TargetList,
      );
    case "/api/series": {
      const targets = all();
      const index = targets.findIndex((target) => target.id === id);
      const from = number("from", now - 10_800);
      return index < 0
        ? Response.json({ error: `no such target: ${id}` }, { status: 404 })
        : Response.json(
          series(index, targets[index]!, from, to, number("columns", 600), now),
        );
    }
    case "/api/outages": {
      const from = number("from", now - HISTORY_SEC);
      const list = all().slice(0, 3).flatMap((target, index) =>
        outages(index, target.id, from, to, now)
      );
      return Response.json({
        outages: list.sort((a, b) => b.start - a.start).slice(0, 60),
      });
    }
    case "/api/mesh": {
      const targets = all();
      return Response.json({
        sources: [
          { name: "edge-1", url: null, error: null, targets },
          {
            name: "edge-2",
            url: "http://edge-2:8080/",
            error: null,
            targets: targets.slice(1),
          },
          {
            name: "edge-3",
            url: "http://edge-3:8080/",
            error: "no answer within 5 s",
            targets: [],
          },
        ],
      });
    }
    case "/api/events":
      return liveEvents(streams);
  }
  return Response.json({ error: `no such path: ${pathname}` }, { status: 404 });
}

function liveEvents(streams: SeededMonitor["streams"]): Response {
  const encoder = new TextEncoder();
  let stream: EventStream;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      stream = {
        send: (name, data) =>
          controller.enqueue(
            encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`),
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
  return new Response(body, {
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
    const now = Date.now() / 1000;
    const targets = Array.from({ length: count }, (_, index) => {
      const { id, state, last_rtt_us } = status(index, now);
      const { quantiles: _q, ...counts } = slotAt(index, now - 1, 1, now);
      return { id, state, last_rtt_us, last_at: now, ...counts };
    });
    for (const { send } of streams) send("status", { now, targets });
  }, 1000);
}
