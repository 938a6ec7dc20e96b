import { assert, assertEquals, assertMatch } from "@std/assert";
import { LocalServers } from "../../lib/cli/local_servers.ts";
import { measureStreams } from "../../lib/measure/server.ts";
import { Prober, type ProberOptions } from "../../lib/monitor/prober.ts";
import {
  parseTargetWord,
  type ProbeRecord,
  type SeriesInfo,
  type TargetSpec,
} from "../../lib/monitor/target.ts";
import { SharedKey } from "../../lib/net/shared_key.ts";
import { bytes, streamServer } from "../fixtures.ts";
import { SECRET } from "../shared_key.ts";
import { timedTest } from "../testing.ts";

const INTERVAL_MS = 100;

export function specOf(word: string, more: Partial<TargetSpec> = {}) {
  return {
    ...parseTargetWord(word),
    ...{ group: "", labels: {}, intervalMs: INTERVAL_MS, timeoutMs: 1000 },
    ...more,
  };
}

/** A prober whose report is kept. */
class Probing implements AsyncDisposable {
  readonly records: ProbeRecord[] = [];
  series: SeriesInfo[] = [];
  readonly prober: Prober;
  #waiting: { holds: () => boolean; done: () => void }[] = [];

  constructor(words: TargetSpec[], options: Partial<ProberOptions> = {}) {
    const changed = () =>
      this.#waiting.forEach(({ holds, done }) => holds() && done());
    this.prober = new Prober({
      report: {
        series: (series) => {
          this.series = series;
          changed();
        },
        record: (record) => {
          this.records.push(record);
          changed();
        },
      },
      ...options,
    });
    this.prober.setTargets(words);
  }

  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((done) => this.#waiting.push({ holds, done }));
  }

  /** The records of the series with a number. */
  of(series: number): ProbeRecord[] {
    return this.records.filter((record) => record.series === series);
  }

