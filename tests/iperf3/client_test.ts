import { assert, assertEquals, assertRejects } from "@std/assert";
import { Iperf3Error, type Iperf3Fault } from "../../lib/iperf3/messages.ts";
import { DeadlineError } from "../../lib/net/errors.ts";
import { openDatagrams } from "../fixtures.ts";
import { framed, Hand, ONE_STREAM, testClient } from "./peers.ts";

/** A server by hand: what it does with the control connection of a client. */
async function played(
  act: (hand: Hand, listener: Deno.TcpListener) => Promise<void>,
  parameters: object,
) {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = testClient(listener.addr.port, parameters, {
    stepTimeoutMs: 1000,
  });
  const running = client.run();
  running.catch(() => {}); // it is awaited below
  using hand = new Hand(await listener.accept());
  hand.cookie = (await hand.take(37)).slice();
  await act(hand, listener);
  await running;
  return client;
}

async function fault(
  act: (hand: Hand, listener: Deno.TcpListener) => Promise<void>,
): Promise<Iperf3Fault | "deadline"> {
  const error = await assertRejects(() =>
    played(act, { tcp: true, num: 1000, len: 1000 })
  );
  if (error instanceof DeadlineError) return "deadline";
  assert(error instanceof Iperf3Error, String(error));
  return error.fault;
}

/** The steps of a server up to the running test. */
async function start(hand: Hand, listener: Deno.TcpListener): Promise<void> {
  await hand.send(9);
  await hand.takeJson();
  await hand.send(10);
  const data = await listener.accept();
  await hand.send(1, 2);
  await data.read(new Uint8Array(4096));
  data.close();
}

Deno.test({
  name: "ThroughputClient names what a server does wrong",
  timeout: 60_000,
  async fn() {
    const end = async (hand: Hand, listener: Deno.TcpListener) => {
      await start(hand, listener);
      await hand.expect(4);
      await hand.send(13);
      await hand.takeJson();
    };
    const cases: [
      string,
      (hand: Hand, listener: Deno.TcpListener) => Promise<void>,
      Iperf3Fault | "deadline",
    ][] = [
      ["silence", (hand) => hand.untilEnd().then(() => {}), "deadline"],
      ["busy", (hand) => hand.send(255), "busy"],
      ["an end", (hand) => Promise.resolve(hand[Symbol.dispose]()), "closed"],
      ["an unknown state", (hand) => hand.send(77), "malformed"],
      ["2 without 1", async (hand, listener) => {
        await hand.send(9, 10);
        await listener.accept().then((data) => data.close());
        await hand.send(2);
      }, "malformed"],
      [
        "wrong user",
        (hand) => hand.send(9, 254, Uint8Array.of(0, 0, 0, 142)),
        "authentication",
      ],
      [
        "an error with both numbers",
        (hand) => hand.send(9, 254, Uint8Array.of(0, 0, 0, 27, 0, 0, 0, 0)),
        "refused",
      ],
      ["an error cut short", (hand) => hand.send(254, 0), "refused"],
      ["silence after the parameters", async (hand) => {
        await hand.send(9);
        await hand.untilEnd();
      }, "deadline"],
      ["the end of the server", async (hand, listener) => {
        await start(hand, listener);
        await hand.send(11);
      }, "terminated"],
      ["silence after the end", async (hand, listener) => {
        await start(hand, listener);
        await hand.untilEnd();
      }, "deadline"],
      ["huge results", async (hand, listener) => {
        await end(hand, listener);
        await hand.send(Uint8Array.of(0, 16, 0, 1));
      }, "malformed"],
      ["results of another stream", async (hand, listener) => {
        await end(hand, listener);
        const [stream] = ONE_STREAM.streams;
        await hand.send(
          framed({ ...ONE_STREAM, streams: [{ ...stream, id: 3 }] }),
        );
      }, "malformed"],
    ];
    await Promise.all(cases.map(async ([name, act, expected]) => {
      assertEquals([name, await fault(act)], [name, expected]);
    }));
  },
});

