/**
 * How fast and how punctual STAMP is, over UDP.
 *
 * @module
 */

import { ResultBuilder } from "../../lib/result/builder.ts";
import { StampRequest } from "../../lib/stamp/request.ts";
import { StampSession } from "../../lib/stamp/session.ts";
import type { StampOptions } from "../../lib/stamp/session_options.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import type { Sample } from "../../lib/stats/sample.ts";
import { ProcessorTime } from "../../lib/timing/processor_time.ts";
import {
  byTurns,
  foreign,
  Helper,
  median,
  report,
  ROUNDS,
  serveForeign,
  us,
} from "./harness.ts";

const REQUEST = {
  sizeBytes: 44,
  ssid: 7,
  format: "ntp",
  errorUs: 0.1,
} as const;

/** Prints all figures of it. */
export async function stampFigures(): Promise<void> {
  await using bare = new Helper("bareDatagrams");
  const barePort = await bare.number();
  await using reflector = new Helper("reflector");
  const port = await reflector.number();
  await closedLoop(barePort, port);
  await reflection([bare, barePort], [reflector, port]);
  await tail(port);
  await punctuality(port);
  await rates(port);
  recording();
}

/** One probe after the other: the whole session against send and receive. */
async function closedLoop(barePort: number, port: number): Promise<void> {
  const count = 5000;
  const { ours, bare, ratio } = await byTurns(async () => {
    const result = await measure(port, { count, intervalMs: 0 });
    return result.rtt_with_reflector_us!.p50;
  }, () => pingPong(barePort, count));
  report("STAMP closed loop, RTT p50", us(ours), us(bare), {
    ratio,
    target: "at most 1.4",
    met: ratio <= 1.4,
  });
}

/** Replies a second, while more requests than that arrive. */
async function reflection(
  bareServer: [Helper, number],
  reflector: [Helper, number],
): Promise<void> {
  const { ours, bare, ratio } = await byTurns(
    () => flood(...reflector),
    () => flood(...bareServer),
  );
  const text = (rate: number) => `${rate.toFixed(0)}/s`;
  report("STAMP reflector, replies", text(ours), text(bare), {
    ratio,
    target: "at least 0.6",
    met: ratio >= 0.6,
  });
}

/** The tail of the RTT at 1000 a second, beside irtt's. */
async function tail(port: number): Promise<void> {
  await using server = await serveForeign(
    "irtt",
    (port) => ["server", "-i", "0", "-b", `127.0.0.1:${port}`],
  );
  if (server === null) return;
  const { ours, bare, ratio } = await byTurns(async () => {
    const options = { count: 2000, intervalMs: 1, alone: true };
    return (await measure(port, options)).rtt_us!.p99;
  }, () => irtt(server.port));
  report("STAMP at 1000/s beside irtt, RTT p99", us(ours), us(bare), {
    ratio,
    target: "at most 2",
    met: ratio <= 2,
  });
}

/** The p99 of the RTT that irtt measures, in microseconds. */
async function irtt(port: number): Promise<number> {
  const { stdout } = await foreign(
    "irtt",
    1,
    // deno-fmt-ignore
    ["client", "-i", "1ms", "-d", "2s", "-Q", "-o", "-", `127.0.0.1:${port}`],
  ).output();
  const { round_trips: all } = JSON.parse(new TextDecoder().decode(stdout));
  const histogram = new Histogram();
  for (const { delay } of all) {
    if (delay.rtt !== undefined) histogram.record(delay.rtt / 1000);
  }
  return histogram.percentile(99)!;
}

/** The lateness of probes at 1000 a second, and its cost. */
async function punctuality(port: number): Promise<void> {
  for (const relaxed of [false, true]) {
    const [p50s, p99s]: [number[], number[]] = [[], []];
    const processor = new ProcessorTime();
    const options = { count: 2000, intervalMs: 1, relaxed };
    for (let round = 0; round < ROUNDS; round++) {
      const { quality } = await measure(port, options);
      p50s.push(quality.send_lateness_us!.p50);
      p99s.push(quality.send_lateness_us!.p99);
    }
    const [p50, p99] = [median(p50s), median(p99s)];
    const percent = processor.percent()!;
    report(
      `lateness at 1000/s${relaxed ? ", relaxed" : ""}`,
      `p50 ${us(p50)}, p99 ${us(p99)}`,
      `CPU ${percent.toFixed(0)} %`,
      relaxed ? { ratio: null, target: "CPU below 50 %", met: percent < 50 } : {
        ratio: null,
        target: "p50 0.1 ms, p99 1 ms",
        met: p50 <= 100 && p99 <= 1000,
      },
    );
  }
}

/** High rates: they are reached, and nothing is lost. */
async function rates(port: number): Promise<void> {
  for (const rate of [10_000, 20_000]) {
    const achieved = [];
    let lost = 0;
    let lateUs = 0;
    for (let round = 0; round < 3; round++) {
      const options = { count: rate, intervalMs: 1000 / rate };
      const result = await measure(port, options);
      achieved.push(result.probes_per_second.achieved!);
      lost += result.probes.lost;
      lateUs = result.quality.send_lateness_us!.p99;
    }
    const ratio = median(achieved) / rate;
    report(
      `${rate} probes a second, ${lost} lost`,
      `${median(achieved).toFixed(0)}/s`,
      `late ${us(lateUs)}`,
      { ratio, target: "at least 0.99", met: ratio >= 0.99 },
    );
  }
}

/** The cost of adding a sample to the result. */
function recording(): void {
  const costs = [];
  const count = 200_000;
  for (let round = 0; round < ROUNDS; round++) {
    const { builder } = prepare(1, { intervalMs: 1 });
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
  const address = { hostname: "127.0.0.1", port: 0 };
  return Deno.listenDatagram({ transport: "udp", ...address });
}

/** A session, and the builder of its result. */
function prepare(port: number, options: Partial<StampOptions>) {
  const { intervalMs = 1 } = options;
  const session = new StampSession(open, { hostname: "127.0.0.1", port }, {
    count: 1000,
    intervalMs,
    warmup: 200,
    timeoutMs: 1000,
    ...options,
  });
  const builder = new ResultBuilder({
    protocol: "stamp",
    mode: "rtt",
    target: "",
    sizeBytes: REQUEST.sizeBytes,
    intervalMs,
    replies: session.replyStats,
    options: { given: {}, used: {} },
  });
  return { session, builder };
}

/** Our loop, through the whole session and into the result. */
async function measure(port: number, options: Partial<StampOptions>) {
  const { session, builder } = prepare(port, options);
  for await (const sample of session.samples()) builder.add(sample);
  return builder.result();
}

/** The median RTT of the bare loop: send, then receive, with one buffer each. */
async function pingPong(port: number, count: number): Promise<number> {
  const socket = open();
  const target = { transport: "udp", hostname: "127.0.0.1", port } as const;
  const message = new Uint8Array(REQUEST.sizeBytes);
  const buffer = new Uint8Array(65_536);
  const histogram = new Histogram();
  for (let index = 0; index < count; index++) {
    const sentAtMs = performance.now();
    await socket.send(message, target);
    await socket.receive(buffer);
    histogram.record((performance.now() - sentAtMs) * 1000);
  }
  socket.close();
  return histogram.percentile(50)!;
}

/** How many of the datagrams sent without pause a server answers a second. */
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
