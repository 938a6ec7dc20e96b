import { AdmissionControl } from "../../lib/net/admission.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertStrictEquals,
} from "@std/assert";
import {
  AUTHENTICATED,
  MIN_REQUEST_BYTES,
  type PacketLayout,
  UNAUTHENTICATED,
} from "../../lib/stamp/packet.ts";
import { StampReplyReader, StampRequest } from "../../lib/stamp/request.ts";
import { StampKey } from "../../lib/stamp/key.ts";
import { errorEstimateUs, readTimestamp } from "../../lib/stamp/timestamp.ts";
import { readUint16, readUint32 } from "../../lib/framing/big_endian.ts";
import { DatagramSocket } from "../../lib/net/datagram_socket.ts";
import { QueueWatch } from "../../lib/net/queue_watch.ts";
import { serveDatagrams } from "../../lib/net/serve_datagrams.ts";
import {
  type ReflectorOptions,
  StampReflector,
} from "../../lib/stamp/reflector.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import {
  bytes,
  datagramClient,
  datagramServer,
  openDatagrams,
  RunningServer,
  turn,
} from "../fixtures.ts";
import { test } from "../testing.ts";

const ONE = udp("192.0.2.1", 50_000);
const KEY = new StampKey(bytes("a secret"));
const OTHER_KEY = new StampKey(bytes("another secret"));
const ZERO = {
  received: 0,
  reflected: 0,
  sessions: 0,
  tooShort: 0,
  replies: 0,
  wronglySigned: 0,
};
/** REFWAIT (RFC 5357, section 4.2). */
const REFWAIT_MS = 900_000;

function udp(hostname: string, port: number): Deno.NetAddr {
  return { transport: "udp", hostname, port };
}

/** A clock that is set by hand, and may advance at each reading. */
class FakeClock {
  constructor(public ms = 1000, public stepMs = 0) {}
  now(): number {
    const now = this.ms;
    this.ms += this.stepMs;
    return now;
  }
}

interface Wanted {
  sequence?: number;
  ssid?: number;
  sizeBytes?: number;
  key?: StampKey | undefined;
  format?: "ntp" | "ptp";
}

/** A request. */
function requestOf(wanted: Wanted = {}): StampRequest {
  const { ssid = 7, key, format = "ntp" } = wanted;
  const layout = key ? AUTHENTICATED : UNAUTHENTICATED;
  const { sizeBytes = layout.bytes } = wanted;
  const request = new StampRequest({
    sizeBytes,
    ssid,
    key,
    format,
    errorUs: 1,
  });
  const seconds = Math.floor(Date.now() / 1000);
  request.prepare(wanted.sequence ?? 5, { seconds, nanoseconds: 0 });
  return request;
}

/** A copy of its bytes, as a datagram arrives. */
function packetOf(wanted: Wanted = {}): Uint8Array<ArrayBuffer> {
  return requestOf(wanted).bytes.slice();
}

function reflectorOf(options: ReflectorOptions = {}): StampReflector {
  return new StampReflector({ clock: new FakeClock(), ...options });
}

/** The number that a reflector gives to its reply. */
function numberOf(
  reflector: StampReflector,
  from: Deno.NetAddr = ONE,
  ssid = 7,
): number {
  const reply = reflector.answer(packetOf({ ssid, sequence: 1000 }), from);
  assert(reply !== null);
  return readUint32(reply, 0);
}

/** T3 - T2 of a reply, in milliseconds. */
function tookMs(reply: Uint8Array, layout: PacketLayout): number {
  const seconds = Math.floor(Date.now() / 1000);
  return readTimestamp(reply, layout.timestamp, "ntp", seconds) -
    readTimestamp(reply, layout.receiveTimestamp, "ntp", seconds);
}

