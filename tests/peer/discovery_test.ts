import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  formatAnnouncement,
  parseAnnouncement,
} from "../../lib/peer/announcement.ts";
import { discoverPeers } from "../../lib/peer/discovery.ts";
import { bytes } from "../fixtures.ts";

// The group is any address: here one of loopback, which the permissions allow.
// Through a real group, tests/scripts/peer_test.ts has two programs meet.

const TIMEOUT_MS = 30_000;
const OURS = { id: "a".repeat(32), port: 5000 };

function bind(): Deno.DatagramConn {
  return Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: 0,
  });
}

function addressOf(socket: Deno.DatagramConn): Deno.NetAddr {
  return socket.addr as Deno.NetAddr;
}

function announcementOf(port: number): Uint8Array<ArrayBuffer> {
  return formatAnnouncement({ id: "b".repeat(32), port });
}

/** Discovery under way; disposing of it aborts it and waits for its end. */
class Discovery implements AsyncDisposable {
  readonly found: string[] = [];
  readonly group: Deno.NetAddr;
  readonly ended: Promise<void>;
  #stop = new AbortController();
  #changed = Promise.withResolvers<void>();

  constructor(
    listening: Deno.DatagramConn,
    sending: Deno.DatagramConn,
    group = addressOf(listening),
  ) {
    this.group = group;
    this.ended = discoverPeers(listening, sending, {
      group,
      announcement: OURS,
      onFound: (address) => {
        this.found.push(address);
        this.#changed.resolve();
        this.#changed = Promise.withResolvers<void>();
      },
      signal: this.#stop.signal,
    });
  }

  abort(): void {
    this.#stop.abort();
  }

  async heardOf(address: string): Promise<void> {
    while (!this.found.includes(address)) await this.#changed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort();
    await this.ended;
  }
}

/** What is received is given; then nothing comes until it is closed. */
class FakeSocket implements Pick<Deno.DatagramConn, "receive" | "send"> {
  readonly sent: { datagram: Uint8Array; to: Deno.Addr }[] = [];
  readonly addr = {
    transport: "udp",
    hostname: "127.0.0.1",
    port: 5000,
  } as const;
  closed = false;
  /** Resolved when all was given. */
  readonly drained = Promise.withResolvers<void>();
  failures = 0;
  /** Resolved when something was sent. */
  readonly succeeded = Promise.withResolvers<void>();
  #datagrams: Uint8Array[];
  #closing = Promise.withResolvers<never>();

  constructor(...datagrams: Uint8Array[]) {
    this.#datagrams = datagrams;
    this.#closing.promise.catch(() => {});
  }

  get conn(): Deno.DatagramConn {
    return this as unknown as Deno.DatagramConn;
  }

  receive(): Promise<[Uint8Array<ArrayBuffer>, Deno.Addr]> {
    const datagram = this.#datagrams.shift();
    if (datagram !== undefined) {
      return Promise.resolve([datagram.slice(), this.addr]);
    }
    this.drained.resolve();
    return this.#closing.promise;
  }

  send(datagram: Uint8Array, to: Deno.Addr): Promise<number> {
    if (this.failures > 0) {
      this.failures -= 1;
      return Promise.reject(new Error("Network is unreachable (os error 101)"));
    }
    this.sent.push({ datagram: datagram.slice(), to });
    this.succeeded.resolve();
    return Promise.resolve(datagram.length);
  }

  close(): void {
    assert(!this.closed, "closed twice");
    this.closed = true;
    this.#closing.reject(new Deno.errors.BadResource("closed"));
  }
}

Deno.test({
  name: "discoverPeers() announces to the group at once",
  timeout: TIMEOUT_MS,
  async fn() {
    const member = bind();
    const sending = bind();
    const from = addressOf(sending);
    await using _discovery = new Discovery(bind(), sending, addressOf(member));
    const [datagram, source] = await member.receive();
    member.close();
    assertEquals(parseAnnouncement(datagram), OURS);
    assertEquals((source as Deno.NetAddr).port, from.port);
  },
});

Deno.test({
  name: "discoverPeers() finds a peer where its datagram comes from",
  timeout: TIMEOUT_MS,
  async fn() {
    await using discovery = new Discovery(bind(), bind());
    const other = bind();
    await other.send(announcementOf(6000), discovery.group);
    await discovery.heardOf("127.0.0.1:6000");
    await other.send(announcementOf(6001), discovery.group);
    await discovery.heardOf("127.0.0.1:6001");
    other.close();
    // What it announced itself came to this socket too, and before.
    assertEquals(discovery.found, ["127.0.0.1:6000", "127.0.0.1:6001"]);
  },
});

