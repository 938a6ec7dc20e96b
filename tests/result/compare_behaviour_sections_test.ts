import { assert, assertEquals, assertMatch } from "@std/assert";
import type { LossFigures, LossFindings } from "../../lib/cli/losses.ts";
import {
  boundariesSection,
  crowdSection,
  lossSection,
} from "../../lib/result/compare_behaviour_sections.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { Timeline } from "../../lib/stats/timeline.ts";
import {
  assertPrinted,
  assertSectionSnapshots,
  DURATION,
  usOf,
} from "../terminal/section_snapshots.ts";

const PATH = { holdMs: 200, waitedMs: 20 };
const WHERE = "on loopback";

/** Round-trip times of messages that left 5 ms apart; `null` if lost. */
function lossFigures(rttsUs: (number | null)[]): LossFigures {
  const rtt = new Histogram();
  const timeline = new Timeline();
  rttsUs.forEach((us, index) => {
    timeline.record(1000 + 5 * index, us);
    if (us !== null) rtt.record(us);
  });
  return {
    sent: rttsUs.length,
    received: rtt.count,
    waited: rttsUs.filter((us) => us !== null && us > 20_000).length,
    rtt,
    timeline: timeline.figures(),
  };
}

/** What 120 messages come to if the 30th and the 90th are lost. */
function usual(): LossFindings {
  const lost = [30, 90];
  const udp = Array.from(
    { length: 120 },
    (_, index) => lost.includes(index) ? null : 100 + index,
  );
  const tcp = udp.map((us, index) => {
    const behind = lost.map((at) => index - at)
      .filter((after) => after >= 0 && after < 40);
    const waitUs = behind.map((after) => 200_000 - after * 5000)[0] ?? 0;
    return (us ?? 100) + waitUs;
  });
  return { faults: 2, udp: lossFigures(udp), tcp: lossFigures(tcp) };
}

function crowdOf(...waitsMs: number[]): number[] {
  return waitsMs.map((ms) => ms * 1000);
}

Deno.test({
  name: "lossSection() of two losses in 120 messages",
  permissions: "none",
  async fn(t) {
    await assertSectionSnapshots(t, lossSection(usual(), PATH));
  },
});

Deno.test({
  name: "lossSection() of a path that lost nothing",
  permissions: "none",
  async fn(t) {
    const figures = lossFigures([100, 120, 90]);
    const findings = { faults: 0, udp: figures, tcp: figures };
    const section = lossSection(findings, PATH);
    await assertSectionSnapshots(t, section);
    assert(!/waited with it/.test(section.sentences.join(" ")));
  },
});

Deno.test({
  name: "lossSection() says what the figures say",
  permissions: "none",
  fn() {
    const [udp, tcp] = lossSection(usual(), PATH).sentences;
    assertEquals(
      udp,
      "The path lost 2 of 120 messages. Over UDP 2 did not come back, and " +
        "none took longer than 20 ms, the longest 219 us.",
    );
    const waited = usual().tcp.waited;
    assertMatch(
      tcp!,
      new RegExp(
        `all came back, and ${waited} took longer than 20 ms, the longest ` +
          `200 ms: those behind a late one waited with it\\.$`,
      ),
    );
  },
});

Deno.test({
  name: "lossSection() names no longest time where all was lost",
  permissions: "none",
  fn() {
    const all = lossFigures([null, null, null]);
    const section = lossSection({ faults: 3, udp: all, tcp: all }, PATH);
    for (const sentence of section.sentences) {
      assert(!/longest -/.test(sentence), sentence);
    }
  },
});

Deno.test({
  name: "boundariesSection() of a stream that joined, and of datagrams",
  permissions: "none",
  async fn(t) {
    const sent = [3, 5, 3];
    const section = boundariesSection({ sent, received: [11] }, {
      sent,
      received: sent,
    });
    await assertSectionSnapshots(t, section);
    assertEquals(section.sentences, [
      "Over TCP, 11 bytes were written in 3 calls and read in 1: the " +
      "boundaries were not kept. Over UDP, 11 bytes were sent in 3 calls and " +
      "received in 3: the boundaries were kept.",
    ]);
  },
});

Deno.test({
  name: "boundariesSection() sees boundaries that moved, and that were kept",
  permissions: "none",
  fn() {
    const sent = [3, 5, 3];
    const kept = (received: number[]) => {
      const sides = { sent, received };
      const [text] = boundariesSection(sides, sides).sentences;
      return text!.match(/were (not )?kept/g);
    };
    assertEquals(kept([3, 5, 3]), ["were kept", "were kept"]);
    // Out of order, but whole.
    assertEquals(kept([3, 3, 5]), ["were kept", "were kept"]);
    assertEquals(kept([5, 5]), ["were not kept", "were not kept"]);
    assertEquals(kept([3, 8]), ["were not kept", "were not kept"]);
  },
});