test("StampReflector counts from 0 in each session", () => {
  const reflector = reflectorOf();
  const places: [Deno.NetAddr, number][] = [
    [ONE, 7],
    [ONE, 8],
    [udp(ONE.hostname, ONE.port + 1), 7],
    [udp("192.0.2.2", ONE.port), 7],
    [udp("2001:db8::1", ONE.port), 7],
    [ONE, 0],
  ];
  const expected = places.map(() => 0);
  // Each after each other one: they may differ in one thing alone.
  const order = places.flatMap((_, one) =>
    places.flatMap((_, other) => [one, other])
  );
  for (const place of order) {
    const [from, ssid] = places[place]!;
    // An address is new with each datagram, as it comes from a socket.
    const number = numberOf(reflector, { ...from }, ssid);
    assertEquals(number, expected[place]!++, `session ${place}`);
  }
  assertEquals(reflector.counts, {
    ...ZERO,
    received: order.length,
    reflected: order.length,
    sessions: 6,
  });
});

test("StampReflector continues the numbers of a single session", () => {
  const reflector = reflectorOf();
  for (let number = 0; number < 1000; number++) {
    assertEquals(numberOf(reflector, { ...ONE }), number);
  }
  assertEquals(reflector.counts.sessions, 1);
});

test("StampReflector treats a request too short for an SSID as session 0", () => {
  const reflector = reflectorOf();
  assertEquals(numberOf(reflector, ONE, 0), 0);
  for (let length = MIN_REQUEST_BYTES; length < 44; length++) {
    const packet = packetOf({ ssid: 9 }).slice(0, length);
    const reply = reflector.answer(packet, ONE);
    assertEquals(reply?.length, length);
    assertEquals(readUint32(reply!, 0), length - MIN_REQUEST_BYTES + 1);
  }
  assertEquals(reflector.counts.sessions, 1);
});

test("StampReflector copies the sequence number when it is stateless", () => {
  for (const key of [undefined, KEY]) {
    const reflector = reflectorOf({ stateless: true, key });
    for (const sequence of [0, 5, 5, 2 ** 31, 2 ** 32 - 1]) {
      const reply = reflector.answer(packetOf({ sequence, key }), ONE);
      assertEquals(readUint32(reply!, 0), sequence);
    }
    assertEquals(reflector.counts.sessions, 0);
    assertEquals(reflector.counts.reflected, 5);
  }
});

test("StampReflector sends replies that its sender accepts", () => {
  for (const key of [undefined, KEY]) {
    const layout = key ? AUTHENTICATED : UNAUTHENTICATED;
    for (const format of ["ntp", "ptp"] as const) {
      for (const more of [0, 4, 100, 1400]) {
        const sizeBytes = layout.bytes + more;
        const request = requestOf({ key, format, sizeBytes, sequence: 77 });
        const reply = reflectorOf({ key }).answer(
          request.bytes.slice(),
          ONE,
        );
        const reader = new StampReplyReader(request);
        assert(reader.take(reply!), `${format} ${sizeBytes}`);
        assertEquals(reader.senderSequence, 77);
        assertEquals(reader.reflectorSequence, 0);
      }
    }
  }
});

/** Steps of a reflector: wait, then the number of an SSID's next reply. */
type Step = [waitMs: number, ssid: number, number: number];
const FORGETTING: [what: string, maxSessions: number, steps: Step[]][] = [
  [
    "the session with the oldest request",
    3,
    [
      ...[[1, 1, 0], [1, 2, 0], [1, 3, 0], [1, 1, 1]] as Step[],
      ...[[1, 4, 0], [1, 1, 2], [1, 3, 1], [1, 4, 1]] as Step[], // forgets 2
      ...[[1, 2, 0], [1, 3, 2], [1, 4, 2], [1, 2, 1]] as Step[], // forgets 1
      [1, 1, 0],
    ],
  ],
  [
    "no session with later requests in a row",
    2,
    [[1, 1, 0], [1, 2, 0], [1, 2, 1], [1, 2, 2], [1, 3, 0], [1, 2, 3]],
  ],
  ["all but one", 1, [[0, 1, 0], [0, 1, 1], [0, 2, 0], [0, 2, 1], [0, 1, 0]]],
  [
    "no session within 900 s of its last request",
    9,
    [[0, 1, 0], [REFWAIT_MS / 2, 1, 1], [REFWAIT_MS, 2, 0], [0, 1, 2]],
  ],
  [
    "a session 900 s after its last request",
    9,
    [[0, 1, 0], [REFWAIT_MS / 2, 1, 1], [REFWAIT_MS + 1, 2, 0], [0, 1, 0]],
  ],
  [
    "all old sessions and no other",
    9,
    [
      ...[[0, 1, 0], [0, 2, 0], [0, 3, 0], [1000, 2, 1]] as Step[],
      ...[[0, 4, 0], [REFWAIT_MS, 5, 0], [0, 1, 0]] as Step[],
      ...[[0, 2, 2], [0, 3, 0], [0, 4, 1], [0, 5, 1]] as Step[],
    ],
  ],
];
for (const [what, maxSessions, steps] of FORGETTING) {
  test(`StampReflector forgets ${what}`, () => {
    const clock = new FakeClock();
    const reflector = reflectorOf({ maxSessions, clock });
    for (const [waitMs, ssid, number] of steps) {
      clock.ms += waitMs;
      assertEquals(numberOf(reflector, ONE, ssid), number, `${ssid}`);
    }
  });
}

