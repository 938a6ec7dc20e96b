import { assert, assertEquals, assertMatch } from "@std/assert";
import type {
  LoadPhase,
  UnderLoadResult,
} from "../../lib/result/under_load_schema.ts";
import { verdict } from "../../lib/result/under_load_sections.ts";
import { Program, run } from "../programs.ts";
import { Bottleneck, FAR, goodput, RATES } from "./bottleneck.ts";
import { interopTest } from "./programs.ts";

/** The figures of a phase. */
function phaseOf({ phases }: UnderLoadResult, name: string): LoadPhase {
  return phases.find((phase) => phase.name === name)!;
}

/** Whether two values differ by at most a share of the expected one. */
function assertNear(
  actual: number,
  expected: number,
  share: number,
  of: string,
) {
  assert(
    Math.abs(actual - expected) <= share * expected,
    `${of}: ${actual}, not ${expected} within ${100 * share} %`,
  );
}

interopTest(
  ["namespaces"],
  "under-load finds the length of a queue that datagrams overfill, by direction",
  async () => {
    await using path = new Bottleneck();
    const queues = { down: 250_000, up: 125_000 };
    path.shape(queues);
    await path.serveAgent();
    const result = await path.underLoad(
      ...["--udp", "40M", "--time", "2s", "--phases", "download,upload"],
    );
    for (
      const [name, way, other] of [
        ["download", "down", "up"],
        ["upload", "up", "down"],
      ] as const
    ) {
      const us = queues[way] * 8e6 / RATES[way];
      const { load, goodput: { [way]: rate } } = phaseOf(result, name);
      assertNear(load!.increase_us!.p50, us, 0.1, `${name}: increase`);
      assertNear(load!.one_way_us[way]!, us, 0.1, `${name}: ${way}`);
      assert(Math.abs(load!.one_way_us[other]!) < us / 10, `${name}: ${other}`);
      assertNear(load!.queue_bytes[way]!, queues[way], 0.1, `${name}: queue`);
      assertNear(rate!.mean, goodput(way, "udp"), 0.05, `${name}: goodput`);
      assert(load!.recovery_ms! < 1000, `${name}: recovery`);
    }
    assertEquals(phaseOf(result, "upload").counts.lost_down, 0);
    assertMatch(verdict(result), /^Grade C: the upload queue adds [12]\d\d ms/);
  },
);

interopTest(
  ["namespaces", "iperf3", "ping"],
  "under-load shows what ping shows beside TCP, and iperf3's goodput",
  async () => {
    await using path = new Bottleneck();
    path.shape({ down: 250_000, up: 62_500 });
    await path.serveAgent();
    await path.serve(/listening/, "iperf3", "-s", "-p", "5301", "--forceflush");
    await using ping = new Program(
      path.command("near", "ping", "-n", "-D", "-i", "0.05", FAR),
    );
    const fromMs = Date.now();
    const result = await path.underLoad(
      ...["-p", "5301", "--time", "6s", "--phases", "upload"],
    );
    ping.signal("SIGINT");
    const { stdout } = await ping.ended();
    const { window_ms: { from, to }, rtt_us, goodput: { up } } = phaseOf(
      result,
      "upload",
    );
    // The run starts some time after the program.
    const startMs = Date.parse(result.started);
    assert(startMs >= fromMs);
    const pings = [...stdout.matchAll(/^\[([\d.]+)\].*time=([\d.]+) ms/gm)]
      .filter(([, at]) => {
        const ms = Number(at) * 1000 - startMs;
        return ms >= from && ms < to;
      })
      .map(([, , ms]) => Number(ms)).sort((a, b) => a - b);
    assert(pings.length > 50, stdout);
    const median = pings[pings.length >> 1]!;
    assertNear(rtt_us!.p50 / 1000, median, 0.1, "median of ping");
    // Loss-based congestion control fills half of the queue at least.
    const full = 62_500 * 8000 / RATES.up;
    assert(median > full / 4 && median < 1.1 * full, `${median}`);

    const theirs = await run(
      path.command(
        "near",
        ...["iperf3", "-c", FAR, "-p", "5301", "-J", "-t", "5", "-P", "4"],
      ),
    );
    const { sum_received } = JSON.parse(theirs.stdout).end;
    assertNear(
      up!.mean,
      sum_received.bits_per_second,
      0.02,
      "iperf3's goodput",
    );
  },
);

interopTest(
  ["namespaces", "nft"],
  "under-load grades a short queue A, and tells loss from delay",
  async () => {
    await using path = new Bottleneck();
    const fiveMs = (rate: number) => rate * 0.005 / 8;
    path.shape({ down: fiveMs(RATES.down), up: fiveMs(RATES.up) });
    await path.serveAgent();
    const short = await path.underLoad("--time", "2s");
    assert(["A+", "A"].includes(short.load.grade!), short.load.grade!);

    path.shape({});
    path.police(700);
    const policed = await path.underLoad(
      ...["--time", "2s", "--phases", "upload", "--udp", "16M"],
    );
    const { counts, load } = phaseOf(policed, "upload");
    assert(counts.lost > 0.1 * counts.sent, `${counts.lost}`);
    assertEquals(
      [counts.lost_up! + counts.late, counts.lost_down],
      [counts.lost, 0],
    );
    assert(load!.increase_us!.p50 < 30_000, `${load!.increase_us!.p50}`);
    assertMatch(
      verdict(policed),
      /upload loses .* % of the probes without delay/,
    );
  },
);
