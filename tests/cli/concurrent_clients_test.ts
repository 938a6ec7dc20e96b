import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  compareCrowds,
  type CrowdOptions,
} from "../../lib/cli/concurrent_clients.ts";
import type { StreamConnection } from "../../lib/net/stream_connection.ts";
import {
  dialTo,
  inTime,
  listen,
  refusingServer,
  ServersInScope,
} from "./comparisons.ts";

const TIMEOUT_MS = 60_000;
const DELAY_MS = 30;

function optionsOf(options: Partial<CrowdOptions> = {}): CrowdOptions {
  return {
    clients: 5,
    delayMs: DELAY_MS,
    rounds: 3,
    signal: new AbortController().signal,
    ...options,
  };
}

function assertRising(waitsUs: number[]): void {
  waitsUs.slice(1).forEach((us, place) => assert(us >= waitsUs[place]!));
}

Deno.test({
  name: "compareCrowds() finds that clients of an iterative server queue up",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const iterative = servers.streams(listen(), "iterative");
    const concurrent = servers.streams(listen());
    const options = optionsOf();
    const [one, all] = await compareCrowds(
      [() => dialTo(iterative), () => dialTo(concurrent)],
      options,
    );
    for (const figures of [one, all]) {
      assertEquals(figures.length, options.clients);
      assertRising(figures);
      assert(figures[0]! >= DELAY_MS * 1000);
    }
    // Each waits for all before it: no machine can be faster than that.
    one.forEach((us, place) => {
      assert(us >= (place + 1) * DELAY_MS * 1000, `${place}: ${us} us`);
    });
    // Those served side by side are done together, but for the machine's part.
    assert(all.at(-1)! < 3 * all[0]!, all.join(", "));
    assert(all.at(-1)! < one.at(-1)!);
  },
});

Deno.test({
  name: "compareCrowds() of one client finds no difference to speak of",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const iterative = servers.streams(listen(), "iterative");
    const concurrent = servers.streams(listen());
    const [one, all] = await compareCrowds(
      [() => dialTo(iterative), () => dialTo(concurrent)],
      optionsOf({ clients: 1 }),
    );
    assertEquals([one.length, all.length], [1, 1]);
    assert(one.at(-1)! < 3 * all.at(-1)! && all.at(-1)! < 3 * one.at(-1)!);
  },
});

Deno.test({
  name: "compareCrowds() ended early has figures of whole rounds alone",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { course } = servers.both();
    const stop = new AbortController();
    let dials = 0;
    const dial = () => {
      if (++dials === 4) stop.abort(); // in the second turn of the first round
      return dialTo(course);
    };
    const found = await inTime(() =>
      compareCrowds(
        [dial, dial],
        optionsOf({ clients: 2, signal: stop.signal }),
      )
    );
    assertEquals(found, [
      [],
      [],
    ]);
  },
});

Deno.test({
  name: "compareCrowds() fails with a server that refuses",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = refusingServer();
    const dial = () => dialTo(server.addr);
    await assertRejects(
      () =>
        inTime(() => compareCrowds([dial, dial], optionsOf({ clients: 1 }))),
      Error,
      "404 ERROR",
    );
  },
});

Deno.test({
  name: "compareCrowds() leaves no client behind when one of them fails",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { course } = servers.both();
    const connections: StreamConnection[] = [];
    const twoConnected = Promise.withResolvers<void>();
    let dials = 0;
    const dial = async () => {
      if (++dials === 3) {
        await twoConnected.promise;
        throw new Error("out of files");
      }
      const connection = await dialTo(course);
      if (connections.push(connection) === 2) twoConnected.resolve();
      return connection;
    };
    await assertRejects(
      () =>
        inTime(() =>
          compareCrowds([dial, dial], optionsOf({ clients: 3, delayMs: 300 }))
        ),
      Error,
      "out of files",
    );
    const left = connections.filter(({ closed }) => !closed.aborted);
    for (const connection of left) connection.close();
    assertEquals(left.length, 0);
  },
});