test("StampReflector gives the times of arrival and of the reply", () => {
  for (const key of [undefined, KEY]) {
    const layout = key ? AUTHENTICATED : UNAUTHENTICATED;
    // It looks at the clock twice, until it follows the system after a second.
    for (const stepMs of [0, 0.25, 3, 90]) {
      const clock = new FakeClock(1000);
      const reflector = reflectorOf({ clock, key });
      for (let count = 0; count < 5; count++) {
        clock.stepMs = stepMs;
        const reply = reflector.answer(packetOf({ key }), ONE);
        clock.stepMs = 0;
        assert(Math.abs(tookMs(reply!, layout) - stepMs) < 0.01);
      }
    }
  }
});

test("StampReflector never gives T3 before T2", () => {
  const random = seededRandom(3);
  const clock = new FakeClock();
  const reflector = reflectorOf({ clock });
  for (let count = 0; count < 5000; count++) {
    clock.stepMs = random() < 0.5 ? 0 : random() / 100;
    // Also across the moments at which it follows the system's clock.
    clock.ms += random() < 0.1 ? 2000 * random() : random();
    const reply = reflector.answer(packetOf(), ONE);
    assertGreaterOrEqual(tookMs(reply!, UNAUTHENTICATED), 0);
  }
});

test("StampReflector gives the time of day", () => {
  const reflector = new StampReflector();
  const beforeMs = Date.now();
  const reply = reflector.answer(packetOf(), ONE)!;
  const afterMs = Date.now() + 1;
  for (const at of [UNAUTHENTICATED.receiveTimestamp, 4]) {
    const ms = readTimestamp(reply, at, "ntp", 0);
    assertGreaterOrEqual(ms, beforeMs - 5); // what the two clocks may drift
    assertLessOrEqual(ms, afterMs + 5);
  }
});

test("StampReflector follows the system's clock if its own is wrong", () => {
  const clock = new FakeClock();
  const reflector = reflectorOf({ clock });
  for (const astrayMs of [3_600_000, 10_000]) {
    clock.ms += astrayMs;
    const reply = reflector.answer(packetOf(), ONE)!;
    const nowMs = Date.now();
    for (const at of [UNAUTHENTICATED.receiveTimestamp, 4]) {
      const offMs = readTimestamp(reply, at, "ntp", 0) - nowMs;
      assert(Math.abs(offMs) < 2000, `${offMs} ms off`);
    }
  }
});

test("StampReflector never answers a reply", () => {
  for (const key of [undefined, KEY]) {
    for (const stateless of [false, true]) {
      for (const format of ["ntp", "ptp"] as const) {
        const one = new StampReflector({ key, stateless });
        const other = new StampReflector({ key, stateless });
        const layout = key ? AUTHENTICATED : UNAUTHENTICATED;
        for (const more of [0, 4, 1000]) {
          const sizeBytes = layout.bytes + more;
          const packet = packetOf({ key, format, sizeBytes });
          const reply = one.answer(packet, ONE)!;
          assertEquals(other.answer(reply.slice(), ONE), null);
          assertEquals(one.answer(reply.slice(), ONE), null);
        }
        assertEquals(other.counts, { ...ZERO, received: 3, replies: 3 });
        assertEquals(one.counts.replies, 3);
      }
    }
  }
});