Deno.test({
  name: "boundariesSection() of nothing that came",
  permissions: "none",
  async fn(t) {
    const nothing = { sent: [1], received: [] };
    await assertSectionSnapshots(t, boundariesSection(nothing, nothing));
  },
});

Deno.test({
  name: "boundariesSection() does not take a lost datagram for lost boundaries",
  permissions: "none",
  fn() {
    const sent = [3, 5, 3];
    const { sentences } = boundariesSection({ sent, received: [11] }, {
      sent,
      received: [3, 3],
    });
    assert(
      !/Over UDP.*boundaries were not kept/.test(sentences.join(" ")),
      sentences.join(" "),
    );
  },
});

Deno.test({
  name: "crowdSection() of eight clients",
  permissions: "none",
  async fn(t) {
    const iterative = crowdOf(21, 42, 63, 84, 105, 126, 147, 168);
    const concurrent = crowdOf(24, 24, 24.5, 25, 25, 25, 25.5, 26);
    await assertSectionSnapshots(
      t,
      crowdSection([iterative, concurrent], 20, WHERE),
    );
  },
});

Deno.test({
  name: "crowdSection() of one client, and of none that was served",
  permissions: "none",
  async fn(t) {
    for (const crowd of [crowdOf(20), crowdOf()]) {
      const section = crowdSection([crowd, crowd], 20, WHERE);
      await assertSectionSnapshots(t, section);
    }
    assertEquals(crowdSection([crowdOf(), crowdOf()], 20, WHERE).sentences, []);
  },
});

Deno.test({
  name:
    "crowdSection() says how much faster, of two servers that are two kinds",
  permissions: "none",
  fn() {
    const pattern = new RegExp(
      `^One at a time, all were served after (${DURATION}); all at once, ` +
        `after (${DURATION}), ([\\d.]+) times as fast\\.$`,
    );
    const random = seededRandom(5);
    for (let run = 0; run < 200; run++) {
      const clients = 2 + Math.floor(random() * 20);
      const delayMs = 1 + 100 * random();
      const { sentences } = crowdSection(
        [crowdInTurn(clients, delayMs), crowdAtOnce(clients, delayMs)],
        delayMs,
        WHERE,
      );
      const found = pattern.exec(sentences[0]!);
      assert(found !== null, sentences[0]);
      const [, oneText, allText, ratio] = found;
      assertPrinted(usOf(oneText!), clients * delayMs * 1000);
      assertPrinted(usOf(allText!), delayMs * 1000);
      assertPrinted(Number(ratio), clients);
    }
  },
});

Deno.test({
  name: "crowdSection() does not take the two kinds on trust",
  permissions: "none",
  fn() {
    const [inTurn, atOnce] = [crowdInTurn(8, 20), crowdAtOnce(8, 20)];
    const says = (one: number[], other: number[], delayMs = 20) =>
      crowdSection([one, other], delayMs, WHERE).sentences;
    const notInTurn = "The server that should serve one at a time did not: " +
      "start it with --mode iterative.";
    const notAtOnce = "The server that should serve all at once did not.";
    assertEquals(says(atOnce, atOnce), [notInTurn]);
    assertEquals(says(inTurn, inTurn), [notAtOnce]);
    assertEquals(says(atOnce, inTurn), [notInTurn, notAtOnce]);
    const untold = [
      "One client, or no delay, does not tell the two kinds apart.",
    ];
    assertEquals(says(crowdInTurn(1, 20), crowdAtOnce(1, 20)), untold);
    assertEquals(says(crowdOf(0.1, 0.2), crowdOf(0.1, 0.1), 0), untold);
  },
});

/** Clients of whom each waits for those before it. */
function crowdInTurn(clients: number, delayMs: number): number[] {
  return crowdOf(
    ...Array.from({ length: clients }, (_, index) => (index + 1) * delayMs),
  );
}

/** Clients of whom nobody waits for another. */
function crowdAtOnce(clients: number, delayMs: number): number[] {
  return crowdOf(...Array.from({ length: clients }, () => delayMs));
}

Deno.test({
  name: "boundariesSection() speaks of one byte as one",
  permissions: "none",
  fn() {
    const one = { sent: [1], received: [1] };
    const text = boundariesSection(one, one).sentences.join(" ");
    assert(!/\b1 byte were\b/.test(text), text);
  },
});
