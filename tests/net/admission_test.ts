import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import {
  AdmissionControl,
  type AdmissionRules,
} from "../../lib/net/admission.ts";
import { parseNetworks } from "../../lib/net/networks.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

const from = (hostname: string, port = 50_000): Deno.NetAddr => ({
  transport: "udp",
  hostname,
  port,
});
const OWN = from("192.0.2.254", 12_000);
const UNIX: Deno.UnixAddr = { transport: "unix", path: "/run/s" };

/** An admission control on a clock that the test sets. */
function admissionOf(rules: AdmissionRules) {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  const log: string[] = [];
  const admission = new AdmissionControl(rules, {
    clock,
    log: (line) => log.push(line),
  });
  /** How many connections are accepted, and stay open. */
  const accepted = (address: Deno.Addr, tries = 2000) =>
    Array.from({ length: tries }, () => admission.accept(address))
      .filter((leave) => typeof leave === "function").length;
  return { clock, admission, accepted, log };
}

test("AdmissionControl refuses the denied first, and with an allow list all others", () => {
  const allow = parseNetworks("192.0.2.0/24,2001:db8::/32");
  const deny = parseNetworks("192.0.2.128/25,198.51.100.1");
  const hosts = [
    ...["192.0.2.1", "192.0.2.129", "::ffff:192.0.2.129", "2001:db8::1%eth0"],
    ...["198.51.100.1", "198.51.100.2", "127.0.0.1", "::1"],
  ];
  const expected: [AdmissionRules, boolean[]][] = [
    [{}, hosts.map(() => true)],
    [{ allow: [], deny: [] }, hosts.map(() => true)],
    [{ allow }, [true, true, true, true, false, false, false, false]],
    [{ deny }, [true, false, false, true, false, true, true, true]],
    [{ allow, deny }, [true, false, false, true, ...Array(4).fill(false)]],
  ];
  for (const [rules, served] of expected) {
    const { admission } = admissionOf(rules);
    const verdicts = hosts.map((host) => [
      typeof admission.accept(from(host)) === "function",
      admission.datagram(from(host), OWN) === null,
    ]);
    assertEquals(verdicts, served.map((served) => [served, served]));
    const denied = served.filter((served) => !served).length;
    assertEquals(admission.refused.denied, 2 * denied);
    assertEquals(typeof admission.accept(UNIX), "function");
  }
});

test("AdmissionControl.accept() limits open connections of a source, loopback only if given", () => {
  const rules = { maxConnectsPerSec: 1e6 };
  const byDefault = admissionOf({ defaults: rules });
  const given = admissionOf({ defaults: rules, limits: { maxPerSource: 3 } });
  for (
    const [address, most] of [
      [from("127.0.0.1"), 2000],
      [from("::1"), 2000],
      [from("10.0.0.1"), 64],
      [from("2001:db8::1"), 64],
      [UNIX, 2000],
    ] as const
  ) {
    assertEquals(byDefault.accepted(address), most);
    assertEquals(given.accepted(address), address === UNIX ? 2000 : 3);
  }
  assertEquals(given.accepted(from("2001:db8::2")), 0); // the same /64
  assertEquals(given.admission.connect(from("2001:db8::2")), "tooMany");
  assertEquals(given.admission.refused.denied, 0);
});

test("AdmissionControl.accept() counts a connection until it is left", () => {
  const { admission, accepted } = admissionOf({ limits: { maxPerSource: 2 } });
  const address = from("10.0.0.1");
  for (let round = 0; round < 10; round++) {
    const leave = admission.accept(address);
    assert(typeof leave === "function");
    const other = admission.connect(address);
    assert(typeof other === "function");
    assertEquals(admission.accept(address), "tooMany");
    leave();
    other();
  }
  assertEquals(accepted(address, 3), 2);
});

test("AdmissionControl.accept() limits the rate of a source, its network and all together", () => {
  const limits = { maxPerSource: 1e6, maxConnectsPerSec: 10 };
  const { clock, admission, accepted } = admissionOf({ limits });
  assertEquals(accepted(from("10.0.0.1")), 10); // a second's at once
  assertEquals(typeof admission.connect(from("10.0.0.1")), "function"); // ours
  for (let host = 2; host < 5; host++) {
    assertEquals(accepted(from(`10.0.0.${host}`)), 10);
  }
  assertEquals(accepted(from("10.0.0.5")), 0); // the /24
  assertEquals(accepted(from("127.0.0.1")), 10); // as it was given
  const others = Array.from({ length: 90 }, (_, at) => from(`10.1.${at}.1`));
  const total = others.reduce((sum, other) => sum + accepted(other), 0);
  assertEquals(total, 400 - 50);
  clock.nowMs = 100;
  assertEquals(accepted(from("10.2.0.1")), 10);
  assertEquals(admission.refused.tooMany, 0);
});

test("AdmissionControl.accept() leaves loopback out of the rate unless it is given", () => {
  const { admission, accepted } = admissionOf({
    defaults: { maxConnectsPerSec: 1 },
  });
  assertEquals(accepted(from("127.0.0.1")), 2000);
  assertEquals(accepted(from("10.0.0.1"), 3), 1);
  assertEquals(admission.refused.tooFast, 2);
});