test("StampReflector answers TWAMP-Light in the size of its request", () => {
  for (const stateless of [false, true]) {
    for (let length = MIN_REQUEST_BYTES; length < 44; length++) {
      const request = packetOf().slice(0, length);
      // Whatever is after its first bytes is padding.
      crypto.getRandomValues(request.subarray(14));
      const reply = new StampReflector({ stateless }).answer(request, ONE)!;
      assertEquals(reply.length, length);
      assertEquals(readUint32(reply, UNAUTHENTICATED.senderSequence), 5);
      assertEquals(new StampReflector().answer(reply.slice(), ONE), null);
    }
  }
});

test("StampReflector counts a TWAMP-Light sender with random padding in one session", () => {
  const reflector = reflectorOf();
  for (let number = 0; number < 5; number++) {
    const request = packetOf({ sizeBytes: 60, sequence: number });
    request.fill(0xa0 + number, 14); // padding, where STAMP has its SSID
    const reply = reflector.answer(request, ONE)!;
    assertEquals(readUint32(reply, 0), number);
  }
});

test("StampReflector counts a second run from the same port anew", () => {
  const clock = new FakeClock();
  const reflector = reflectorOf({ clock });
  const numbers = [0, 1, 0, 2, 200, 0, 1].map((given) => {
    if (given === 200) clock.ms += given; // silence
    const sequence = given === 200 ? 3 : given;
    return readUint32(reflector.answer(packetOf({ sequence }), ONE)!, 0);
  });
  assertEquals(numbers, [0, 1, 2, 3, 4, 5, 6]);
  clock.ms += 200;
  assertEquals(
    [0, 1].map((sequence) =>
      readUint32(reflector.answer(packetOf({ sequence }), ONE)!, 0)
    ),
    [0, 1],
  );
});

test("StampReflector counts the requests of a session in Direct Measurement", () => {
  for (const stateless of [false, true]) {
    const reflector = reflectorOf({ stateless });
    for (let count = 1; count < 4; count++) {
      const packet = packetOf({ sizeBytes: 60 });
      packet.set([0x80, 5, 0, 12, 0, 0, 0, 77, 0, 0, 0, 0, 0, 0, 0, 0], 44);
      const reply = reflector.answer(packet, ONE)!;
      const number = stateless ? 0 : count;
      assertEquals([...reply.subarray(44)], [
        ...[stateless ? 0x80 : 0, 5, 0, 12],
        ...[0, 0, 0, 77, 0, 0, 0, number, 0, 0, 0, number],
      ]);
    }
  }
});

test("StampReflector counts datagrams that are too short, and does not answer", () => {
  for (
    const [key, minBytes] of [[undefined, MIN_REQUEST_BYTES], [
      KEY,
      112,
    ]] as const
  ) {
    const reflector = reflectorOf({ key });
    const whole = packetOf({ key });
    for (let length = 0; length < minBytes; length++) {
      const packet = whole.slice(0, length);
      assertEquals(reflector.answer(packet, ONE), null);
      assertEquals(packet, whole.slice(0, length));
    }
    assertEquals(reflector.counts, {
      ...ZERO,
      received: minBytes,
      tooShort: minBytes,
    });
    assert(reflector.answer(whole.slice(0, minBytes), ONE) !== null);
  }
});

test("StampReflector does not answer what its key has not signed", () => {
  const reflector = reflectorOf({ key: KEY });
  const unanswered = [
    packetOf({ key: OTHER_KEY }),
    packetOf({ sizeBytes: 112 }),
    new Uint8Array(112),
  ];
  for (let at = 0; at < AUTHENTICATED.bytes; at++) {
    const packet = packetOf({ key: KEY });
    packet[at]! ^= 1; // each bit of it is signed, or is the signature
    unanswered.push(packet);
  }
  for (const packet of unanswered) {
    assertEquals(reflector.answer(packet, ONE), null);
  }
  const count = unanswered.length;
  assertEquals(reflector.counts, {
    ...ZERO,
    received: count,
    wronglySigned: count,
  });
  assert(reflector.answer(packetOf({ key: KEY }), ONE) !== null);
  assertEquals(reflector.counts.reflected, 1);
  assertEquals(reflector.counts.sessions, 1);
});

