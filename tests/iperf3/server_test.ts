import { assert, assertEquals, assertRejects } from "@std/assert";
import { Iperf3Error } from "../../lib/iperf3/messages.ts";
import { framed, Hand, ONE_STREAM, testClient, TestServer } from "./peers.ts";

/** Waits until a server has ended so many tests. */
async function ended(server: TestServer, count: number): Promise<void> {
  const untilMs = performance.now() + 10_000;
  while (server.tests.length < count && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assertEquals(server.tests.length, count);
}

/** The server still serves. */
async function assertServes({ addr }: TestServer): Promise<void> {
  const client = testClient(addr.port, { num: 10_000 });
  await client.run();
  assertEquals(client.results?.streams[0]?.bytes, 10_000);
}

const WAYS = [{}, { reverse: true }, { bidirectional: true }];

for (const transport of ["tcp", "udp"]) {
  for (const way of WAYS) {
    const name = `${transport} ${Object.keys(way)[0] ?? "forward"}`;
    Deno.test({
      name: `serveThroughput() and ThroughputClient count alike: ${name}`,
      timeout: 30_000,
      async fn() {
        await using server = new TestServer();
        for (const parallel of [1, 3]) {
          const client = testClient(server.addr.port, {
            [transport]: true,
            ...way,
            parallel,
            time: 1,
            len: 1000,
            bandwidth: 800_000,
            udp_counters_64bit: parallel === 1 ? 1 : 0,
          });
          client.transfer.parameters.timeSec = 0.1;
          await client.run();
          const { flows } = client.transfer;
          assertEquals(
            flows.map(({ id }) => id),
            (way === WAYS[2] ? [1, 3, 4, 5, 6, 7].slice(0, 2 * parallel) : [
              1,
              3,
              4,
            ]).slice(0, way === WAYS[2] ? 2 * parallel : parallel),
          );
          for (const flow of flows) {
            const there = client.results!.streams.find(({ id }) =>
              id === flow.id
            )!;
            const { bytes } = flow.measured();
            assert(bytes > 0);
            assertEquals(there.bytes, bytes, `stream ${flow.id}`);
            const { counts } = flow;
            assertEquals([counts?.missing ?? 0, counts?.duplicate ?? 0], [
              0,
              0,
            ]);
          }
        }
        await ended(server, 2);
        assertEquals(server.tests.map(({ error }) => error), [null, null]);
      },
    });
  }
}

Deno.test({
  name: "serveThroughput() ends a test after so many bytes or blocks",
  timeout: 30_000,
  async fn() {
    await using server = new TestServer();
    const cases: [object, number][] = [
      [{ num: 123_457, len: 1000 }, 123_457],
      [{ num: 123_457, len: 1000, parallel: 4 }, 123_457],
      [{ blockcount: 7, len: 1000 }, 7000],
      [{ udp: true, blockcount: 7, len: 1000 }, 7000],
    ];
    for (const [parameters, expected] of cases) {
      const client = testClient(server.addr.port, parameters);
      await client.run();
      const bytes = client.results!.streams.reduce(
        (sum, stream) => sum + stream.bytes,
        0,
      );
      assertEquals(bytes, expected);
    }
    const client = testClient(server.addr.port, {
      num: 100_000,
      reverse: true,
    });
    await client.run();
    assert(client.transfer.flows[0]!.measured().bytes >= 100_000);
  },
});

Deno.test({
  name: "serveThroughput() is busy with one test, and serves several at once",
  timeout: 30_000,
  async fn() {
    await using one = new TestServer();
    const stop = new AbortController();
    const { signal } = stop;
    const first = testClient(one.addr.port, { time: 60 }, { signal });
    const running = first.run();
    while (!first.transfer.isRunning) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const error = await assertRejects(
      () => testClient(one.addr.port, { time: 1 }).run(),
      Iperf3Error,
    );
    assertEquals(error.fault, "busy");
    stop.abort();
    await running;
    assert(first.results !== null); // ended early, with results
    await ended(one, 1);

    await using eight = new TestServer({ concurrent: 8 });
    const clients = Array.from(
      { length: 8 },
      (_, index) =>
        testClient(eight.addr.port, {
          [index % 2 === 0 ? "tcp" : "udp"]: true,
          blockcount: 10 + index,
          len: 1000,
        }),
    );
    await Promise.all(clients.map((client) => client.run()));
    assertEquals(
      clients.map(({ results }) => results!.streams[0]!.bytes),
      clients.map((_, index) => 1000 * (10 + index)),
    );
  },
});

Deno.test({
  name: "serveThroughput() ends after one test, and when nobody comes",
  timeout: 30_000,
  async fn() {
    await using once = new TestServer({ oneOff: true });
    using bad = await Hand.to(once);
    await bad.begin({ parallel: 0 });
    await bad.untilEnd();
    bad[Symbol.dispose]();
    await assertServes(once);
    await once.served;
    await using idle = new TestServer({ idleTimeoutMs: 50 });
    await idle.served;
  },
});

Deno.test({
  name: "serveThroughput() refuses with the numbers of iperf3's errors",
  timeout: 30_000,
  async fn() {
    const cases: [object, object, number][] = [
      [{ maxBitsPerSec: 1e6 }, { bandwidth: 600_000, parallel: 2 }, 27],
      [{ maxBitsPerSec: 1e6 }, { bandwidth: 6e5, bidirectional: true }, 27],
      [{ maxDurationSec: 5 }, { time: 5, omit: 1 }, 37],
      [{ maxDurationSec: 5 }, { num: 1 }, 37],
      [{ authenticate: () => false }, { time: 1 }, 142],
      [{}, { parallel: 1000 }, 114],
      [{}, { time: "1" }, 114],
      [{}, [], 114],
      [{}, { sctp: true }, 114],
    ];
    for (const [options, parameters, number] of cases) {
      await using server = new TestServer(options);
      using hand = await Hand.to(server);
      await hand.begin(parameters);
      assertEquals(await hand.untilEnd(), [254, 0, 0, 0, number, 0, 0, 0, 0]);
    }
  },
});

Deno.test({
  name: "serveThroughput() ends a test that is faster than allowed",
  timeout: 30_000,
  async fn() {
    await using server = new TestServer({ maxBitsPerSec: 1e6 });
    using hand = await Hand.to(server);
    using data = await Hand.to(server);
    await hand.begin({ tcp: true, time: 20 });
    await hand.expect(10);
    await data.send(hand.cookie);
    await hand.expect(1, 2);
    const timer = setInterval(() => data.send(new Uint8Array(200_000)), 100);
    assertEquals((await hand.untilEnd()).slice(0, 5), [254, 0, 0, 0, 27]);
    clearInterval(timer);
  },
});

Deno.test({
  name: "serveThroughput() survives silence and rubbish at every step",
  timeout: 60_000,
  async fn() {
    await using server = new TestServer({
      concurrent: 20,
      controlTimeoutMs: 1000,
    });
    const parameters = framed({ tcp: true, time: 1, len: 1000 });
    const steps: [string, (hand: Hand) => Promise<void>][] = [
      ["nothing", async () => {}],
      ["half a cookie", (hand) => hand.send(hand.cookie.subarray(0, 20))],
      ["a cookie", (hand) => hand.send(hand.cookie)],
      [
        "half a length",
        (hand) => hand.send(hand.cookie, parameters.subarray(0, 2)),
      ],
      [
        "half a message",
        (hand) => hand.send(hand.cookie, parameters.subarray(0, 20)),
      ],
      // CVE-2023-38403: a length of 2^32 - 1, on which an addition wraps.
      [
        "a huge length",
        (hand) => hand.send(hand.cookie, Uint8Array.of(255, 255, 255, 255)),
      ],
      [
        "8193 bytes",
        (hand) => hand.send(hand.cookie, framed("x".repeat(8193))),
      ],
      ["no JSON", (hand) => hand.send(hand.cookie, framed("{{{{"))],
      ["deep JSON", (hand) => hand.send(hand.cookie, framed("[".repeat(8000)))],
      ["an empty message", (hand) => hand.send(hand.cookie, framed(""))],
      ["parameters alone", (hand) => hand.send(hand.cookie, parameters)],
      ["a state too early", (hand) => hand.send(hand.cookie, parameters, 4)],
      ["an unknown state", (hand) => hand.send(hand.cookie, parameters, 99)],
    ];
    await Promise.all(steps.map(async ([name, step]) => {
      using hand = await Hand.to(server);
      await step(hand);
      const came = await hand.untilEnd();
      assert(came.length < 20, name);
    }));
    await assertServes(server);
  },
});

Deno.test({
  name: "serveThroughput() is not held by a byte at a time, or by silent peers",
  timeout: 60_000,
  async fn() {
    await using server = new TestServer({ controlTimeoutMs: 1000 });
    // CVE-2023-7250: one connection without a cookie must not lock the server.
    const silent = await Promise.all(
      Array.from({ length: 20 }, () => Hand.to(server)),
    );
    await assertServes(server);
    for (const hand of silent) hand[Symbol.dispose]();
    using slow = await Hand.to(server);
    await slow.send(slow.cookie);
    await slow.expect(9);
    const startMs = performance.now();
    const message = framed({ tcp: true, padding: "x".repeat(1000) });
    let at = 0;
    const timer = setInterval(() => slow.send(message[at++]!), 20);
    await slow.untilEnd();
    clearInterval(timer);
    assert(performance.now() - startMs < 5000);
    assert(at < message.length);
    await assertServes(server);
  },
});

Deno.test({
  name: "serveThroughput() survives invalid results",
  timeout: 60_000,
  async fn() {
    await using server = new TestServer();
    const [stream] = ONE_STREAM.streams;
    const wrong: unknown[] = [
      [],
      "text",
      { ...ONE_STREAM, streams: "1" },
      { ...ONE_STREAM, streams: [{ ...stream, id: 2 }] },
      { ...ONE_STREAM, streams: [{ ...stream, id: 2 ** 40 }] },
      { ...ONE_STREAM, streams: [{ ...stream, bytes: "1" }] },
      { ...ONE_STREAM, streams: Array(300).fill(stream) },
      { ...ONE_STREAM, cpu_util_total: null },
    ];
    for (const [index, results] of [...wrong, ONE_STREAM].entries()) {
      using hand = await Hand.to(server);
      using data = await Hand.to(server);
      await hand.begin({ tcp: true, time: 10, len: 1000 });
      await hand.expect(10);
      await data.send(hand.cookie);
      await hand.expect(1, 2);
      await data.send(new Uint8Array(1000));
      await hand.send(4);
      await hand.expect(13);
      await hand.send(framed(results));
      const isValid = index === wrong.length;
      if (isValid) {
        const said = await hand.takeJson();
        const [{ bytes, id }] = said.streams as [Record<string, number>];
        assertEquals([id, bytes], [1, 1000]);
        await hand.expect(14);
        await hand.send(16);
      } else {
        assertEquals((await hand.untilEnd()).slice(0, 5), [254, 0, 0, 0, 117]);
      }
      await ended(server, index + 1);
    }
  },
});

Deno.test({
  name: "serveThroughput() reads states that are split or joined",
  timeout: 30_000,
  async fn() {
    await using server = new TestServer();
    using hand = await Hand.to(server);
    using data = await Hand.to(server);
    const parameters = framed({ tcp: true });
    await hand.send(hand.cookie.subarray(0, 7), hand.cookie.subarray(7));
    await hand.expect(9);
    await hand.send(...parameters.map((byte) => byte));
    await hand.expect(10);
    await data.send(hand.cookie);
    await hand.expect(1, 2);
    const end = new Uint8Array([4, ...framed(ONE_STREAM), 16]);
    await hand.send(end);
    await hand.expect(13);
    await hand.takeJson();
    await hand.expect(14);
    await ended(server, 1);
    assertEquals(server.tests[0]!.error, null);
  },
});

Deno.test({
  name: "serveThroughput() takes no data connection with another cookie",
  timeout: 30_000,
  async fn() {
    await using server = new TestServer();
    using hand = await Hand.to(server);
    await hand.begin({ tcp: true });
    await hand.expect(10);
    using other = await Hand.to(server);
    await other.send(other.cookie);
    assertEquals(await other.untilEnd(), [255]);
    using data = await Hand.to(server);
    await data.send(hand.cookie);
    await hand.expect(1, 2);
    using second = await Hand.to(server); // one more than announced
    await second.send(hand.cookie);
    assertEquals(await second.untilEnd(), [255]);
    await hand.send(12); // the client ends the test
    await ended(server, 1);
    assertEquals(server.tests[0]!.error, "the client ended the test");
  },
});

Deno.test({
  name: "serveThroughput() tells its clients when it is stopped",
  timeout: 30_000,
  async fn() {
    await using server = new TestServer();
    const client = testClient(server.addr.port, { time: 60, reverse: true });
    const running = assertRejects(() => client.run(), Iperf3Error);
    while (!client.transfer.isRunning) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    server.abort();
    assertEquals((await running).fault, "terminated");
    assert(client.transfer.seconds > 0); // what was measured stays
  },
});

Deno.test({
  name: "ThroughputClient.run() may take longer than a step of the server",
  timeout: 30_000,
  async fn() {
    await using server = new TestServer({ controlTimeoutMs: 300 });
    const client = testClient(server.addr.port, {
      time: 1,
      bandwidth: 1e6,
      len: 1000,
    }, { stepTimeoutMs: 300 });
    client.transfer.parameters.timeSec = 0.5;
    await client.run();
    assert(client.results !== null);
  },
});