  sum(key: keyof ProbeRecord["counts"], series?: number): number {
    return this.records.filter((one) =>
      series === undefined || one.series === series
    ).reduce((sum, { counts }) => sum + (counts[key] ?? 0), 0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.prober[Symbol.asyncDispose]();
  }
}

const address = ({ port }: Deno.NetAddr) => `127.0.0.1:${port}`;

Deno.test("Prober measures by STAMP, the measure protocol and connections", async () => {
  await using servers = new LocalServers();
  // A busy machine may take long to answer; here that is no loss.
  const patient = { timeoutMs: 20_000 };
  await using probing = new Probing([
    specOf(`stamp:${address(servers.stamp)}`, patient),
    specOf(`measure:${address(servers.measure)}`, patient),
    specOf(`connect:${address(servers.measure)}`, patient),
  ]);
  await probing.until(() =>
    probing.series.length === 3 &&
    probing.series.every(({ series }) => probing.of(series).length >= 3)
  );
  for (const { series, way } of probing.series) {
    const [first] = probing.of(series);
    assert(first!.rttUs! > 0, way.probe);
    assertEquals(first!.counts.lost, 0);
    assertEquals(first!.forwardUs !== undefined, way.probe === "stamp");
  }
});

timedTest(
  "Prober spreads the probes of targets over the interval",
  async () => {
    await using servers = new LocalServers();
    const words = Array.from(
      { length: 50 },
      (_, at) =>
        specOf(`stamp:${address(servers.stamp)}`, {
          name: `target${at}`,
          intervalMs: 1000,
        }),
    );
    await using probing = new Probing(words);
    await probing.until(() => probing.sum("sent") >= 100);
    const tenths = Array(10).fill(0);
    for (const { at } of probing.records.slice(0, 100)) {
      tenths[Math.floor(at * 10) % 10] += 1;
    }
    assert(Math.min(...tenths) >= 4, tenths.join(" "));
  },
);

Deno.test("Prober counts a probe without an answer as lost, once", async () => {
  const socket = bind();
  using _silent = { [Symbol.dispose]: () => socket.close() };
  await using probing = new Probing([
    specOf(`stamp:${address(socket.addr as Deno.NetAddr)}`, { timeoutMs: 300 }),
  ]);
  await probing.until(() => probing.sum("lost") === 3);
  assertEquals(probing.sum("sent"), 3);
  assertEquals(probing.records.map(({ error }) => error), [
    "no answer",
    "no answer",
    "no answer",
  ]);
});

timedTest(
  "Prober tells the direction of losses, in the slots of the losses",
  async () => {
    await using servers = new LocalServers();
    // Every fifth request and every seventh reply is dropped.
    using relay = new DroppingRelay(servers.stamp, 5, 7);
    await using probing = new Probing([
      specOf(`stamp:${address(relay.addr)}`, { timeoutMs: 300 }),
    ]);
    await probing.until(() => probing.sum("sent") >= 40);
    const lost = probing.sum("lost_forward") + probing.sum("lost_backward");
    assert(lost > 0 && probing.sum("lost") - lost <= 4);
    assert(Math.abs(probing.sum("lost_forward") - relay.forward) <= 3);
    assert(Math.abs(probing.sum("lost_backward") - relay.backward) <= 3);
    const lostAt = probing.records.filter(({ counts }) => counts.lost)
      .map(({ at }) => at);
    for (const { at, completes } of probing.records) {
      if (!completes) assert(lostAt.includes(at));
    }
  },
);

Deno.test("Prober takes a bare host's STAMP port, or else connects to 443", async () => {
  await using servers = new LocalServers();
  const ways = [
    { probe: "stamp", port: servers.stamp.port },
    { probe: "connect", port: 443 },
  ] as TargetSpec["ways"];
  await using probing = new Probing([
    specOf("127.0.0.1", { ways }),
    specOf("127.0.0.1", {
      name: "silent",
      ways: [{ ...ways[0]!, port: 9 }, ways[1]!],
    }),
  ]);
  await probing.until(() => probing.series.length === 2);
  assertEquals(probing.series.map(({ id }) => id), [
    "127.0.0.1~stamp~4",
    "silent~connect~4",
  ]);
});

Deno.test("Prober makes two series of a name with two families", async () => {
  await using servers = new LocalServers();
  await using probing = new Probing(
    [specOf(`connect:two.example:${servers.measure.port}`)],
    { addresses: () => Promise.resolve(["::1", "127.0.0.1", "127.0.0.2"]) },
  );
  await probing.until(() => probing.series.length === 2);
  assertEquals(probing.series.map(({ family, address }) => [family, address]), [
    [4, "127.0.0.1"],
    [6, "::1"],
  ]);
});

Deno.test("Prober counts probes of a name without an address as unknown", async () => {
  await using probing = new Probing([specOf("connect:none.invalid:80")], {
    addresses: () => Promise.reject(new Error("no such name")),
  });
  await probing.until(() => probing.sum("unknown") === 2);
  assertEquals([probing.sum("sent"), probing.sum("lost")], [0, 0]);
  assertEquals(probing.records[0]!.error, "no such name");
});

Deno.test("Prober looks names up again, and follows a new address", async () => {
  await using servers = new LocalServers();
  let nowMs = 0;
  const clock = { now: () => performance.now() + nowMs };
  let found = ["127.0.0.2"];
  await using probing = new Probing(
    [specOf(`stamp:moves.example:${servers.stamp.port}`)],
    { addresses: () => Promise.resolve(found), clock },
  );
  await probing.until(() => probing.sum("unknown") >= 1); // not permitted
  found = ["127.0.0.1"];
  nowMs = 61_000;
  await probing.until(() => probing.series[0]?.address === "127.0.0.1");
  await probing.until(() => probing.records.at(-1)!.rttUs !== null);
  assertEquals(probing.series.map(({ series }) => series), [0]);
});

Deno.test("Prober counts what a pause of this process missed as unknown", async () => {
  await using servers = new LocalServers();
  let nowMs = 0;
  const clock = { now: () => performance.now() + nowMs };
  await using probing = new Probing(
    [specOf(`stamp:${address(servers.stamp)}`)],
    { clock },
  );
  await probing.until(() => probing.sum("sent") === 2);
  nowMs = 5000;
  await probing.until(() => probing.sum("unknown") >= 45);
  assertEquals(probing.sum("lost"), 0);
  assert(probing.prober.takeHealth().pauseMs > 4000);
});

timedTest(
  "Prober.setTargets() loses no probe of the targets that stay",
  async () => {
    await using servers = new LocalServers();
    const stays = specOf(`stamp:${address(servers.stamp)}`, { name: "stays" });
    await using probing = new Probing([stays]);
    await probing.until(() => probing.sum("sent") === 5);
    const others = Array.from(
      { length: 5 },
      (_, at) =>
        specOf(`stamp:${address(servers.stamp)}`, { name: `other${at}` }),
    );
    probing.prober.setTargets([...others, { ...stays, labels: { a: "b" } }]);
    await probing.until(() => probing.series.length === 6);
    assertEquals(probing.series.at(-1)!.labels, { a: "b" });
    probing.prober.setTargets([stays]);
    await probing.until(() => probing.of(0).length >= 15);
    const times = probing.of(0).map(({ at }) => at);
    assertEquals(probing.sum("lost", 0) + probing.sum("unknown", 0), 0);
    for (const [index, at] of times.slice(1).entries()) {
      assert(Math.abs(at - times[index]! - INTERVAL_MS / 1000) < 0.05);
    }
  },
);

/** A relay that drops every so many datagrams each way. */
class DroppingRelay implements Disposable {
  forward = 0;
  backward = 0;
  #front = bind();
  #back = bind();