Deno.test({
  name: "two of discoverPeers() find each other",
  timeout: TIMEOUT_MS,
  async fn() {
    const [one, other] = [bind(), bind()];
    await using first = new Discovery(one, bind(), addressOf(other));
    const found = Promise.withResolvers<string>();
    const stop = new AbortController();
    const second = discoverPeers(other, bind(), {
      group: addressOf(one),
      announcement: { id: "b".repeat(32), port: 7000 },
      onFound: found.resolve,
      signal: stop.signal,
    });
    assertEquals(await found.promise, "127.0.0.1:5000");
    await first.heardOf("127.0.0.1:7000");
    stop.abort();
    await second;
  },
});

Deno.test({
  name: "discoverPeers() ignores garbage and its own announcements",
  timeout: TIMEOUT_MS,
  async fn() {
    const id = "b".repeat(32);
    await using discovery = new Discovery(bind(), bind());
    const other = bind();
    const garbage = [
      new Uint8Array(0),
      bytes("hello"),
      bytes(`roundtrip-peer 2 ${id} 6000\n`),
      bytes(`roundtrip-peer 1 ${id} 0\n`),
      bytes(`roundtrip-peer 1 ${id} 65536\n`),
      bytes(`roundtrip-peer 1 ${id} 6000\nmore`),
      bytes(`roundtrip-peer 1 ${id} 192.0.2.1:6000\n`),
      bytes(`roundtrip-peer 1 ${"B".repeat(32)} 6000\n`),
      bytes(`roundtrip-peer 1 ${id} 6000\n`.padEnd(1400, "\n")),
      Uint8Array.of(0xff, 0xfe, 0xfd),
      formatAnnouncement(OURS),
      formatAnnouncement({ ...OURS, port: 6000 }),
    ];
    for (const datagram of garbage) await other.send(datagram, discovery.group);
    await other.send(announcementOf(6001), discovery.group);
    await discovery.heardOf("127.0.0.1:6001");
    other.close();
    assertEquals(discovery.found, ["127.0.0.1:6001"]);
  },
});

Deno.test({
  name: "discoverPeers() listens to a flood in part, whoever it names",
  timeout: TIMEOUT_MS,
  async fn() {
    const flood = Array.from(
      { length: 5000 },
      (_, index) =>
        formatAnnouncement({
          id: index.toString(16).padStart(32, "0"),
          port: 1 + index,
        }),
    );
    const listening = new FakeSocket(...flood);
    const startMs = performance.now();
    await using discovery = new Discovery(
      listening.conn,
      new FakeSocket().conn,
      listening.addr,
    );
    await listening.drained.promise;
    const seconds = Math.ceil((performance.now() - startMs) / 1000);
    const { length } = discovery.found;
    assert(
      length >= 100 && length <= 100 + 100 * seconds,
      `${length} in ${seconds} s`,
    );
  },
});

Deno.test({
  name: "discoverPeers() announces again when the network was away",
  timeout: TIMEOUT_MS,
  async fn() {
    const [listening, sending] = [new FakeSocket(), new FakeSocket()];
    sending.failures = 1;
    const startMs = performance.now();
    await using discovery = new Discovery(
      listening.conn,
      sending.conn,
      listening.addr,
    );
    await Promise.race([sending.succeeded.promise, discovery.ended]);
    const [sent] = sending.sent;
    assertEquals(parseAnnouncement(sent!.datagram), OURS);
    assertEquals((sent!.to as Deno.NetAddr).port, listening.addr.port);
    assert(performance.now() - startMs >= 3900, "it did not wait");
  },
});

Deno.test({
  name: "discoverPeers() ends when it is aborted, and closes both sockets",
  timeout: TIMEOUT_MS,
  async fn() {
    const [listening, sending] = [bind(), bind()];
    const discovery = new Discovery(listening, sending);
    const startMs = performance.now();
    discovery.abort();
    await discovery.ended;
    assert(performance.now() - startMs < 3000, "it waited for its next turn");
    const to = discovery.group;
    for (const socket of [listening, sending]) {
      await assertRejects(
        () => socket.send(bytes("x"), to),
        Deno.errors.BadResource,
      );
    }
  },
});

Deno.test({
  name: "discoverPeers() announces nothing when it is aborted already",
  timeout: TIMEOUT_MS,
  async fn() {
    const [listening, sending] = [new FakeSocket(), new FakeSocket()];
    await discoverPeers(listening.conn, sending.conn, {
      group: listening.addr,
      announcement: OURS,
      onFound: () => {},
      signal: AbortSignal.abort(),
    });
    assertEquals([listening.closed, sending.closed], [true, true]);
    assertEquals(sending.sent, []);
  },
});
