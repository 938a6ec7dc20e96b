import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertLess,
  assertRejects,
} from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import type { ExperimentPlan } from "../../lib/cli/compare_options.ts";
import { RunError } from "../../lib/cli/context.ts";
import { LocalServers } from "../../lib/cli/local_servers.ts";
import type { AnyExperiment } from "../../lib/cli/run_experiments.ts";
import { ProtocolError } from "../../lib/measure/messages.ts";
import { DeadlineError } from "../../lib/net/errors.ts";
import type { ExperimentFigures } from "../../lib/result/compare_schema.ts";
import { checkedResult } from "../../lib/result/schema.ts";
import { StampReflector } from "../../lib/stamp/reflector.ts";
import { firstByte, udpAttempt } from "../../scripts/experiments/first_byte.ts";
import { headOfLine } from "../../scripts/experiments/head_of_line.ts";
import { iterativeOrConcurrent } from "../../scripts/experiments/iterative_or_concurrent.ts";
import { messageBoundaries } from "../../scripts/experiments/message_boundaries.ts";
import { nagle } from "../../scripts/experiments/nagle.ts";
import { roundTrip } from "../../scripts/experiments/round_trip.ts";
import {
  bytes,
  datagramServer,
  openDatagrams,
  streamServer,
  text,
} from "../fixtures.ts";
import { run } from "../programs.ts";

const LIMIT = { timeout: 60_000 };
/** What ends in less was not waited out, on a busy machine either. */
const BOUND_MS = 10_000;

const EXPERIMENTS = [
  firstByte,
  roundTrip,
  headOfLine,
  messageBoundaries,
  nagle,
  iterativeOrConcurrent,
];

function plan(changes: Partial<ExperimentPlan> = {}): ExperimentPlan {
  return {
    rounds: 6,
    count: 5,
    sizeBytes: 100,
    intervalMs: 1,
    clients: 3,
    delayMs: 20,
    timeoutMs: 2000,
    signal: new AbortController().signal,
    used: {},
    ...changes,
  };
}

/** What each experiment must find on loopback. */
const FINDINGS: {
  [E in typeof EXPERIMENTS[number] as E["name"]]: (
    figures: ExperimentFigures<E["name"]>,
  ) => void;
} = {
  first_byte({ tcp, udp }) {
    for (const side of [tcp, udp]) {
      assertEquals([side.attempts, side.answered], [6, 6]);
      assert(side.setup_p50_us! > 0);
      assert(side.first_byte_p50_us! > side.setup_p50_us!);
      assert(side.first_byte_max_us! >= side.first_byte_p50_us!);
    }
  },
  round_trip(
    { size_bytes, tcp, udp, difference_us, rounds, histogram, loopback_p50_us },
  ) {
    assertEquals([size_bytes, rounds.done, rounds.answered], [100, 6, 6]);
    assertEquals(loopback_p50_us, null);
    for (const [name, side] of [["tcp", tcp], ["udp", udp]] as const) {
      assertEquals([side.sent, side.received, side.rtt_us?.count], [
        30,
        30,
        30,
      ]);
      const binned = histogram![name].reduce((sum, count) => sum + count, 0);
      assertEquals(binned, 30);
    }
    const { estimate, low, high, confidence_percent } = difference_us!;
    assert(low <= estimate && estimate <= high);
    assertEquals(confidence_percent, 95);
  },
  head_of_line({ dropped, retransmit_ms, udp, tcp }) {
    assertEquals([udp.sent, udp.received], [120, 120 - dropped]);
    assertEquals([tcp.sent, tcp.received], [120, 120]);
    const lost = udp.timeline.lost.reduce((sum, count) => sum + count, 0);
    assertEquals(lost, dropped);
    assertGreater(tcp.waited, dropped);
    assertGreaterOrEqual(tcp.rtt_us!.max, retransmit_ms * 1000);
  },
  boundaries({ tcp, udp }) {
    assertEquals(tcp, { sent_bytes: [3, 5, 3], received_bytes: [11] });
    assertEquals(udp, { sent_bytes: [3, 5, 3], received_bytes: [3, 5, 3] });
  },
  nagle({ on, off, difference_us }) {
    assertEquals([on.count, off.count], [30, 30]);
    if (Deno.build.os !== "linux") return; // it delays acknowledgements
    assertGreater(on.rtt_us!.p50, 20_000);
    assertGreater(on.rtt_us!.p50, off.rtt_us!.p50);
    assertGreater(difference_us!.low, 0);
  },
  concurrency({ delay_ms, iterative_us, concurrent_us }) {
    assertEquals([iterative_us.length, concurrent_us.length], [3, 3]);
    iterative_us.forEach((us, place) =>
      assertGreaterOrEqual(us, (place + 1) * delay_ms * 1000)
    );
    for (const us of concurrent_us) assertGreaterOrEqual(us, delay_ms * 1000);
    assertEquals(iterative_us, iterative_us.toSorted((a, b) => a - b));
  },
};