test("StampReflector answers in the datagram's own bytes", () => {
  for (const key of [undefined, KEY]) {
    for (const sizeBytes of [112, 1500, 65_507]) {
      const packet = packetOf({ key, sizeBytes });
      const reply = reflectorOf({ key }).answer(packet, ONE);
      assertStrictEquals(reply, packet);
    }
  }
});

/** Valid requests and replies in which a few bytes are others, and rubbish. */
function* rubbish(
  count: number,
  seed: number,
): Generator<Uint8Array<ArrayBuffer>, void, void> {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const model = reflectorOf();
  const signing = reflectorOf({ key: KEY });
  for (let made = 0; made < count; made++) {
    const kind = made % 4;
    const length = made % 500 === 0 ? 65_507 : below(1501);
    if (kind === 0 || length < 116) {
      const packet = new Uint8Array(length);
      for (let at = 0; at < length; at += 1 + (made % 7)) {
        packet[at] = below(256);
      }
      yield packet;
      continue;
    }
    const key = random() < 0.5 ? KEY : undefined;
    const format = random() < 0.5 ? "ntp" : "ptp";
    const packet = packetOf({ key, format, sizeBytes: length });
    if (kind === 1) (key ? signing : model).answer(packet, ONE);
    const mutations = below(4);
    for (let each = 0; each < mutations; each++) {
      packet[below(random() < 0.8 ? 120 : length)] = below(256);
    }
    yield random() < 0.2 ? packet.slice(0, below(length)) : packet;
  }
}

for (const key of [undefined, KEY]) {
  test(
    `StampReflector answers any datagram in its own length, or not: ${
      key ? "signed" : "not signed"
    }`,
    () => {
      const reflector = reflectorOf({ key, maxSessions: 50 });
      let answers = 0;
      let number = 0;
      for (const packet of rubbish(4000, 41)) {
        const { length } = packet;
        const from = udp("192.0.2.9", 1024 + number % 60);
        const answer = reflector.answer(packet, from);
        number += 1;
        if (answer === null) continue;
        answers += 1;
        assertStrictEquals(answer, packet);
        assertEquals(answer.length, length);
      }
      const { counts } = reflector;
      assertEquals(counts.received, 4000);
      assertEquals(counts.reflected, answers);
      assertEquals(
        counts.reflected + counts.tooShort + counts.replies +
          counts.wronglySigned,
        4000,
      );
      // Some of everything, or else nothing was tried.
      assert(answers > 100 && counts.tooShort > 10 && counts.replies > 20);
      assert(counts.wronglySigned > 20);
    },
  );
}

/** Sends a request, and gives the reply. */
async function ask(
  client: DatagramSocket,
  server: RunningServer,
  wanted: Wanted = {},
): Promise<Uint8Array | null> {
  await client.send(packetOf(wanted), server.addr);
  return await client.receiveFrom(server.addr, 4000);
}

test("StampReflector continues after bad datagrams over a socket", async () => {
  const reflector = new StampReflector({ key: KEY });
  await using server = datagramServer(reflector.answer);
  using client = datagramClient();
  const bad = [
    new Uint8Array(0),
    new Uint8Array(40),
    new Uint8Array(65_507),
    packetOf({ key: OTHER_KEY }),
  ];
  for (const packet of bad) await client.send(packet, server.addr);
  // Datagrams stay in order on loopback: the first answer is to the last one.
  const reply = await ask(client, server, { key: KEY, sequence: 31 });
  assertEquals(readUint32(reply!, AUTHENTICATED.senderSequence), 31);
  assertEquals(readUint32(reply!, 0), 0);
  assertEquals(reflector.counts, {
    received: 5,
    reflected: 1,
    sessions: 1,
    tooShort: 2,
    replies: 0,
    wronglySigned: 2,
  });
  assertEquals(server.log, []);
});

test("StampReflector answers the shortest and the longest request over a socket", async () => {
  await using server = datagramServer(new StampReflector().answer);
  using client = datagramClient();
  for (const sizeBytes of [44, 48, 1472, 65_507]) {
    const reply = await ask(client, server, { sizeBytes });
    assertEquals(reply?.length, sizeBytes);
  }
  await client.send(packetOf().slice(0, 41), server.addr);
  const reply = await client.receiveFrom(server.addr, 4000);
  assertEquals(reply?.length, 41);
  assertEquals(server.log, []);
});

