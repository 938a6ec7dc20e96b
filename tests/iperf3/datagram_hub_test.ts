import { assertEquals } from "@std/assert";
import { AdmissionControl } from "../../lib/net/admission.ts";
import { DatagramHub } from "../../lib/iperf3/datagram_hub.ts";
import { HELLO, OLD_HELLO } from "../../lib/iperf3/datagrams.ts";
import { datagramClient } from "../fixtures.ts";
import { Hand, TestServer } from "./peers.ts";

const WAIT_MS = 2000;
const QUIET_MS = 60;

Deno.test({
  name: "serveThroughput() answers both greetings, each as its version does",
  timeout: 30_000,
  async fn() {
    await using server = new TestServer();
    const greetings: [Uint8Array, number[]][] = [
      [HELLO, [0x36, 0x37, 0x38, 0x39]],
      [OLD_HELLO, [0xb1, 0x68, 0xde, 0x3a]],
    ];
    for (const [hello, reply] of greetings) {
      using hand = await Hand.to(server);
      await hand.begin({ udp: true, time: 1 });
      await hand.expect(10);
      using socket = datagramClient();
      await socket.send(hello, server.addr);
      assertEquals([...(await socket.receive(WAIT_MS))!.bytes], [...reply]);
      await hand.expect(1, 2);
      await hand.send(12);
      await hand.untilEnd();
    }
  },
});

Deno.test({
  name: "serveThroughput() sends no datagram before the TCP handshake",
  timeout: 30_000,
  async fn() {
    await using server = new TestServer();
    using socket = datagramClient();
    for (const datagram of [HELLO, OLD_HELLO, new Uint8Array(1000)]) {
      await socket.send(datagram, server.addr);
      assertEquals(await socket.receive(QUIET_MS), null);
    }
    // A test over TCP accepts no flows over UDP either.
    using hand = await Hand.to(server);
    await hand.begin({ tcp: true, time: 1 });
    await hand.expect(10);
    await socket.send(HELLO, server.addr);
    assertEquals(await socket.receive(QUIET_MS), null);
  },
});

/** A socket that receives given datagrams, then is closed, and notes replies. */
class FakeSocket {
  readonly addr = { transport: "udp", hostname: "0.0.0.0", port: 5201 };
  readonly sent: [string, number][] = [];
  #incoming: [Uint8Array, Deno.NetAddr][] = [];

  add(hostname: string, port: number, datagram: Uint8Array): void {
    this.#incoming.push([datagram, { transport: "udp", hostname, port }]);
  }

  receive(): Promise<[Uint8Array, Deno.NetAddr]> {
    const next = this.#incoming.shift();
    return next
      ? Promise.resolve(next)
      : Promise.reject(new Deno.errors.Interrupted());
  }

  send(datagram: Uint8Array, to: Deno.NetAddr): Promise<number> {
    this.sent.push([to.hostname, to.port]);
    return Promise.resolve(datagram.length);
  }
}

Deno.test({
  name: "DatagramHub answers greetings of one host, and binds flows to it",
  permissions: "none",
  async fn() {
    const socket = new FakeSocket();
    const hub = new DatagramHub(
      socket as unknown as Deno.DatagramConn,
      new AdmissionControl(),
    );
    const got: [number, number][] = [];
    hub.greet("192.0.2.1", ({ port }) => (datagram) => {
      got.push([port, datagram.length]);
    });
    const data = new Uint8Array(100);
    socket.add("192.0.2.2", 7007, HELLO); // another host
    socket.add("192.0.2.1", 7007, data); // no greeting
    socket.add("::ffff:192.0.2.1", 7007, HELLO);
    socket.add("192.0.2.1", 7007, data);
    socket.add("192.0.2.2", 7007, data); // the same port of another host
    socket.add("192.0.2.1", 7008, data); // another port
    socket.add("192.0.2.1", 7007, HELLO); // a copy is data, and not answered
    await hub.run(() => {});
    assertEquals(socket.sent, [["::ffff:192.0.2.1", 7007]]);
    assertEquals(got, [[7007, 100], [7007, 4]]);
    hub.remove({ transport: "udp", hostname: "192.0.2.1", port: 7007 });
    socket.add("192.0.2.1", 7007, data);
    await hub.run(() => {});
    assertEquals(got.length, 2);
  },
});

Deno.test({
  name: "DatagramHub.takeTurn() lets one test of a host at a time open flows",
  permissions: "none",
  async fn() {
    const hub = new DatagramHub(
      {} as Deno.DatagramConn,
      new AdmissionControl(),
    );
    const order: number[] = [];
    const first = await hub.takeTurn("192.0.2.1");
    const second = hub.takeTurn("192.0.2.1").then((release) => {
      order.push(2);
      release();
    });
    (await hub.takeTurn("192.0.2.9"))(); // another host does not wait
    order.push(1);
    first();
    await second;
    assertEquals(order, [1, 2]);
  },
});
