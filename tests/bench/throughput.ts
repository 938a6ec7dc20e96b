/**
 * How fast throughput tests are, beside iperf3 where it is installed, and beside a
 * bare loop.
 *
 * @module
 */

import { ThroughputClient } from "../../lib/iperf3/client.ts";
import { parseParameters } from "../../lib/iperf3/parameters.ts";
import {
  byTurns,
  foreign,
  Helper,
  median,
  report,
  serveForeign,
} from "./harness.ts";

/** How long each measurement takes, in seconds. */
const RUN_SEC = 1;
const MEMORY_SEC = 15;
const MIB = 1024 * 1024;
const LOOPBACK = "127.0.0.1";
/** Where our server listens. */
let serverPort = 0;

/** Prints all figures of it. */
export async function throughputFigures(): Promise<void> {
  await using server = new Helper("throughputServer");
  serverPort = await server.number();
  {
    await using theirs = await serveForeign(
      "iperf3",
      (port) => ["-s", "-B", LOOPBACK, "-p", `${port}`, "--forceflush"],
    );
    if (theirs !== null) await streams(theirs.port);
  }
  await datagrams();
  await memory(server);
}

/** Goodput of ours, in bit/s. */
async function measured(parameters: object): Promise<ThroughputClient> {
  const client = new ThroughputClient({
    connect: () => Deno.connect({ hostname: LOOPBACK, port: serverPort }),
    openDatagrams: () =>
      Deno.listenDatagram({ transport: "udp", hostname: LOOPBACK, port: 0 }),
  }, {
    parameters: parseParameters({ time: RUN_SEC, len: MIB, ...parameters }),
  });
  await client.run();
  return client;
}

async function goodput(parameters: object): Promise<number> {
  const { results } = await measured(parameters);
  return results!.streams.reduce(
    (sum, { bytes, seconds }) => sum + bytes * 8 / seconds,
    0,
  );
}

/** Goodput of iperf3, in bit/s. */
async function iperf3(port: number, ...args: string[]): Promise<number> {
  const { stdout } = await foreign(
    "iperf3",
    1,
    ["-c", LOOPBACK, "-p", `${port}`, "-J", "-t", `${RUN_SEC}`, ...args],
  ).output();
  const { end, error } = JSON.parse(new TextDecoder().decode(stdout));
  if (error !== undefined) throw new Error(error);
  return end.sum_received.bits_per_second;
}

/** TCP on loopback, as they come, with equal blocks, and with four streams. */
async function streams(port: number): Promise<void> {
  const gigabits = (rate: number) => `${(rate / 1e9).toFixed(2)} Gbit/s`;
  for (
    const [what, ours, theirs, limit] of [
      ["TCP, 1 stream (bare: iperf3)", {}, [], 1.5],
      ["TCP, blocks of 1 MiB (bare: iperf3)", {}, ["-l", "1M"], 0.95],
      ["TCP, 4 streams (bare: iperf3)", { parallel: 4 }, ["-P", "4"], 0.9],
    ] as const
  ) {
    const figures = await byTurns(
      () => goodput(ours),
      () => iperf3(port, ...theirs),
    );
    report(what, gigabits(figures.ours), gigabits(figures.bare), {
      ratio: figures.ratio,
      target: `at least ${limit}`,
      met: figures.ratio >= limit,
    });
  }
  for (const length of [64, 1400]) {
    const args = ["-u", "-b", "0", "-l", `${length}`];
    const rounds = [];
    for (let round = 0; round < 3; round++) {
      const theirs = await iperf3Datagrams(port, ...args);
      rounds.push([await sentPerSec(length), theirs] as const);
    }
    const ratio = median(rounds.map(([ours, theirs]) => ours / theirs));
    report(
      `UDP, ${length} bytes, sent (bare: iperf3)`,
      `${Math.round(median(rounds.map(([ours]) => ours)))}/s`,
      `${Math.round(median(rounds.map(([_, theirs]) => theirs)))}/s`,
      { ratio, target: "none", met: true },
    );
  }
}

async function iperf3Datagrams(
  port: number,
  ...args: string[]
): Promise<number> {
  const { stdout } = await foreign(
    "iperf3",
    1,
    ["-c", LOOPBACK, "-p", `${port}`, "-J", "-t", `${RUN_SEC}`, ...args],
  ).output();
  const { sum } = JSON.parse(new TextDecoder().decode(stdout)).end;
  return sum.packets / sum.seconds;
}

async function sentPerSec(length: number): Promise<number> {
  const { transfer } = await measured({ udp: true, len: length });
  return transfer.flows[0]!.sent / transfer.seconds;
}

/** Datagrams as fast as possible, against a loop of send and one of receive. */
async function datagrams(): Promise<void> {
  await using sink = new Helper("bareSink");
  const port = await sink.number();
  for (const length of [64, 1400]) {
    const bare = async () => {
      const socket = Deno.listenDatagram({
        transport: "udp",
        hostname: LOOPBACK,
        port: 0,
      });
      const to = { transport: "udp", hostname: LOOPBACK, port } as const;
      const datagram = new Uint8Array(length);
      const startMs = performance.now();
      let count = 0;
      for (; performance.now() - startMs < RUN_SEC * 1000; count++) {
        await socket.send(datagram, to);
      }
      socket.close();
      return count * 1000 / (performance.now() - startMs);
    };
    const figures = await byTurns(() => sentPerSec(length), bare);
    report(
      `UDP, ${length} bytes, sent`,
      `${Math.round(figures.ours)}/s`,
      `${Math.round(figures.bare)}/s`,
      {
        ratio: figures.ratio,
        target: "at least 0.9",
        met: figures.ratio >= 0.9,
      },
    );
  }
}

/** How much the memory of client and server grows at full rate. */
async function memory(server: Helper): Promise<void> {
  for (const transport of ["tcp", "udp"]) {
    const test = { [transport]: true, len: transport === "udp" ? 1400 : MIB };
    await measured(test);
    const before = [Deno.memoryUsage().rss, await server.ask()];
    await measured({ ...test, time: MEMORY_SEC });
    const after = [Deno.memoryUsage().rss, await server.ask()];
    const grown = after.map((bytes, side) => (bytes - before[side]!) / MIB);
    report(
      `memory grown in ${MEMORY_SEC} s of ${transport}, client and server`,
      grown.map((mib) => `${mib.toFixed(1)} MiB`).join(", "),
      "",
      {
        ratio: null,
        target: "at most 16 MiB each",
        met: grown.every((mib) => mib <= 16),
      },
    );
  }
}
