/**
 * How fast the course protocol is measured, over TCP.
 *
 * @module
 */

import { measureSession } from "../../lib/measure/client.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import type { MeasurementType } from "../../lib/measure/messages.ts";
import { type Distribution, Histogram } from "../../lib/stats/histogram.ts";
import { Helper, mb, median, report, ROUNDS, us } from "./harness.ts";

let barePort = 0;
let serverPort = 0;

/** Prints all figures of it. */
export async function courseFigures(): Promise<void> {
  await using bare = new Helper("bare_echo.ts");
  barePort = await bare.number();
  await using measured = new Helper("weighed_server.ts");
  serverPort = await measured.number();
  await roundTrips();
  await throughput();
  await connections();
  await delays();
  await starvation();
  await idleConnections();
}

/** 64-byte probes: the whole session against read and write alone. */
async function roundTrips(): Promise<void> {
  const ratios = [];
  let ours = 0;
  let theirs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    theirs = (await pingPong(3000, 64 + 9)).distribution.p50;
    ours = (await session("rtt", 3000, 64)).distribution.p50;
    ratios.push(ours / theirs);
  }
  report("RTT of 64-byte probes, p50", `${us(ours)}`, `${us(theirs)}`, {
    ratio: median(ratios),
    target: "at most 1.3",
    met: median(ratios) <= 1.3,
  });
}

/** 32 KiB probes: bytes a second of the whole loop, our comparing included. */
async function throughput(): Promise<void> {
  const ratios = [];
  let ours = 0;
  let theirs = 0;
  const size = 32 * 1024;
  const count = 5000;
  for (let round = 0; round < ROUNDS; round++) {
    theirs = count * size / (await pingPong(count, size)).seconds;
    ours = count * size / (await session("tput", count, size)).seconds;
    ratios.push(ours / theirs);
  }
  report("throughput of 32 KiB probes", mb(ours), mb(theirs), {
    ratio: median(ratios),
    target: "at least 0.8",
    met: median(ratios) >= 0.8,
  });
}

/** Connect, one probe, close. */
async function connections(): Promise<void> {
  const count = 1000;
  const ratios = [];
  const rates = [];
  let theirs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let startMs = performance.now();
    for (let index = 0; index < count; index++) await pingPong(1, 64);
    theirs = count * 1000 / (performance.now() - startMs);
    startMs = performance.now();
    for (let index = 0; index < count; index++) await session("rtt", 1, 64);
    rates.push(count * 1000 / (performance.now() - startMs));
    ratios.push(rates.at(-1)! / theirs);
  }
  const rate = median(rates);
  report(
    "connect, probe, close, a second",
    rate.toFixed(0),
    theirs.toFixed(0),
    {
      ratio: median(ratios),
      target: "at least 2000 a second",
      met: rate >= 2000,
    },
  );
}

/**
 * The error of the server's delay, alone and while many wait: how far its echoes
 * are from those of a bare server that spins all through the delay, which no
 * timer can beat. The client stays awake, so that its waking is in neither.
 */
async function delays(): Promise<void> {
  const sleep = stayAwake();
  for (const delayMs of [1, 5, 10, 50]) {
    const count = Math.min(1000, Math.ceil(5000 / delayMs));
    await using spinning = new Helper("bare_echo.ts", delayMs);
    const port = await spinning.number();
    const ideal = (await pingPong(count, 64 + 9, port)).distribution;
    for (const others of [0, 50]) {
      await using crowd = others === 0
        ? null
        : new Helper("crowd.ts", serverPort, others, 50);
      await crowd?.number();
      const errors = new Histogram();
      await session("rtt", count, 64, delayMs, (rttMs) => {
        errors.record(Math.abs(rttMs * 1000 - ideal.p50));
      });
      const { p50, p99 } = errors.distribution()!;
      report(
        `error of a ${delayMs} ms delay, ${others} others waiting`,
        `p50 ${us(p50)}, p99 ${us(p99)}`,
        `p99 ${us(ideal.p99 - ideal.p50)}`,
        {
          ratio: null,
          target: "p50 0.1 ms, p99 1 ms",
          met: p50 <= 100 && p99 <= 1000,
        },
      );
    }
  }
  sleep();
}

/** Keeps the event loop turning until the function it gives is called. */
function stayAwake(): () => void {
  let awake = true;
  const turn = () => {
    if (awake) setImmediate(turn);
  };
  turn();
  return () => awake = false;
}

/** What a spinning server costs those who asked for no delay. */
async function starvation(): Promise<void> {
  const ratios = [];
  let ours = 0;
  let theirs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    theirs = (await session("rtt", 1000, 64)).distribution.p50;
    await using crowd = new Helper("crowd.ts", serverPort, 50, 50);
    await crowd.number();
    ours = (await session("rtt", 1000, 64)).distribution.p50;
    ratios.push(ours / theirs);
  }
  report("RTT without delay while 50 others wait", us(ours), us(theirs), {
    ratio: median(ratios),
    target: "not starved: at most 2",
    met: median(ratios) <= 2,
  });
}

/** What an idle connection costs a server that has seen no other. */
async function idleConnections(): Promise<void> {
  const count = 5000;
  await using fresh = new Helper("weighed_server.ts");
  const port = await fresh.number();
  const before = await fresh.ask();
  const open: Deno.Conn[] = [];
  for (let index = 0; index < count; index++) open.push(await connect(port));
  // The last one is accepted once it is answered.
  await open.at(-1)!.write(new TextEncoder().encode("s rtt 1 1 0\n"));
  await open.at(-1)!.read(new Uint8Array(64));
  const each = (await fresh.ask() - before) / count;
  for (const conn of open) conn.close();
  report(
    `${count} idle connections, each`,
    `${(each / 1024).toFixed(1)} KiB`,
    "",
    { ratio: null, target: "at most 16 KiB", met: each <= 16 * 1024 },
  );
}

function connect(port: number): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}

interface Run {
  distribution: Distribution;
  seconds: number;
}

/** The bare loop: write, then read until as much has come back. */
async function pingPong(
  count: number,
  sizeBytes: number,
  port = barePort,
): Promise<Run> {
  using conn = await connect(port);
  conn.setNoDelay(true);
  const message = new Uint8Array(sizeBytes).fill(0x61);
  const buffer = new Uint8Array(65_536);
  const histogram = new Histogram();
  const startMs = performance.now();
  for (let index = 0; index < count; index++) {
    const sentAtMs = performance.now();
    for (let done = 0; done < sizeBytes;) {
      done += await conn.write(message.subarray(done));
    }
    for (let got = 0; got < sizeBytes;) got += (await conn.read(buffer))!;
    histogram.record((performance.now() - sentAtMs) * 1000);
  }
  const seconds = (performance.now() - startMs) / 1000;
  return { distribution: histogram.distribution()!, seconds };
}

/** Our loop, through the whole session. */
async function session(
  type: MeasurementType,
  count: number,
  sizeBytes: number,
  delayMs = 0,
  onRtt: (rttMs: number) => void = () => {},
): Promise<Run> {
  const histogram = new Histogram();
  const startMs = performance.now();
  const samples = measureSession(
    async () => new StreamConnection(await connect(serverPort)),
    {
      setup: { type, probes: count, sizeBytes, delayMs },
      warmup: 0,
      intervalMs: 0,
    },
  );
  for await (const { rttMs } of samples) {
    histogram.record(rttMs! * 1000);
    onRtt(rttMs!);
  }
  const seconds = (performance.now() - startMs) / 1000;
  return { distribution: histogram.distribution()!, seconds };
}