  constructor(target: Deno.NetAddr, forwardEvery: number, backEvery: number) {
    let client: Deno.Addr | null = null;
    let [there, back] = [0, 0];
    (async () => {
      for await (const [bytes, from] of this.#front) {
        client = from;
        // The question after the state of the reflector passes.
        if (bytes[2]! === 0 && ++there % forwardEvery === 0) this.forward += 1;
        else await this.#back.send(bytes, target);
      }
    })();
    (async () => {
      for await (const [bytes] of this.#back) {
        if (bytes[26]! === 0 && ++back % backEvery === 0) this.backward += 1;
        else await this.#front.send(bytes, client!);
      }
    })();
  }

  get addr(): Deno.NetAddr {
    return this.#front.addr as Deno.NetAddr;
  }

  [Symbol.dispose](): void {
    this.#front.close();
    this.#back.close();
  }
}

function bind(): Deno.DatagramConn {
  const address = { transport: "udp", hostname: "127.0.0.1", port: 0 } as const;
  return Deno.listenDatagram(address);
}

Deno.test("Prober measures a measure server that has the same shared key", async () => {
  const key = SharedKey.import(bytes(SECRET));
  await using server = streamServer(measureStreams({ key: await key }));
  const { hostname, port } = server.addr;
  const word = `measure:${hostname}:${port}`;
  const patient = { timeoutMs: 20_000 };
  await using probing = new Probing([
    specOf(word, { ...patient, name: "same", key }),
    specOf(word, { ...patient, name: "none" }),
    specOf(word, {
      ...patient,
      name: "other",
      key: SharedKey.import(new Uint8Array(16)),
    }),
  ]);
  const { records } = probing;
  await probing.until(() =>
    [0, 1, 2].every((series) =>
      records.some((record) => record.series === series && record.completes)
    )
  );
  const named = (name: string) => {
    const { series } = probing.series.find((one) => one.name === name)!;
    return probing.of(series)[0]!;
  };
  assert(named("same").rttUs !== null || named("same").counts.lost === 0);
  assertMatch(named("none").error!, /Expected the reply "200 OK: Ready/);
  assertEquals(
    named("other").error,
    "it rejected our proof of the shared key",
  );
});
