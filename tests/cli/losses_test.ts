import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import {
  compareLosses,
  type LoopbackSockets,
  type LossFindings,
  type LossOptions,
} from "../../lib/cli/losses.ts";
import { impairments } from "../../lib/net/impaired_path.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { openDatagrams } from "../fixtures.ts";
import { TcpRelay } from "../tcp_relay.ts";
import {
  connectTo,
  dialTo,
  inTime,
  listen,
  stampOptions,
} from "./comparisons.ts";

const TIMEOUT_MS = 60_000;
const SOCKETS: LoopbackSockets = {
  open: openDatagrams,
  listen,
  dial: (addr) => dialTo(addr),
};

function optionsOf(options: Partial<LossOptions> = {}): LossOptions {
  const { signal = new AbortController().signal } = options;
  return {
    count: 60,
    intervalMs: 5,
    sizeBytes: 100,
    drop: 0.05,
    seed: 3,
    holdMs: 100,
    waitedMs: 20,
    stamp: stampOptions(signal, 1000),
    ...options,
    signal,
  };
}

/** Which messages a path loses, by their place. */
function lostOf({ count, drop, seed }: LossOptions): number[] {
  const next = impairments({
    drop,
    seed,
    duplicate: 0,
    reorder: 0,
    delayMs: 0,
    jitterMs: 0,
  });
  return Array.from({ length: count }, (_, place) => place)
    .filter(() => next().copies === 0);
}

/** A seed by which the last message is not lost, so that UDP knows the end. */
function seedLosing(least: number, most: number): number {
  for (let seed = 1;; seed++) {
    const lost = lostOf(optionsOf({ seed }));
    if (lost.length >= least && lost.length <= most && lost[0]! > 5) {
      return seed;
    }
  }
}

function sum(counts: number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function assertCounted({ udp, tcp, faults }: LossFindings, count: number) {
  assertEquals([udp.sent, tcp.sent], [count, count]);
  assertEquals([udp.received, tcp.received], [count - faults, count]);
  for (const { sent, received, rtt, timeline } of [udp, tcp]) {
    assertEquals(rtt.count, received);
    assertEquals(sum(timeline.sent), sent);
    assertEquals(sum(timeline.lost), sent - received);
  }
}

Deno.test({
  name:
    "compareLosses() loses over UDP what the path loses, and over TCP nothing",
  timeout: TIMEOUT_MS,
  async fn() {
    const options = optionsOf({ seed: seedLosing(2, 3) });
    const lost = lostOf(options);
    const findings = await compareLosses(SOCKETS, options);
    assertEquals(findings.faults, lost.length);
    assertCounted(findings, options.count);
    // Each hold lasts 100 ms, in which twenty messages leave: of those, the
    // first five are nowhere near the end of it, and not soon to be seen.
    const waiting = new Set(
      lost.flatMap((place) =>
        Array.from({ length: 5 }, (_, behind) => place + behind)
      ).filter((place) => place < options.count),
    );
    assertGreaterOrEqual(findings.tcp.waited, waiting.size);
    assertGreaterOrEqual(findings.tcp.rtt.percentile(100)!, 100_000);
    assert(findings.udp.waited <= findings.tcp.waited);
  },
});

Deno.test({
  name: "compareLosses() loses the same again by the same seed",
  timeout: TIMEOUT_MS,
  async fn() {
    const options = optionsOf({
      count: 30,
      intervalMs: 1,
      holdMs: 10,
      drop: 0.3,
    });
    const { length } = lostOf(options);
    assert(length > 3);
    for (let run = 0; run < 2; run++) {
      const findings = await compareLosses(SOCKETS, options);
      assertEquals(findings.faults, length);
      assertCounted(findings, options.count);
    }
  },
});

Deno.test({
  name: "compareLosses() over a path that loses nothing, or everything",
  timeout: TIMEOUT_MS,
  async fn() {
    const short = { count: 10, intervalMs: 1, holdMs: 5 };
    const clean = await compareLosses(
      SOCKETS,
      optionsOf({ ...short, drop: 0 }),
    );
    assertEquals(clean.faults, 0);
    assertCounted(clean, 10);
    const options = optionsOf({ ...short, drop: 1 });
    const none = await inTime(() =>
      compareLosses(SOCKETS, {
        ...options,
        stamp: stampOptions(options.signal, 100),
      })
    );
    assertEquals(none.faults, 10);
    assertCounted(none, 10);
    assertEquals(none.udp.rtt.percentile(100), null);
    assert(none.tcp.rtt.percentile(100)! >= 5000);
  },
});

Deno.test({
  name: "compareLosses() ends early when it is told to",
  timeout: TIMEOUT_MS,
  async fn() {
    const stop = new AbortController();
    const dial = (addr: Deno.NetAddr) => {
      // It is under way when the stream is connected.
      setTimeout(() => stop.abort(), 20);
      return dialTo(addr);
    };
    const { tcp } = await inTime(() =>
      compareLosses(
        { ...SOCKETS, dial },
        optionsOf({
          count: 40,
          intervalMs: 20,
          drop: 0,
          signal: stop.signal,
        }),
      )
    );
    assert(tcp.sent < 40);
  },
});

Deno.test({
  name: "compareLosses() counts what a broken connection did not bring back",
  timeout: TIMEOUT_MS,
  async fn() {
    const relay = new TcpRelay();
    const options = optionsOf({ count: 20, intervalMs: 10, drop: 0 });
    let broken: Promise<void> | null = null;
    // The path between passes some messages, and then ends both sides.
    const dial = async ({ hostname, port }: Deno.NetAddr) => {
      const [host, nearPort] = relay.to(`${hostname}:${port}`).split(":");
      const conn = await connectTo({
        transport: "tcp",
        hostname: host!,
        port: Number(nearPort),
      });
      const connection = new StreamConnection(conn, { readMs: 2000 });
      let echoes = 0;
      const { readLine } = connection;
      connection.readLine = async () => {
        if (++echoes === 6) {
          broken = relay[Symbol.asyncDispose]();
          await broken;
        }
        return await readLine.call(connection);
      };
      return connection;
    };
    let findings: LossFindings | null = null;
    try {
      findings = await inTime(() =>
        compareLosses({ ...SOCKETS, dial }, options)
      );
    } catch { // to fail is to say it, too
    }
    await (broken ?? relay[Symbol.asyncDispose]());
    if (findings !== null) {
      const { sent, received } = findings.tcp;
      assert(sent > received, `${received} of ${sent} came back`);
    }
  },
});
