/**
 * How fast and how punctual STAMP is measured, over UDP.
 *
 * @module
 */

import { ResultBuilder } from "../../lib/result/builder.ts";
import type { MeasurementResult } from "../../lib/result/schema.ts";
import type { Sample } from "../../lib/stats/sample.ts";
import { type StampOptions, StampSession } from "../../lib/stamp/session.ts";
import { StampRequest } from "../../lib/stamp/request.ts";
import { type Distribution, Histogram } from "../../lib/stats/histogram.ts";
import { ProcessorTime } from "../../lib/timing/processor_time.ts";
import { periodic } from "../../lib/timing/pacer.ts";
import { Helper, median, report, ROUNDS, us } from "./harness.ts";

const REQUEST = {
  sizeBytes: 44,
  ssid: 7,
  format: "ntp",
  errorUs: 0.1,
} as const;

/** Prints all figures of it. */
export async function stampFigures(): Promise<void> {
  await using bare = new Helper("bare_datagram_echo.ts");
  const barePort = await bare.number();
  await using reflector = new Helper("reflector.ts");
  const reflectorPort = await reflector.number();
  await closedLoop(barePort, reflectorPort);
  await reflection(bare, barePort, reflector, reflectorPort);
  await punctuality(reflectorPort);
  await rates(reflectorPort);
  recording();
}

/** One probe after the other: the whole session against send and receive. */
async function closedLoop(barePort: number, port: number): Promise<void> {
  const count = 5000;
  const ratios = [];
  let ours = 0;
  let theirs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    theirs = (await pingPong(barePort, count)).p50;
    ours = (await session(port, { count, intervalMs: 0 }))
      .rtt_with_reflector_us!.p50;
    ratios.push(ours / theirs);
  }
  report("STAMP closed loop, RTT p50", us(ours), us(theirs), {
    ratio: median(ratios),
    target: "at most 1.4",
    met: median(ratios) <= 1.4,
  });
}

/** Datagrams a second that are answered, while more than that come in. */
async function reflection(
  bare: Helper,
  barePort: number,
  reflector: Helper,
  port: number,
): Promise<void> {
  const ratios = [];
  let ours = 0;
  let theirs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    theirs = await flood(bare, barePort);
    ours = await flood(reflector, port);
    ratios.push(ours / theirs);
  }
  report(
    "STAMP reflector, datagrams a second",
    ours.toFixed(0),
    theirs.toFixed(0),
    {
      ratio: median(ratios),
      target: "at least 0.6",
      met: median(ratios) >= 0.6,
    },
  );
}

/** How late probes leave at 1000 a second, and what that costs. */
async function punctuality(port: number): Promise<void> {
  for (const relaxed of [false, true]) {
    const p50s = [];
    const p99s = [];
    const busy = new ProcessorTime();
    for (let round = 0; round < ROUNDS; round++) {
      const { quality } = await session(port, {
        count: 2000,
        intervalMs: 1,
        relaxed,
      });
      p50s.push(quality.send_lateness_us!.p50);
      p99s.push(quality.send_lateness_us!.p99);
    }
    const [p50, p99] = [median(p50s), median(p99s)];
    report(
      `sent late at 1000 a second${relaxed ? ", --relaxed" : ""}`,
      `p50 ${us(p50)}, p99 ${us(p99)}`,
      `CPU ${busy.percent()!.toFixed(0)} %`,
      relaxed
        ? {
          ratio: null,
          target: "an idle processor",
          met: busy.percent()! < 50,
        }
        : {
          ratio: null,
          target: "p50 0.1 ms, p99 1 ms",
          met: p50 <= 100 && p99 <= 1000,
        },
    );
  }
}

/** The greatest rate: what is asked has to be had, and nothing lost. */
async function rates(port: number): Promise<void> {
  for (const rate of [10_000, 20_000]) {
    const achieved = [];
    let lost = 0;
    let lateUs = 0;
    for (let round = 0; round < 3; round++) {
      const result = await session(port, {
        count: rate,
        intervalMs: 1000 / rate,
      });
      achieved.push(result.probes_per_second.achieved!);
      lost += result.probes.lost;
      lateUs = result.quality.send_lateness_us!.p99;
    }
    const got = median(achieved);
    report(
      `${rate} probes a second, ${lost} lost`,
      got.toFixed(0),
      `late ${us(lateUs)}`,
      {
        ratio: got / rate,
        target: "at least 0.99",
        met: got >= 0.99 * rate,
      },
    );
  }
}