Deno.test({
  name: "ThroughputClient says that a server before 3.7 knows one direction",
  timeout: 30_000,
  async fn() {
    const overTcp = () =>
      played(async (hand, listener) => {
        await hand.send(9);
        await hand.takeJson();
        await hand.send(10);
        using data = await listener.accept();
        await hand.send(1, 2);
        using second = await listener.accept();
        await second.write(Uint8Array.of(255)); // one more than it expects
        await data.read(new Uint8Array(4096));
        await hand.expect(4);
        await hand.send(13);
        await hand.takeJson();
        await hand.send(framed(ONE_STREAM), 14);
        await hand.untilEnd();
      }, { tcp: true, num: 1000, len: 1000, bidirectional: true });
    const overUdp = () =>
      played(async (hand, listener) => {
        const socket = openDatagrams(listener.addr.port);
        await hand.send(9);
        await hand.takeJson();
        await hand.send(10);
        const [, from] = await socket.receive();
        await socket.send(Uint8Array.of(0xb1, 0x68, 0xde, 0x3a), from);
        await hand.untilEnd();
        socket.close();
      }, { udp: true, len: 1000, time: 1, bidirectional: true });
    for (const run of [overTcp, overUdp]) {
      const error = await assertRejects(run, Iperf3Error);
      assertEquals(error.fault, "oneWay");
    }
  },
});

Deno.test({
  name: "ThroughputClient reads what old servers send, split and joined",
  timeout: 30_000,
  async fn() {
    const client = await played(async (hand, listener) => {
      await hand.send(9);
      const parameters = await hand.takeJson();
      assertEquals([parameters.num, parameters.parallel], [1000, 1]);
      await hand.send(10);
      const data = await listener.accept();
      await hand.send(Uint8Array.of(1, 2));
      let got = 0;
      const buffer = new Uint8Array(4096);
      while (got < 1037) got += (await data.read(buffer))!;
      await hand.expect(4);
      data.close();
      await hand.send(13);
      await hand.takeJson();
      // 3.1: no times; -1 as 2^64 - 1; the next state in the same segment.
      const text = JSON.stringify(ONE_STREAM)
        .replaceAll("-1", "18446744073709551615");
      await hand.send(Uint8Array.of(...framed(text), 14));
      await hand.expect(16);
      hand[Symbol.dispose]();
    }, { tcp: true, num: 1000, len: 1000 });
    assertEquals(client.results?.streams[0]?.bytes, 1000);
    assertEquals(client.results?.hasRetransmits, -1);
  },
});

Deno.test({
  name: "ThroughputClient takes both replies to its greeting, and no other",
  timeout: 30_000,
  async fn() {
    const replies: [string, number[][], boolean][] = [
      ["3.12", [[0x36, 0x37, 0x38, 0x39]], true],
      ["3.1", [[0xb1, 0x68, 0xde, 0x3a]], true],
      ["data first", [Array(40).fill(1), [0x36, 0x37, 0x38, 0x39]], true],
      ["an echo", [[0x39, 0x38, 0x37, 0x36]], false],
      ["another order", [[0x3a, 0xde, 0x68, 0xb1]], false],
    ];
    for (const [name, datagrams, isAccepted] of replies) {
      const outcome = played(async (hand, listener) => {
        const socket = openDatagrams(listener.addr.port);
        await hand.send(9);
        await hand.takeJson();
        await hand.send(10);
        const [hello, from] = await socket.receive();
        assertEquals([...hello], [0x39, 0x38, 0x37, 0x36]);
        for (const datagram of datagrams) {
          await socket.send(Uint8Array.from(datagram), from);
        }
        if (isAccepted) await hand.send(255);
        else await hand.untilEnd();
        socket.close();
      }, { udp: true, len: 1000, time: 1 });
      const error = await assertRejects(() => outcome);
      const accepted = error instanceof Iperf3Error && error.fault === "busy";
      assertEquals([name, accepted], [name, isAccepted]);
    }
  },
});
