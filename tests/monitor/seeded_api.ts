/**
 * The monitor's HTTP interface over made-up measurements, for the page's tests:
 * three targets, a year of history, and a live event a second.
 *
 *     deno run --allow-net=127.0.0.1 tests/monitor/seeded_api.ts 8090
 */

import {
  type DelayFigures,
  type LiveEvents,
  type Outage,
  type ProbeCounts,
  QUANTILES,
  type Series,
  type SeriesDelay,
  type SpanFigures,
  type Strip,
  type TargetList,
  type TargetStatus,
} from "../../lib/monitor/api.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

const NAMES = ["gateway", "office", "far"];

/** One target in three is connect, the others are STAMP; "far" is down. */
function status(name: string, index: number, now: number): TargetStatus {
  const isStamp = index !== 1;
  const random = seededRandom(index + 1);
  const isDown = index === 2;
  return {
    id: `${name}~${isStamp ? "stamp" : "connect"}~4`,
    name,
    group: index === 0 ? "" : "branches",
    labels: index === 0 ? {} : { site: name },
    probe: isStamp ? "stamp" : "connect",
    host: `${name}.example`,
    port: isStamp ? 862 : 443,
    family: 4,
    address: `192.0.2.${index + 1}`,
    interval_ms: 1000,
    timeout_ms: 2000,
    state: isDown ? "down" : "up",
    since: now - 3600 * (index + 1),
    last_rtt_us: isDown ? null : base(name) * (1 + random() / 10),
    last_at: now - 1,
    last_error: null,
    hour: span(name, 3600, random),
    strip: strip(name, now, random),
    alerts: isDown
      ? [{
        rule: "down",
        target: `${name}~stamp~4`,
        start: now - 3600,
        end: null,
        message: "no answer for 1 h",
      }]
      : [],
  };
}

function strip(name: string, now: number, random: () => number): Strip {
  const cells = Array.from(
    { length: 72 },
    (_, cell) => counts(300, random, cell % 24 === 5 ? 0.4 : 0),
  );
  return {
    t: now - 72 * 300,
    step: 300,
    sent: cells.map(({ sent }) => sent),
    lost: cells.map(({ lost }) => lost),
    unknown: cells.map(({ unknown }) => unknown),
    p50_us: cells.map(() => base(name) * (1 + random() / 10)),
  };
}

function base(name: string): number {
  return 800 * (NAMES.indexOf(name) + 1) ** 3;
}

function counts(
  seconds: number,
  random: () => number,
  loss = 0.002,
): ProbeCounts {
  const unknown = random() < 0.01 ? Math.round(seconds / 2) : 0;
  const sent = seconds - unknown;
  const lost = Math.round(sent * loss * random() * 2);
  const forward = Math.round(lost * random());
  return {
    sent,
    lost,
    lost_forward: forward,
    lost_backward: lost - forward,
    unknown,
    duplicate: 0,
    reordered: 0,
  };
}

function delay(us: number, count: number): DelayFigures {
  return {
    count,
    min_us: us * 0.9,
    mean_us: us * 1.05,
    p50_us: us,
    p90_us: us * 1.2,
    p95_us: us * 1.3,
    p99_us: us * 2,
    max_us: us * 5,
  };
}

function span(
  name: string,
  seconds: number,
  random: () => number,
): SpanFigures {
  const counted = counts(seconds, random);
  const answered = counted.sent - counted.lost;
  const isStamp = name !== "office";
  return {
    ...counted,
    rtt: delay(base(name), answered),
    forward: isStamp ? delay(base(name) / 20, answered) : null,
    backward: isStamp ? delay(base(name) / 10, answered) : null,
  };
}

