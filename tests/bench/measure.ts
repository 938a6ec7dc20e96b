/**
 * How fast the measure protocol is, over TCP.
 *
 * @module
 */

import { measureSession } from "../../lib/measure/client.ts";
import type { MeasurementType } from "../../lib/measure/messages.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { type Distribution, Histogram } from "../../lib/stats/histogram.ts";
import { byTurns, Helper, report, us } from "./harness.ts";

let barePort = 0;
let serverPort = 0;

/** Prints all figures of it. */
export async function measureFigures(): Promise<void> {
  await using bare = new Helper("bareEcho");
  barePort = await bare.number();
  await using server = new Helper("measureServer");
  serverPort = await server.number();
  await roundTrips();
  await throughput();
  await connections();
  await delays();
  await waitingClients();
}

/** 64-byte probes: the whole session against write and read. */
async function roundTrips(): Promise<void> {
  const { ours, bare, ratio } = await byTurns(
    async () => (await session("rtt", 3000, 64)).p50,
    async () => (await pingPong(3000, 64 + 9)).p50,
  );
  report("RTT of 64-byte probes, p50", us(ours), us(bare), {
    ratio,
    target: "at most 1.3",
    met: ratio <= 1.3,
  });
}

/** 32 KiB probes: bytes a second of the whole loop, comparison included. */
async function throughput(): Promise<void> {
  const size = 32 * 1024;
  const count = 5000;
  const rate = (run: () => Promise<unknown>) => async () => {
    const startMs = performance.now();
    await run();
    return count * size / (performance.now() - startMs) / 1000;
  };
  const { ours, bare, ratio } = await byTurns(
    rate(() => session("tput", count, size)),
    rate(() => pingPong(count, size)),
  );
  const text = (rate: number) => `${rate.toFixed(0)} MB/s`;
  report("throughput of 32 KiB probes", text(ours), text(bare), {
    ratio,
    target: "at least 0.8",
    met: ratio >= 0.8,
  });
}

/** Connect, one probe, close. */
async function connections(): Promise<void> {
  const count = 1000;
  const rate = (once: () => Promise<unknown>) => async () => {
    const startMs = performance.now();
    for (let index = 0; index < count; index++) await once();
    return count * 1000 / (performance.now() - startMs);
  };
  const { ours, bare, ratio } = await byTurns(
    rate(() => session("rtt", 1, 64)),
    rate(() => pingPong(1, 64)),
  );
  report(
    "connect, probe, close",
    `${ours.toFixed(0)}/s`,
    `${bare.toFixed(0)}/s`,
    {
      ratio,
      target: "at least 2000/s",
      met: ours >= 2000,
    },
  );
}

/**
 * The error of the server's delay, alone and with other waiting clients, against a
 * bare server that spins through the delay. The client spins too, so that its
 * waking is in neither.
 */
async function delays(): Promise<void> {
  const sleep = stayAwake();
  for (const delayMs of [1, 5, 10, 50]) {
    const count = Math.min(1000, Math.ceil(5000 / delayMs));
    await using spinning = new Helper("bareEcho", delayMs);
    const ideal = await pingPong(count, 64 + 9, await spinning.number());
    const idealP99 = ideal.p99 - ideal.p50;
    for (const others of [0, 50]) {
      await using _clients = await waiting(others);
      const errors = new Histogram();
      await session("rtt", count, 64, delayMs, (rttMs) => {
        errors.record(Math.abs(rttMs * 1000 - ideal.p50));
      });
      const { p50, p99 } = errors.distribution()!;
      report(
        `error of a ${delayMs} ms delay, ${others} others`,
        `p50 ${us(p50)}, p99 ${us(p99)}`,
        `p99 ${us(idealP99)}`,
        {
          ratio: null,
          target: "p50 0.1 ms, p99 1 ms above",
          met: p50 <= 100 && p99 <= idealP99 + 1000,
        },
      );
    }
  }
  sleep();
}

/** Clients that wait for delays of 50 ms. */
async function waiting(count: number): Promise<Helper | null> {
  if (count === 0) return null;
  const clients = new Helper("clients", serverPort, count, 50);
  await clients.number();
  return clients;
}

/** Keeps the event loop turning until the returned function is called. */
function stayAwake(): () => void {
  let awake = true;
  const turn = () => {
    if (awake) setImmediate(turn);
  };
  turn();
  return () => awake = false;
}

/** What waiting clients cost those that asked for no delay. */
async function waitingClients(): Promise<void> {
  const p50 = async () => (await session("rtt", 1000, 64)).p50;
  const { ours, bare, ratio } = await byTurns(async () => {
    await using _clients = await waiting(50);
    return await p50();
  }, p50);
  report("RTT without delay, 50 others waiting", us(ours), us(bare), {
    ratio,
    target: "at most 2",
    met: ratio <= 2,
  });
}

function connect(port: number): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}

/** The bare loop: write, then read until as much has come back. */
async function pingPong(
  count: number,
  sizeBytes: number,
  port = barePort,
): Promise<Distribution> {
  using conn = await connect(port);
  conn.setNoDelay(true);
  const message = new Uint8Array(sizeBytes).fill(0x61);
  const buffer = new Uint8Array(65_536);
  const histogram = new Histogram();
  for (let index = 0; index < count; index++) {
    const sentAtMs = performance.now();
    for (let done = 0; done < sizeBytes;) {
      done += await conn.write(message.subarray(done));
    }
    for (let got = 0; got < sizeBytes;) got += (await conn.read(buffer))!;
    histogram.record((performance.now() - sentAtMs) * 1000);
  }
  return histogram.distribution()!;
}

/** Our loop, through the whole session. */
async function session(
  type: MeasurementType,
  probes: number,
  sizeBytes: number,
  delayMs = 0,
  onRtt: (rttMs: number) => void = () => {},
): Promise<Distribution> {
  const histogram = new Histogram();
  const samples = measureSession(
    async () => new StreamConnection(await connect(serverPort)),
    {
      setup: { type, probes, sizeBytes, delayMs },
      warmup: 0,
      intervalMs: 0,
    },
  );
  for await (const { rttMs } of samples) {
    histogram.record(rttMs! * 1000);
    onRtt(rttMs!);
  }
  return histogram.distribution()!;
}