/** What adding a sample to the result costs. */
function recording(): void {
  const costs = [];
  const count = 200_000;
  for (let round = 0; round < ROUNDS; round++) {
    const builder = builderOf({ intervalMs: 1 });
    const sample: Sample = {
      sequence: 0,
      warmup: false,
      intendedAtMs: 0,
      sentAtMs: 0,
      sendCallMs: 0.005,
      rttMs: 0,
      reflectorMs: 0.002,
      forwardMs: 0,
      backwardMs: 0,
    };
    const startMs = performance.now();
    for (let index = 0; index < count; index++) {
      sample.sequence = index;
      sample.intendedAtMs = index;
      sample.sentAtMs = index + index % 17 / 1000;
      sample.rttMs = 0.05 + index % 101 / 1000;
      sample.forwardMs = 7 + index % 101 / 2000;
      sample.backwardMs = -7 + index % 101 / 2000;
      builder.add(sample);
    }
    costs.push((performance.now() - startMs) * 1000 / count);
  }
  const cost = median(costs);
  report("recording a sample", `${cost.toFixed(2)} us`, "", {
    ratio: null,
    target: "at most 1 us",
    met: cost <= 1,
  });
}

function open(): Deno.DatagramConn {
  return Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: 0,
  });
}

function builderOf(
  { intervalMs, replies }: {
    intervalMs: number;
    replies?: StampSession["replyStats"];
  },
): ResultBuilder {
  return new ResultBuilder({
    protocol: "stamp",
    mode: "rtt",
    target: "",
    sizeBytes: 44,
    intervalMs,
    replies: replies ?? new StampSession(open, {
      hostname: "127.0.0.1",
      port: 1,
    }, optionsOf({ intervalMs })).replyStats,
    options: { given: {}, used: {} },
  });
}

function optionsOf(options: Partial<StampOptions>): StampOptions {
  const { intervalMs = 1 } = options;
  return {
    request: REQUEST,
    count: 1000,
    durationMs: Infinity,
    schedule: intervalMs === 0 ? null : periodic(intervalMs),
    intervalMs,
    warmup: 200,
    timeoutMs: 1000,
    ...options,
  };
}

/** Our loop, through the whole session and into the result. */
async function session(
  port: number,
  options: Partial<StampOptions>,
): Promise<MeasurementResult> {
  const all = optionsOf(options);
  const session = new StampSession(open, { hostname: "127.0.0.1", port }, all);
  const builder = builderOf({
    intervalMs: all.intervalMs,
    replies: session.replyStats,
  });
  for await (const sample of session.samples()) builder.add(sample);
  return builder.result();
}

/** The bare loop: send, then receive, with one buffer each. */
async function pingPong(port: number, count: number): Promise<Distribution> {
  const socket = open();
  const target = { transport: "udp", hostname: "127.0.0.1", port } as const;
  const message = new Uint8Array(44);
  const buffer = new Uint8Array(65_536);
  const histogram = new Histogram();
  for (let index = 0; index < count; index++) {
    const sentAtMs = performance.now();
    await socket.send(message, target);
    await socket.receive(buffer);
    histogram.record((performance.now() - sentAtMs) * 1000);
  }
  socket.close();
  return histogram.distribution()!;
}

/** How many datagrams a second a server answers of those sent without a pause. */
async function flood(server: Helper, port: number): Promise<number> {
  const socket = open();
  const target = { transport: "udp", hostname: "127.0.0.1", port } as const;
  const request = new StampRequest(REQUEST);
  request.prepare(0, { seconds: 0, nanoseconds: 0 });
  const before = await server.ask();
  const startMs = performance.now();
  while (performance.now() - startMs < 1000) {
    for (let sent = 0; sent < 100; sent++) {
      await socket.send(request.bytes, target);
    }
  }
  const rate = (await server.ask() - before) * 1000 /
    (performance.now() - startMs);
  socket.close();
  return rate;
}
