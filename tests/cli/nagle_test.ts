import { assert, assertEquals, assertRejects } from "@std/assert";
import { compareNagle, type NagleOptions } from "../../lib/cli/nagle.ts";
import { ProtocolError } from "../../lib/measure/messages.ts";
import { MIN_ROUNDS } from "../../lib/stats/bootstrap.ts";
import { bytes, streamServer } from "../fixtures.ts";
import {
  closingServer,
  connectTo,
  inTime,
  PATIENCE_MS,
  refusingServer,
  repeatingServer,
  ServersInScope,
  silentServer,
} from "./comparisons.ts";

const TIMEOUT_MS = 60_000;

function optionsOf(options: Partial<NagleOptions> = {}): NagleOptions {
  return {
    rounds: 1,
    probes: 3,
    sizeBytes: 100,
    timeoutMs: PATIENCE_MS,
    signal: new AbortController().signal,
    ...options,
  };
}

Deno.test({
  name: "compareNagle() finds that the algorithm makes the second part wait",
  timeout: TIMEOUT_MS,
  ignore: Deno.build.os !== "linux", // which puts acknowledgements off
  async fn() {
    await using servers = new ServersInScope();
    const { course } = servers.both();
    const { on, off, difference } = await compareNagle(
      () => connectTo(course),
      optionsOf({ rounds: MIN_ROUNDS }),
    );
    assertEquals([on.count, off.count], [18, 18]);
    // About 40 ms against some 50 us; a busy machine takes some of that away.
    assert(on.percentile(50)! > 5 * off.percentile(50)!);
    assert(difference!.low > 0, JSON.stringify(difference));
  },
});

Deno.test({
  name: "compareNagle() says nothing of a difference in too few rounds",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { course } = servers.both();
    const { on, off, difference } = await compareNagle(
      () => connectTo(course),
      optionsOf({ rounds: MIN_ROUNDS - 1, probes: 1 }),
    );
    assertEquals([on.count, off.count, difference], [5, 5, null]);
  },
});

Deno.test({
  name: "compareNagle() writes each message in two parts, whole in the end",
  timeout: TIMEOUT_MS,
  async fn() {
    const lines: string[] = [];
    await using server = streamServer(async (connection) => {
      for (let line; (line = await connection.readLine()) !== null;) {
        lines.push(new TextDecoder().decode(line));
        const reply = {
          s: "200 OK: Ready\n",
          t: "200 OK: Closing Connection\n",
        };
        const verb = String.fromCharCode(line[0]!) as keyof typeof reply;
        await connection.writeAll(reply[verb] ? bytes(reply[verb]) : line);
      }
    });
    await compareNagle(
      () => connectTo(server.addr),
      optionsOf({ sizeBytes: 5, probes: 2 }),
    );
    const [setup, first, second, end] = lines;
    assertEquals(setup, "s rtt 2 5 0\n");
    assert(/^m 1 .{5}\n$/.test(first!) && /^m 2 .{5}\n$/.test(second!));
    assertEquals(end, "t\n");
    assertEquals(lines.slice(4), lines.slice(0, 4));
  },
});

Deno.test({
  name: "compareNagle() ends early when it is told to",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { course } = servers.both();
    const stop = new AbortController();
    let connected = 0;
    await inTime(() =>
      compareNagle(() => {
        if (++connected === 3) stop.abort();
        return connectTo(course);
      }, optionsOf({ rounds: 1000, probes: 1, signal: stop.signal }))
    );
    // The other side of the same round may still have its turn.
    assert(connected <= 4, `${connected}`);
  },
});

Deno.test({
  name:
    "compareNagle() fails with a server that refuses, and says what it said",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = refusingServer();
    await assertRejects(
      () =>
        inTime(() => compareNagle(() => connectTo(server.addr), optionsOf())),
      ProtocolError,
      "404 ERROR",
    );
  },
});

Deno.test({
  name: "compareNagle() fails with a server that closes",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = closingServer();
    await assertRejects(
      () =>
        inTime(() => compareNagle(() => connectTo(server.addr), optionsOf())),
      Error,
    );
    // Or in the middle.
    await using later = streamServer(async (connection) => {
      await connection.readLine();
      await connection.writeAll(bytes("200 OK: Ready\n"));
      await connection.readLine();
    });
    await assertRejects(
      () =>
        inTime(() => compareNagle(() => connectTo(later.addr), optionsOf())),
      Error,
    );
  },
});

Deno.test({
  name: "compareNagle() gives up on a server that stays silent",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = silentServer();
    await assertRejects(
      () =>
        inTime(() =>
          compareNagle(
            () => connectTo(server.addr),
            optionsOf({ timeoutMs: 100 }),
          )
        ),
      Deno.errors.TimedOut,
    );
  },
});

Deno.test({
  name: "compareNagle() fails with a server that does not echo",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = repeatingServer("200 OK: Ready\n");
    await assertRejects(
      () =>
        inTime(() => compareNagle(() => connectTo(server.addr), optionsOf())),
      ProtocolError,
    );
  },
});

Deno.test({
  name: "compareNagle() ends early while it waits for an echo",
  timeout: TIMEOUT_MS,
  async fn() {
    const waiting = Promise.withResolvers<void>();
    await using server = streamServer(async (connection) => {
      await connection.readLine();
      await connection.writeAll(bytes("200 OK: Ready\n"));
      await connection.readLine();
      waiting.resolve();
      while (await connection.readLine() !== null);
    });
    const stop = new AbortController();
    const longMs = 3000;
    const measuring = compareNagle(
      () => connectTo(server.addr),
      optionsOf({ timeoutMs: longMs, signal: stop.signal }),
    ).catch(() => {}); // to fail is to end, too
    await waiting.promise;
    const startMs = performance.now();
    stop.abort();
    await measuring;
    assert(performance.now() - startMs < longMs / 2);
  },
});