test("StampReflector does not answer responders, and its server reports it", async () => {
  const reflector = new StampReflector();
  const admission = new AdmissionControl();
  await using server = datagramServer(reflector.answer, { admission });
  using responder = new DatagramSocket(openFirst([1900, 5353, 11211]));
  await responder.send(packetOf(), server.addr);
  using client = datagramClient();
  assert(await ask(client, server) !== null);
  assertEquals(admission.refused.responder, 1);
  assertEquals(reflector.counts.received, 1);
  assertEquals(await responder.receive(0), null);
});

test("StampReflector limits the replies to one source, and its server reports it", async () => {
  const reflector = new StampReflector();
  const admission = new AdmissionControl({
    limits: { maxDatagramsPerSec: 10 },
  });
  await using server = datagramServer(reflector.answer, { admission });
  using client = datagramClient();
  const { counts } = reflector;
  const { refused } = admission;
  const startMs = performance.now();
  for (let sent = 0; sent < 50; sent++) {
    await client.send(packetOf(), server.addr);
  }
  while (counts.received + refused.tooFast < 50) await turn();
  const seconds = (performance.now() - startMs) / 1000;
  assertGreaterOrEqual(counts.reflected, 2);
  assertLessOrEqual(counts.reflected, 3 + 10 * seconds);
  assertEquals(refused.tooFast + counts.reflected, 50);
});

const INJECTED: [string, (reply: Uint8Array) => Uint8Array][] = [
  ["a request", () => packetOf()],
  ["a request of the longest kind", () => packetOf({ sizeBytes: 65_507 })],
  ["a reply", (reply) => reply],
  ["a short request", () => packetOf().slice(0, MIN_REQUEST_BYTES)],
  ["a short reply", (reply) => reply.slice(0, MIN_REQUEST_BYTES)],
  ["a request cut in the middle", () => packetOf().slice(0, 23)],
];
test("StampReflector's error estimate holds how late the request was read", () => {
  const queue = new QueueWatch();
  const reflector = new StampReflector({ queue });
  const estimateUs = () => {
    const reply = reflector.answer(packetOf(), ONE)!;
    return errorEstimateUs(readUint16(reply, UNAUTHENTICATED.errorEstimate));
  };
  const stepUs = estimateUs();
  queue.lateMs = 3;
  assertAlmostEquals(estimateUs(), stepUs + 3000, 3000 / 128);
});

for (const [what, inject] of INJECTED) {
  test(`StampReflector and another do not answer each other for ever: ${what}`, async () => {
    // Their ports differ, so that neither takes the other for its twin.
    const reflectors = [new StampReflector(), new StampReflector()] as const;
    const sockets = [openDatagrams(), openDatagrams()] as const;
    const running = sockets.map((socket, index) =>
      new RunningServer(
        socket.addr as Deno.NetAddr,
        (given) =>
          serveDatagrams(socket, reflectors[index]!.answer, {
            ...given,
            admission: new AdmissionControl({
              limits: { maxDatagramsPerSec: 100_000 },
            }),
          }),
      )
    );
    await using one = running[0]!;
    await using other = running[1]!;
    using client = datagramClient();
    const reply = (await ask(client, one))!.slice();
    // As if forged: to the other, from the first one's address.
    await sockets[0].send(inject(reply), other.addr);
    // Each question takes longer than an answer of theirs to each other.
    for (let round = 0; round < 50; round++) {
      assert(await ask(client, one) !== null);
      assert(await ask(client, other) !== null);
    }
    const received = reflectors.map(({ counts }) => counts.received);
    // What was injected, and at most one answer to it.
    assertLessOrEqual(received[0]! - 51, 1);
    assertEquals(received[1]! - 50, 1);
  });
}

/** Binds the first of some ports that is free. */
function openFirst(ports: number[]): Deno.DatagramConn {
  for (const port of ports) {
    try {
      return openDatagrams(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error(`none of the ports ${ports} is free`);
}