/** Columns of a span; nothing was kept more than a year ago. */
function series(id: string, from: number, to: number, wanted: number): Series {
  const name = id.split("~")[0]!;
  const slot = [60, 600, 3600, 86_400]
    .findLast((seconds) => (to - from) / seconds >= wanted) ?? 60;
  const step = Math.ceil((to - from) / wanted / slot) * slot;
  const first = Math.floor(from / step) * step;
  const t: number[] = [];
  for (let at = first; at < to; at += step) t.push(at);
  const now = Date.now() / 1000;
  const columns = t.map((at) => {
    const random = seededRandom(at / step);
    const kept = at > now - 365 * 86_400 && at < now;
    const wave = 1 + 0.5 * Math.sin(at / 86_400 * 2 * Math.PI);
    const loss = at / step % 40 < 2 ? 1 : at / step % 17 < 1 ? 0.1 : 0.002;
    return { counted: counts(kept ? step : 0, random, loss / 2), wave, random };
  });
  const delays = (us: number): SeriesDelay => {
    const count = columns.map(({ counted }) => counted.sent - counted.lost);
    return {
      count,
      quantiles_us: QUANTILES.map((percent) =>
        columns.map(({ wave }, index) =>
          count[index] === 0
            ? null
            : us * wave * (0.9 + 0.2 * percent / 100 + (percent / 100) ** 20)
        )
      ),
    };
  };
  const list = (key: keyof ProbeCounts) =>
    columns.map(({ counted }) => counted[key]);
  const isStamp = name !== "office";
  return {
    target: id,
    from: first,
    to: t.at(-1)! + step,
    step,
    slot,
    t,
    counts: {
      sent: list("sent"),
      lost: list("lost"),
      lost_forward: list("lost_forward"),
      lost_backward: list("lost_backward"),
      unknown: list("unknown"),
      duplicate: list("duplicate"),
      reordered: list("reordered"),
    },
    rtt: delays(base(name)),
    forward: isStamp ? delays(base(name) / 20) : null,
    backward: isStamp ? delays(base(name) / 10) : null,
    total: span(name, to - from, seededRandom(1)),
    outages: outages(id, from, to),
  };
}

function outages(id: string, from: number, to: number): Outage[] {
  const now = Math.floor(Date.now() / 1000);
  return [now - 1800, now - 90_000, now - 900_000]
    .filter((start) => start > from && start < to)
    .map((start, index) => ({
      target: id,
      start,
      end: index === 0 && id.startsWith("far") ? null : start + 120,
      lost: 120,
      lost_forward: 100,
      lost_backward: 20,
      end_unknown: index === 2,
    }));
}

/** Answers a request of the page. */
export function seededApi(request: Request): Response {
  const { pathname, searchParams } = new URL(request.url);
  const now = Date.now() / 1000;
  const targets = NAMES.map((name, index) => status(name, index, now));
  const list: TargetList = {
    name: "here",
    version: "0.2.0",
    now,
    mesh: true,
    store_error: null,
    targets,
  };
  const number = (key: string, otherwise: number) =>
    Number(searchParams.get(key) ?? otherwise);
  const from = number("from", now - 10_800);
  const to = number("to", now);
  switch (pathname) {
    case "/api/targets":
      return Response.json(list);
    case "/api/series": {
      const id = searchParams.get("target");
      return targets.some((target) => target.id === id)
        ? Response.json(series(id!, from, to, number("columns", 600)))
        : Response.json({ error: `no such target: ${id}` }, { status: 404 });
    }
    case "/api/outages": {
      const only = searchParams.get("target");
      const all = targets.filter(({ id }) => only === null || id === only)
        .flatMap(({ id }) => outages(id, from, to));
      return Response.json({ outages: all.sort((a, b) => b.start - a.start) });
    }
    case "/api/mesh":
      return Response.json({
        sources: [
          { name: "here", url: null, error: null, targets },
          { name: "there", url: "http://there:8080", error: null, targets },
          {
            name: "gone",
            url: "http://gone:8080",
            error: "no answer within 5 s",
            targets: [],
          },
        ],
      });
    case "/api/events":
      return liveEvents();
  }
  return Response.json({ error: `no such path: ${pathname}` }, { status: 404 });
}

function liveEvents(): Response {
  let timer: ReturnType<typeof setInterval>;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = () => {
        const now = Date.now() / 1000;
        const data: LiveEvents["status"] = {
          now,
          targets: NAMES.map((name, index) => {
            const { id, state, last_rtt_us } = status(name, index, now);
            const random = seededRandom(Math.floor(now));
            return {
              id,
              state,
              last_rtt_us,
              last_at: now,
              ...counts(1, random),
            };
          }),
        };
        controller.enqueue(
          new TextEncoder().encode(
            `event: status\ndata: ${JSON.stringify(data)}\n\n`,
          ),
        );
      };
      send();
      timer = setInterval(send, 1000);
    },
    cancel: () => clearInterval(timer),
  });
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
    },
  });
}

if (import.meta.main) {
  Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.args[0]) }, seededApi);
}
