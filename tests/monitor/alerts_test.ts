import { assertEquals, assertThrows } from "@std/assert";
import { parseCondition } from "../../lib/monitor/alert_rule.ts";
import { type AlertMessage, Alerts } from "../../lib/monitor/alerts.ts";
import { LiveSeries } from "../../lib/monitor/live_series.ts";
import { Slot } from "../../lib/monitor/slot.ts";
import type { SeriesInfo } from "../../lib/monitor/target.ts";

const INFO: SeriesInfo = {
  ...{ id: "a~stamp~4", series: 0, name: "a", group: "g", labels: {} },
  ...{ host: "a.example", address: "192.0.2.1", family: 4 },
  ...{ way: { probe: "stamp", port: 862 }, intervalMs: 1000, timeoutMs: 2000 },
};

/** One rule and one target, a second at a time. */
class Watched {
  now = 1_800_000_000;
  readonly live = new LiveSeries(INFO, this.now);
  readonly messages: AlertMessage[] = [];
  readonly lastDay = new Slot();
  readonly alerts = new Alerts({
    monitor: () => "here",
    lastDay: () => this.lastDay.sent === 0 ? null : this.lastDay,
    changed: () => {},
    print: (line) => this.messages.push(JSON.parse(line)),
    log: () => {},
  });

  constructor(when: string, holdSeconds = 0, targets: string[] | null = null) {
    const rule = { name: "r", holdSeconds, targets, webhook: null };
    this.alerts.setRules([{ ...rule, ...parseCondition(when) }]);
  }

  /** Lets seconds pass with a probe each; `null` is lost. */
  pass(
    seconds: number,
    rttUs: number | null,
    direction?: "lost_forward",
  ): this {
    for (let second = 0; second < seconds; second++) {
      this.now += 1;
      const lost = rttUs === null ? 1 : 0;
      this.live.take({
        ...{ series: 0, at: this.now, completes: true, rttUs },
        counts: { sent: 1, lost, ...(lost && direction && { [direction]: 1 }) },
      }, 3600);
      this.alerts.evaluate([this.live], this.now);
    }
    return this;
  }

  get told(): string[] {
    return this.messages.map(({ state }) => state);
  }
}

Deno.test("parseCondition() reads figures, limits and times", () => {
  const read = (when: string) => {
    const { figure, limit, unit, windowSeconds } = parseCondition(when);
    return [figure, limit, unit, windowSeconds];
  };
  assertEquals(read("loss > 5% over 5m"), ["loss", 0.05, "share", 300]);
  assertEquals(read("p95>20ms over 30s"), ["p95", 20_000, "us", 30]);
  assertEquals(read("p50 > 2x over 10m"), ["p50", 2, "baseline", 600]);
  assertEquals(read("no answer for 30s"), [null, 0, "share", 30]);
  for (
    const wrong of [
      ...[
        "loss > 20ms over 5m",
        "p95 > 5% over 5m",
        "p95 > 20ms",
        "p42 > 1ms over 5m",
      ],
      ...["loss > 5% over 2h", "no answer", "no answer for 5 minutes", ""],
    ]
  ) assertThrows(() => parseCondition(wrong), SyntaxError);
});

Deno.test("Alerts tells when loss starts and ends", () => {
  const watched = new Watched("loss > 50% over 10s");
  watched.pass(60, 1000).pass(30, null);
  assertEquals(watched.told, ["firing"]);
  const [{ text, start, end, monitor, target } = {} as AlertMessage] =
    watched.messages;
  assertEquals([end, monitor, target], [null, "here", "a~stamp~4"]);
  assertEquals(
    /^r of a: loss is [\d.]+ % \(loss > 50% over 10s\)$/.test(text),
    true,
    text,
  );
  watched.pass(100, 1000);
  assertEquals(watched.told, ["firing", "resolved"]);
  const [, ended] = watched.messages;
  assertEquals([ended!.start, ended!.end! > start], [start, true]);
});

