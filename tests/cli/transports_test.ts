import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  compareTransports,
  MAX_TURN,
  type TransportOptions,
} from "../../lib/cli/transports.ts";
import { MIN_ROUNDS } from "../../lib/stats/bootstrap.ts";
import { datagramClient, openDatagrams, streamServer } from "../fixtures.ts";
import { Relay } from "../relay.ts";
import {
  dialTo,
  inTime,
  refusingServer,
  ServersInScope,
  stampOptions,
} from "./comparisons.ts";

const TIMEOUT_MS = 60_000;
/** What leaves before each turn: probes with a number of one digit. */
const WARMUP = 9;

function optionsOf(
  options: Partial<TransportOptions> = {},
): TransportOptions {
  const { signal = new AbortController().signal } = options;
  return {
    rounds: 2,
    count: 10,
    sizeBytes: 100,
    intervalMs: 1,
    stamp: stampOptions(signal),
    ...options,
    signal,
  };
}

/** Opens sockets that remember the length of all they send and receive. */
function watchedSockets(lengths: { sent: number[]; received: number[] }) {
  return () => {
    const socket = openDatagrams();
    const { send, receive } = socket;
    socket.send = (bytes, to) => {
      lengths.sent.push(bytes.length);
      return send.call(socket, bytes, to);
    };
    socket.receive = async (buffer) => {
      const received = await receive.call(socket, buffer);
      lengths.received.push(received[0].length);
      return received;
    };
    return socket;
  };
}

Deno.test({
  name: "compareTransports() sends so many probes over each, and gets all back",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { course, reflector } = servers.both();
    for (const [rounds, count] of [[1, 1], [MIN_ROUNDS, 4], [1, MAX_TURN]]) {
      const { tcp, udp, difference } = await compareTransports(
        () => dialTo(course),
        openDatagrams,
        reflector,
        optionsOf({ rounds: rounds!, count: count! }),
      );
      const all = rounds! * count!;
      assertEquals([tcp.sent, tcp.received, tcp.rtt.count], [all, all, all]);
      assertEquals([udp.sent, udp.received, udp.rtt.count], [all, all, all]);
      assertEquals(difference !== null, rounds! >= MIN_ROUNDS);
      assert(tcp.rtt.percentile(0)! > 0 && udp.rtt.percentile(0)! > 0);
    }
  },
});

for (const sizeBytes of [44, 48, 100, 1400]) {
  Deno.test({
    name: `compareTransports() sends ${sizeBytes} bytes a message over both`,
    timeout: TIMEOUT_MS,
    async fn() {
      await using servers = new ServersInScope();
      const { reflector } = servers.both();
      const tcp: number[] = [];
      // Echoes as the protocol says, and remembers how long each probe was.
      await using server = streamServer(async (connection) => {
        for (let line; (line = await connection.readLine()) !== null;) {
          if (line[0] === "m".charCodeAt(0)) tcp.push(line.length);
          await connection.writeAll(
            line[0] === "s".charCodeAt(0)
              ? new TextEncoder().encode("200 OK: Ready\n")
              : line[0] === "t".charCodeAt(0)
              ? new TextEncoder().encode("200 OK: Closing Connection\n")
              : line,
          );
        }
      });
      const udp = { sent: [] as number[], received: [] as number[] };
      const findings = await compareTransports(
        () => dialTo(server.addr),
        watchedSockets(udp),
        reflector,
        optionsOf({ sizeBytes, rounds: 1, count: MAX_TURN }),
      );
      assertEquals(findings.tcp.received, MAX_TURN);
      assertEquals(findings.udp.received, MAX_TURN);
      const measured = Array<number>(MAX_TURN).fill(sizeBytes);
      assertEquals(tcp.slice(WARMUP), measured);
      // Numbers of one digit make the warm-up shorter by one byte.
      assertEquals(tcp.slice(0, WARMUP), Array(WARMUP).fill(sizeBytes - 1));
      const whole = Array<number>(WARMUP + MAX_TURN).fill(sizeBytes);
      assertEquals(udp, { sent: whole, received: whole });
    },
  });
}

Deno.test({
  name: "compareTransports() counts datagrams that are lost, exactly",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { course, reflector } = servers.both();
    // Of each turn, by its sequence numbers: two there, and one back.
    const lost = { copies: 0 };
    await using relay = new Relay(reflector, {
      forward: (sequence) => [10, 15].includes(sequence) ? lost : undefined,
      backward: (sequence) => sequence === 12 ? lost : undefined,
    });
    const options = optionsOf({ rounds: 2, count: 10 });
    const { tcp, udp } = await compareTransports(
      () => dialTo(course),
      openDatagrams,
      relay.addr,
      { ...options, stamp: stampOptions(options.signal, 700) },
    );
    assertEquals([tcp.sent, tcp.received], [20, 20]);
    assertEquals([udp.sent, udp.received, udp.rtt.count], [20, 14, 14]);
  },
});

Deno.test({
  name: "compareTransports() counts the delay of the path",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { course, reflector } = servers.both();
    await using relay = new Relay(reflector, {
      forward: () => ({ delayMs: 30 }),
    });
    const { difference, udp } = await compareTransports(
      () => dialTo(course),
      openDatagrams,
      relay.addr,
      optionsOf({ rounds: MIN_ROUNDS, count: 5 }),
    );
    assert(udp.rtt.percentile(0)! >= 30_000);
    // Below 0 it is TCP that takes less.
    assert(difference!.high < 0, JSON.stringify(difference));
  },
});

Deno.test({
  name: "compareTransports() ends early when it is told to",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { course, reflector } = servers.both();
    const stop = new AbortController();
    const dials: number[] = [];
    const findings = await inTime(() =>
      compareTransports(
        () => {
          if (dials.push(1) === 3) stop.abort();
          return dialTo(course);
        },
        openDatagrams,
        reflector,
        optionsOf({ rounds: 1000, signal: stop.signal }),
      )
    );
    assertEquals(dials.length, 3);
    assert(findings.tcp.sent <= 30);
  },
});

Deno.test({
  name: "compareTransports() fails with a server that refuses",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { reflector } = servers.both();
    await using server = refusingServer();
    await assertRejects(
      () =>
        inTime(() =>
          compareTransports(
            () => dialTo(server.addr),
            openDatagrams,
            reflector,
            optionsOf(),
          )
        ),
      Error,
      "404 ERROR",
    );
  },
});

Deno.test({
  name: "compareTransports() gives up on a reflector that has gone silent",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { course } = servers.both();
    using silent = datagramClient();
    const { stamp } = optionsOf();
    await assertRejects(
      () =>
        inTime(() =>
          compareTransports(() => dialTo(course), openDatagrams, silent.local, {
            ...optionsOf(),
            rounds: 1000,
            stamp: { ...stamp, timeoutMs: 50 },
          })
        ),
      Error,
      "no datagram came back in 2 turns",
    );
  },
});