for (const { name, program, options } of EXPERIMENTS) {
  Deno.test(
    `${program} finds its figures by the permission of its task`,
    LIMIT,
    async () => {
      const { command } = config.tasks[program as keyof typeof config.tasks];
      const args = Object.entries({
        rounds: "6",
        count: "5",
        clients: "3",
        delay: "20",
      })
        .filter(([option]) => options.includes(option as never))
        .flatMap(([option, value]) => [`--${option}`, value]);
      const [, ...words] = command.split(" ");
      const { code, stdout, stderr } = await run([
        Deno.execPath(),
        ...words,
        ...args,
        "--json",
      ]);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const result = checkedResult(JSON.parse(stdout));
      assert(result.mode === "compare");
      assertEquals(Object.keys(result.options.used).length, options.length);
      const [experiment, ...others] = result.experiments;
      assertEquals([others.length, experiment?.name], [0, name]);
      assertEquals([experiment!.where, experiment!.error], [
        "on loopback",
        null,
      ]);
      const check = FINDINGS[name] as (figures: unknown) => void;
      check(experiment!.figures);
    },
  );
}

/** A class of errors. */
// deno-lint-ignore no-explicit-any
type ErrorKind = new (...args: any[]) => Error;

/** Servers that do not speak the measure protocol, and how that is told. */
const HOSTILE: [
  string,
  Parameters<typeof streamServer>[0],
  ErrorKind,
][] = [
  ["refuses", async (connection) => {
    await connection.readLine();
    await connection.writeAll(
      bytes("404 ERROR: Invalid Connection Setup Message\n"),
    );
  }, ProtocolError],
  ["closes at once", () => Promise.resolve(), Error],
  ["says nothing", async (connection) => {
    while (await connection.readLine() !== null);
  }, DeadlineError],
  ["sends rubbish", async (connection) => {
    while (await connection.readLine() !== null) {
      await connection.writeAll(bytes("what?\n"));
    }
  }, ProtocolError],
  ["echoes something else", async (connection) => {
    for (let turn = 0; await connection.readLine() !== null; turn++) {
      await connection.writeAll(
        bytes(turn === 0 ? "200 OK: Ready\n" : "m 1 x\n"),
      );
    }
  }, ProtocolError],
];
for (const [what, handler, kind] of HOSTILE) {
  for (
    const experiment of [firstByte, roundTrip, nagle, iterativeOrConcurrent]
  ) {
    if (experiment === firstByte && what.startsWith("echoes")) continue;
    Deno.test(
      `${experiment.program} fails with a server that ${what}`,
      LIMIT,
      async () => {
        await using local = new LocalServers();
        await using server = streamServer(handler);
        const servers = {
          ...at(local),
          measure: server.addr,
          iterative: server.addr,
        };
        const startMs = performance.now();
        await assertRejects(
          () => experiment.measure(servers, plan({ timeoutMs: 300 })),
          kind,
        );
        assertLess(performance.now() - startMs, BOUND_MS);
      },
    );
  }
}

Deno.test("every experiment ends early when it is told to", LIMIT, async () => {
  await using silent = streamServer(async (connection) => {
    while (await connection.readLine() !== null);
  });
  const mute = openDatagrams();
  const stamp = mute.addr as Deno.NetAddr;
  const { addr } = silent;
  const servers = { measure: addr, stamp, iterative: addr, concurrent: addr };
  for (const experiment of EXPERIMENTS) {
    const startMs = performance.now();
    const signal = AbortSignal.timeout(50);
    const measured = (experiment as AnyExperiment)
      .measure(servers, plan({ timeoutMs: 60_000, signal }));
    await measured.catch((error) => {
      assert(signal.aborted, String(error));
    });
    assertLess(performance.now() - startMs, BOUND_MS, experiment.program);
  }
  mute.close();
});