test("AdmissionControl.datagram() refuses responders", () => {
  const { admission } = admissionOf({});
  assertEquals(admission.datagram(from("192.0.2.1", 7), OWN), "responder");
  assertEquals(admission.datagram(from("192.0.2.1", 12_000), OWN), "responder");
  assertEquals(admission.datagram(from("192.0.2.1"), OWN), null);
  assertEquals(admission.refusedCount, 2);
});

test("AdmissionControl logs refusals, at most one line a second", () => {
  const { clock, admission, log } = admissionOf({
    deny: parseNetworks("10.0.0.1"),
    limits: { maxPerSource: 1 },
  });
  admission.accept(from("10.0.0.1"));
  for (let count = 0; count < 5; count++) admission.accept(from("10.0.0.2"));
  clock.nowMs = 1000;
  admission.datagram(from("10.0.0.1", 1), OWN);
  assertEquals(log, [
    "10.0.0.1:50000: refused: its address is not allowed",
    "10.0.0.1:1: refused: its address is not allowed; 4 more since the last line",
  ]);
});

/** How many datagrams are answered in ten seconds of a flood. */
function answeredOf(ratePerSec: number, sources: (atMs: number) => string[]) {
  const { clock, admission } = admissionOf({
    limits: { maxDatagramsPerSec: ratePerSec },
  });
  const answered = new Map<string, number>();
  for (; clock.nowMs < 10_000; clock.nowMs += 1) {
    for (const source of sources(clock.nowMs)) {
      if (admission.datagram(from(source), OWN) !== null) continue;
      answered.set(source, (answered.get(source) ?? 0) + 1);
    }
  }
  return answered;
}

const sum = (counts: Map<string, number>) =>
  counts.values().reduce((total, count) => total + count, 0);

test("AdmissionControl.datagram() limits a source, its network and all together", () => {
  const random = seededRandom(3);
  const byte = () => Math.floor(random() * 256);
  const one = answeredOf(10, () => ["192.0.2.1"]);
  assertEquals(sum(one), 101); // the rate, and a burst of 2
  const network = () => [`192.0.2.${byte()}`, `192.0.2.${byte()}`];
  assertEquals(sum(answeredOf(10, network)), 409);
  const v6 = () => [`2001:db8:0:12${byte().toString(16).padStart(2, "0")}::1`];
  assertEquals(sum(answeredOf(10, v6)), 409);
  const any = () => [1, 2, 3].map(() => `10.${byte()}.${byte()}.1`);
  const all = sum(answeredOf(10, any));
  assertGreaterOrEqual(4100, all);
  assertGreaterOrEqual(all, 4000);
});

test("AdmissionControl.datagram() keeps the limit of a source amid forged ones", () => {
  let forged = 0;
  const flood = () => {
    const others = Array.from({ length: 50 }, () => {
      const next = forged++;
      return `10.${next >> 16 & 255}.${next >> 8 & 255}.${next & 255}`;
    });
    return ["192.0.2.1", ...others];
  };
  const allowed = answeredOf(10, flood);
  assertGreaterOrEqual(102, allowed.get("192.0.2.1") ?? 0);
});

test("AdmissionControl.datagram() leaves loopback out of the flood", () => {
  const flood = (atMs: number) => [
    ...Array.from({ length: 50 }, (_, at) => `10.0.${at}.${atMs % 256}`),
    ...(atMs % 100 === 0 ? ["127.0.0.1", "::1", "::ffff:127.0.0.1"] : []),
  ];
  const allowed = answeredOf(10, flood);
  for (const local of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
    assertEquals(allowed.get(local), 100, local);
  }
});

test("AdmissionControl keeps its memory bounded under datagrams of a million sources, and serves a client beside them", () => {
  const random = seededRandom(5);
  const part = (most: number) => Math.floor(random() * most);
  const hex = () => part(0x10000).toString(16);
  const v4 = () => `${1 + part(126)}.${part(256)}.${part(256)}.${part(256)}`;
  const forge = [
    v4,
    () => `::ffff:${v4()}`,
    () => `2001:${hex()}:${hex()}:${hex()}::${hex()}`,
    () => `127.${part(256)}.${part(256)}.${part(256)}`,
  ];
  const { clock, admission } = admissionOf({
    deny: parseNetworks("10.0.0.0/8"),
    limits: { maxDatagramsPerSec: 1000 },
  });
  let answered = 0;
  /**
   * A flood of 100 000 a second, with a client that asks 100 times a second;
   * returns the least memory in use, as it is after a garbage collection.
   */
  const flood = (datagrams: number) => {
    let leastBytes = Infinity;
    for (let at = 0; at < datagrams; at++) {
      clock.nowMs += 0.01;
      const host = forge[at % forge.length]!();
      admission.datagram(from(host, 1024 + part(60_000)), OWN);
      if (at % 1000 > 0) continue;
      const verdict = admission.datagram(from("127.0.0.1", 50_000), OWN);
      if (verdict === null) answered += 1;
      leastBytes = Math.min(leastBytes, Deno.memoryUsage().heapUsed);
    }
    return leastBytes;
  };
  const first = flood(100_000);
  flood(800_000);
  const last = flood(100_000);
  assertEquals(answered, 1000);
  // With an entry for each source it would be 120 MB more.
  assertGreaterOrEqual(first + 60e6, last);
});