Deno.test("Alerts waits for the hold time, at the start and at the end", () => {
  const watched = new Watched("no answer for 5s", 30);
  watched.pass(10, 1000).pass(30, null);
  assertEquals(watched.told, []);
  watched.pass(10, null);
  assertEquals(watched.told, ["firing"]);
  watched.pass(5, 1000).pass(100, null); // it was no end
  assertEquals(watched.told, ["firing"]);
  watched.pass(40, 1000);
  assertEquals(watched.told, ["firing", "resolved"]);
});

Deno.test("Alerts sends at most one message a minute of a rule and target", () => {
  const watched = new Watched("no answer for 3s");
  for (let flap = 0; flap < 30; flap++) watched.pass(6, null).pass(6, 1000);
  const times = watched.messages.map(({ state, start, end }) =>
    state === "firing" ? start : end!
  );
  assertEquals(watched.messages.length <= 7, true, `${times}`);
  assertEquals(watched.messages.length >= 4, true, `${times}`);
});

Deno.test("Alerts compares with the target's own last day", () => {
  const watched = new Watched("p50 > 2x over 10s");
  watched.pass(30, 9000);
  assertEquals(watched.told, []); // there is no last day
  watched.lastDay.sent = 1000;
  watched.lastDay.rtt.record(5000);
  watched.pass(30, 9000);
  assertEquals(watched.told, []);
  watched.pass(30, 11_000);
  assertEquals(watched.told, ["firing"]);
});

Deno.test("Alerts knows a loss in one direction alone", () => {
  const oneWay = new Watched("one-way-loss > 10% over 10s");
  oneWay.pass(20, 1000).pass(20, null, "lost_forward");
  assertEquals(oneWay.told, ["firing"]);
  const both = new Watched("loss-backward > 10% over 10s");
  both.pass(20, 1000).pass(20, null, "lost_forward");
  assertEquals(both.told, []);
});

Deno.test("Alerts does not judge a window of which it knows less than half", () => {
  const watched = new Watched("loss > 1% over 5m");
  watched.pass(100, null);
  assertEquals(watched.told, []);
  watched.pass(60, null);
  assertEquals(watched.told, ["firing"]);
});

Deno.test("Alerts applies a rule to the targets and groups that it names", () => {
  for (
    const [targets, count] of [[["a"], 1], [["g"], 1], [["b"], 0]] as const
  ) {
    const watched = new Watched("no answer for 5s", 0, [...targets]);
    watched.pass(20, null);
    assertEquals(watched.messages.length, count);
  }
});

Deno.test("Alerts sends a message to the webhook of its rule, and again if that fails", async () => {
  const received: AlertMessage[] = [];
  const arrived = [
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
  ];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      arrived[received.push(await request.json()) - 1]?.resolve();
      return new Response(null, { status: received.length === 1 ? 500 : 204 });
    },
  );
  const watched = new Watched("no answer for 5s");
  const failed = Promise.withResolvers<string>();
  const alerts = new Alerts({
    ...{ monitor: () => "here", lastDay: () => null, changed: () => {} },
    print: () => {},
    log: failed.resolve,
  });
  const webhook = `http://127.0.0.1:${server.addr.port}/hook`;
  const rule = { name: "r", holdSeconds: 0, targets: null, webhook };
  alerts.setRules([{ ...rule, ...parseCondition("no answer for 5s") }]);
  watched.pass(20, null);
  alerts.evaluate([watched.live], watched.now);
  await arrived[0]!.promise;
  const said = await failed.promise;
  assertEquals(said.includes("it answered 500; it is sent again"), true, said);
  alerts.evaluate([watched.live], watched.now + 59);
  alerts.evaluate([watched.live], watched.now + 61);
  await arrived[1]!.promise;
  assertEquals(received.map(({ state }) => state), ["firing", "firing"]);
});