Deno.test(
  "nagle writes each message in two parts, whole in the end",
  LIMIT,
  async () => {
    const lines: string[] = [];
    await using server = streamServer(async (connection) => {
      for (let line; (line = await connection.readLine()) !== null;) {
        lines.push(text(line)!);
        const reply = line[0] === 0x6d ? line : bytes(
          lines.at(-1)!.startsWith("s")
            ? "200 OK: Ready\n"
            : "200 OK: Closing Connection\n",
        );
        await connection.writeAll(reply);
      }
    });
    await using local = new LocalServers();
    const { on } = await nagle.measure(
      { ...at(local), measure: server.addr },
      plan({ rounds: 1, sizeBytes: 44 }),
    );
    assertEquals(on.count, 5);
    const session = [
      "s rtt 5 44 0\n",
      ...[1, 2, 3, 4, 5].map((n) => `m ${n} `),
      "t\n",
    ];
    assertEquals(
      lines.map((line) => line.startsWith("m") ? line.slice(0, 4) : line),
      [...session, ...session],
    );
    for (
      const line of lines.filter((line) => line.startsWith("m"))
    ) assertEquals(line.length, 4 + 44 + 1);
  },
);

Deno.test(
  "iterative_or_concurrent leaves no client behind when one fails",
  LIMIT,
  async () => {
    let served = 0;
    await using server = streamServer(async (connection) => {
      if (served++ > 0) return;
      while (await connection.readLine() !== null);
    });
    await using local = new LocalServers();
    const servers = { ...at(local), iterative: server.addr };
    await assertRejects(() =>
      iterativeOrConcurrent.measure(servers, plan({ timeoutMs: 60_000 }))
    );
  },
);

/** What a reflector may send instead of its reply. */
const REPLIES: [string, (reply: Uint8Array) => Uint8Array[], boolean][] = [
  ["is right", (reply) => [reply], true],
  ["is too short", (reply) => [reply.subarray(0, 20)], false],
  ["is TWAMP-Light's", (reply) => [reply.subarray(0, 41)], true],
  ["is rubbish", () => [bytes("what?")], false],
  ["comes after rubbish", (reply) => [bytes("what?"), reply], true],
  ["never comes", () => [], false],
];
for (const [what, change, isAnswered] of REPLIES) {
  Deno.test(`udpAttempt() of a reply that ${what}`, LIMIT, async () => {
    const socket = openDatagrams();
    const { answer } = new StampReflector();
    const replying = (async () => {
      const [request, from] = await socket.receive();
      const reply = answer(
        request as Uint8Array<ArrayBuffer>,
        from as Deno.NetAddr,
      );
      for (const bytes of change(reply as Uint8Array)) {
        await socket.send(bytes, from);
      }
    })();
    const target = socket.addr as Deno.NetAddr;
    const attempt = await udpAttempt(target, plan({ timeoutMs: 300 }));
    assertEquals(attempt.firstByteUs !== null, isAnswered);
    await replying;
    socket.close();
  });
}

Deno.test(
  "lost datagrams are counted, and silence ends an experiment",
  LIMIT,
  async () => {
    await using local = new LocalServers();
    const { answer } = new StampReflector();
    let asked = 0;
    await using lossy = datagramServer((bytes, from) =>
      ++asked % 3 === 0 ? null : answer(bytes, from)
    );
    const servers = { ...at(local), stamp: lossy.addr };
    const { udp } = await firstByte.measure(servers, plan({ timeoutMs: 100 }));
    assertEquals([udp.attempts, udp.answered], [6, 4]);

    const mute = openDatagrams();
    const silent = { ...at(local), stamp: mute.addr as Deno.NetAddr };
    for (const experiment of [firstByte, roundTrip]) {
      const error = await assertRejects(() =>
        experiment.measure(silent, plan({ timeoutMs: 100 }))
      );
      assertInstanceOf(error, RunError);
    }
    mute.close();
  },
);

/** The addresses alone: a spread of the servers would be without them. */
function at({ measure, stamp, iterative, concurrent }: LocalServers) {
  return { measure, stamp, iterative, concurrent };
}
