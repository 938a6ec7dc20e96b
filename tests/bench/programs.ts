/**
 * The other programs of the bench: `programs.ts NAME ARGS`. Servers print the port
 * where they listen, and then a number for each line of standard input.
 *
 * @module
 */

import { AdmissionControl } from "../../lib/net/admission.ts";
import { measureSession } from "../../lib/measure/client.ts";
import { serveDatagrams } from "../../lib/net/serve_datagrams.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { serveThroughput } from "../../lib/iperf3/server.ts";
import { StampReflector } from "../../lib/stamp/reflector.ts";
import { sleepUntil } from "../../lib/timing/sleep.ts";
import { Crowd, resets, sources } from "../hostile_clients.ts";
import { main as measureServer } from "../../scripts/measure_server.ts";

const PROGRAMS: Record<string, (...args: number[]) => Promise<unknown>> = {
  bareEcho,
  bareDatagrams,
  reflector,
  measureServer: () => {
    answerCounts(() => Deno.memoryUsage().rss);
    return measureServer(["--port", "0"]);
  },
  sharedServer: (port = 0) =>
    measureServer(["--port", `${port}`, "--reuse-port"]),
  connecting,
  clients,
  throughputServer,
  bareSink,
  idle: (port = 0, count = 0) => crowd(port, count),
  slow: (port = 0, count = 0) =>
    crowd(port, count, (crowd) => crowd.write(() => Uint8Array.of(97), 1000)),
  resets: (port = 0, count = 0) => passing(resets(port, count)),
  sources: (port = 0, count = 0) =>
    passing(sources(port, count, () => new Uint8Array(44))),
};

/** The plainest echo server; with a delay it spins until each echo is due. */
async function bareEcho(delayMs = 0): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  print(listener.addr.port);
  const echo = async (conn: Deno.TcpConn) => {
    conn.setNoDelay(true);
    const buffer = new Uint8Array(65_536);
    for (let count; (count = await conn.read(buffer)) !== null;) {
      const dueMs = performance.now() + delayMs;
      while (delayMs > 0 && performance.now() < dueMs) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (let done = 0; done < count;) {
        done += await conn.write(buffer.subarray(done, count));
      }
    }
    conn.close();
  };
  for await (const conn of listener) echo(conn).catch(() => {});
}

/** The plainest echo server of datagrams; counts its echoes. */
async function bareDatagrams(): Promise<void> {
  const socket = openDatagrams();
  let echoed = 0;
  answerCounts(() => echoed);
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const [datagram, from] = await socket.receive(buffer);
    await socket.send(datagram, from);
    echoed += 1;
  }
}

/** The throughput server; tells its memory. */
async function throughputServer(): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const socket = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port,
  });
  print(port);
  answerCounts(() => Deno.memoryUsage().rss);
  await serveThroughput(listener, socket);
}

/** The plainest receiver of datagrams; counts them. */
async function bareSink(): Promise<void> {
  const socket = openDatagrams();
  let received = 0;
  answerCounts(() => received);
  const buffer = new Uint8Array(65_536);
  for (;;) {
    await socket.receive(buffer);
    received += 1;
  }
}

/** A STAMP reflector without a rate limit; counts its replies. */
async function reflector(): Promise<void> {
  const reflector = new StampReflector({ maxSessions: 10_000 });
  answerCounts(() => reflector.counts.reflected);
  const options = {
    admission: new AdmissionControl({
      limits: { maxDatagramsPerSec: 2 ** 20 },
    }),
  };
  await serveDatagrams(openDatagrams(), reflector.answer, options);
}

/** Clients of a measure server, each connection for one probe; counts them. */
async function connecting(port = 0): Promise<void> {
  const request = new TextEncoder().encode("s rtt 1 1 0\nm 1 x\nt\n");
  let served = 0;
  answerCounts(() => served);
  await Promise.all(Array.from({ length: 8 }, async () => {
    const buffer = new Uint8Array(256);
    for (;;) {
      using conn = await Deno.connect({ hostname: "127.0.0.1", port });
      await conn.write(request);
      while (await conn.read(buffer) !== null);
      served += 1;
    }
  }));
}

/** Many clients of a measure server, each waiting out its delay repeatedly. */
async function clients(port = 0, count = 0, delayMs = 0): Promise<void> {
  const dial = async () =>
    new StreamConnection(await Deno.connect({ hostname: "127.0.0.1", port }));
  const setup = { type: "rtt", probes: 1e6, sizeBytes: 64, delayMs } as const;
  for (let index = 0; index < count; index++) {
    void (async () => {
      const options = { setup, warmup: 0, intervalMs: 0 };
      for await (const _ of measureSession(dial, options));
    })();
    // Spread over the delay, as independent clients are.
    await sleepUntil(performance.now() + delayMs / count);
  }
  print(count);
}

/** Connections that stay open; tells how many are. */
async function crowd(
  port: number,
  count: number,
  act: (crowd: Crowd) => void = () => {},
): Promise<void> {
  const crowd = await new Crowd().open(port, count);
  for (const socket of crowd.sockets) socket.resume(); // to notice its end
  act(crowd);
  answerCounts(() => crowd.openCount);
  print(crowd.openCount);
}

/** Prints a number when something begins, and when it is over. */
async function passing(load: Promise<void>): Promise<void> {
  answerCounts(() => 0); // until it is killed
  print(0);
  await load;
  print(1);
}

function openDatagrams(): Deno.DatagramConn {
  const address = { hostname: "127.0.0.1", port: 0 };
  const socket = Deno.listenDatagram({ transport: "udp", ...address });
  print((socket.addr as Deno.NetAddr).port);
  return socket;
}

/** Prints a count for each line of standard input, until that ends. */
async function answerCounts(count: () => number): Promise<void> {
  const line = new Uint8Array(64);
  while (await Deno.stdin.read(line) !== null) print(count());
}

function print(number: number): void {
  // deno-lint-ignore no-console
  console.log(number);
}

const [name = "", ...args] = Deno.args;
await PROGRAMS[name]!(...args.map(Number));
