/** What our STAMP programs say to each other, with tshark as the judge. */

import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertLessOrEqual,
  assertMatch,
} from "@std/assert";
import {
  readTimestamp,
  type TimestampFormat,
} from "../../lib/stamp/timestamp.ts";
import { isDisconnect } from "../../lib/net/errors.ts";
import { type ProgramHere, run, runHere, serveHere } from "../programs.ts";
import { interopTest } from "./programs.ts";
import { ScratchFolder } from "../scratch.ts";

const COUNT = 5;
const SSID = 0x1234;
/** Ports in the file; tshark is told to take the second for TWAMP's. */
const SENDER_PORT = 50_000;
const REFLECTOR_PORT = 862;
/** How far the clocks of our two programs and this one may be apart. */
const CLOCK_MS = 100;
/** More than one way on loopback takes. */
const LONGEST_MS = 1000;
/** The largest error stated: a busy machine takes long to wake the reflector. */
const ERROR_SEC = 5;

/** A datagram on its way. */
interface Datagram {
  isRequest: boolean;
  /** When it passed, in milliseconds since 1970. */
  passedMs: number;
  bytes: Uint8Array;
}

/**
 * A relay for one client to a server, which keeps what passes. It loses the first
 * request, so that the reflector's own numbers are not the sender's.
 */
class Recorder implements AsyncDisposable {
  readonly datagrams: Datagram[] = [];
  #server: Deno.NetAddr;
  #client: Deno.Addr | null = null;
  #here = open();
  #there = open();
  #relaying = Promise.all([this.#relay(true), this.#relay(false)]);

  constructor(server: ProgramHere) {
    this.#server = {
      transport: "udp",
      hostname: "127.0.0.1",
      port: Number(server.port),
    };
  }

  /** Where the client is to send. */
  get address(): string {
    return `127.0.0.1:${(this.#here.addr as Deno.NetAddr).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#here.close();
    this.#there.close();
    await this.#relaying;
  }

  async #relay(isRequest: boolean): Promise<void> {
    const [from, to] = isRequest
      ? [this.#here, this.#there]
      : [this.#there, this.#here];
    try {
      for (;;) {
        const [bytes, source] = await from.receive(new Uint8Array(65_536));
        if (isRequest) this.#client = source;
        this.datagrams.push({ isRequest, passedMs: Date.now(), bytes });
        if (this.datagrams.length === 1) continue;
        await to.send(bytes, isRequest ? this.#server : this.#client!);
      }
    } catch (error) {
      if (!isDisconnect(error)) throw error;
    }
  }
}

function open(): Deno.DatagramConn {
  return Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: 0,
  });
}

/** A capture file, as pcap has it, whose packets start with an IPv4 header. */
function captureFile(datagrams: Datagram[]): Uint8Array {
  const words = (...values: number[]) =>
    values.flatMap((value) => [value >>> 24, value >>> 16, value >>> 8, value]);
  const halves = (...values: number[]) =>
    values.flatMap((value) => [value >>> 8, value]);
  const rawIp = 101;
  const loopback = 0x7f000001;
  return Uint8Array.from([
    ...words(0xa1b2c3d4, 0x00020004, 0, 0, 65_535, rawIp),
    ...datagrams.flatMap(({ isRequest, passedMs, bytes }) => {
      const udpBytes = 8 + bytes.length;
      const ipBytes = 20 + udpBytes;
      const ports = [SENDER_PORT, REFLECTOR_PORT];
      return [
        ...words(passedMs / 1000, passedMs % 1000 * 1000, ipBytes, ipBytes),
        // Version and length, no fragment, TTL 255, UDP, no checksum.
        ...halves(0x4500, ipBytes, 0, 0, 0xff11, 0),
        ...words(loopback, loopback),
        ...halves(...(isRequest ? ports : ports.toReversed()), udpBytes, 0),
        ...bytes,
      ];
    }),
  ]);
}

/**
 * What tshark prints of a timestamp, in parts: whole seconds since 1970, and
 * nanoseconds. `Nov 21, 2026 04:31:06.481086254 UTC` or the same by ISO 8601.
 */
function timeOf(printed: string): [seconds: number, nanoseconds: number] {
  const parts = /^(.+:\d\d)\.(\d{9})(.*)$/.exec(printed);
  const [, upToSeconds, nanoseconds, zone] = parts!;
  return [Date.parse(upToSeconds! + zone!) / 1000, Number(nanoseconds)];
}

/** The same in milliseconds since 1970, whose last digit is below 1 us. */
function millisecondsOf(printed: string): number {
  const [seconds, nanoseconds] = timeOf(printed);
  return seconds * 1000 + nanoseconds / 1e6;
}

/** The fields of a packet, as tshark calls them, without what all begin with. */
type Fields = Record<string, string> & {
  error_estimate_tree: Record<string, string>;
  sender_error_estimate_tree: Record<string, string>;
};

/** Decodes datagrams as those of TWAMP, whose format is STAMP's. */
async function decode(datagrams: Datagram[]): Promise<Fields[]> {
  using folder = new ScratchFolder();
  const file = folder.file("packets.pcap", captureFile(datagrams));
  const { code, stdout, stderr } = await run([
    ...["env", "TZ=UTC", "tshark", "-r", file, "-T", "json"],
    ...["-d", `udp.port==${REFLECTOR_PORT},twamp.test`],
  ]);
  assertEquals(code, 0, stderr);
  const packets: {
    _source: { layers: Record<string, Record<string, string>> };
  }[] = JSON.parse(stdout);
  return packets.map(({ _source: { layers } }) => {
    // What is malformed would be named behind.
    assertEquals(
      layers.frame!["frame.protocols"],
      "raw:ip:udp:twamp.test",
    );
    return withoutPrefix(layers["twamp.test"]!);
  });
}

function withoutPrefix(fields: object): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name.replace(/^twamp\.test\.(error_estimate\.)?/, ""),
      typeof value === "object" ? withoutPrefix(value) : value,
    ]),
  ) as Fields;
}

/** What our client and our server say to each other. */
async function record(
  server: string[],
  ...client: string[]
): Promise<Datagram[]> {
  await using running = await serveHere("stamp_server", ...server);
  await using recorder = new Recorder(running);
  // What gets lost is the warm-up.
  const words = ["-n", `${COUNT}`, "-i", "5ms", "--warmup", "1"];
  const { code, stderr } = await runHere(
    "stamp_client",
    ...[recorder.address, ...words, "--timeout", "600ms"],
    ...["--ssid", `${SSID}`, ...client],
  );
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return recorder.datagrams;
}

/** tshark reads from a datagram the time that our library does. */
function assertReadAlike(
  printed: string,
  bytes: Uint8Array,
  at: number,
  format: TimestampFormat,
): void {
  const [seconds, nanoseconds] = timeOf(printed);
  const oursMs = readTimestamp(bytes, at, format, seconds);
  assertAlmostEquals(oursMs, nanoseconds / 1e6, 1e-5);
}

/** The error is that of a clock that nothing synchronises, and has the right unit. */
function assertEstimate(
  { s, z, scale, multiplier }: Record<string, string>,
  format: TimestampFormat,
): void {
  assertEquals({ s, z }, { s: "0", z: format === "ptp" ? "1" : "0" });
  const errorSeconds = Number(multiplier) * 2 ** (Number(scale) - 32);
  assertGreater(errorSeconds, 0);
  assertLess(errorSeconds, ERROR_SEC);
}

/** What requests and replies have in common. */
function assertPacket(
  packet: Fields,
  { bytes, passedMs }: Datagram,
  format: TimestampFormat,
): void {
  assertEquals(bytes.length, 44);
  assertEquals(packet.mbz1, `${SSID}`);
  assertEquals(packet.mbz2, "0");
  assertEquals(packet.padding, "00:00:00");
  assertEstimate(packet.error_estimate_tree, format);
  assertReadAlike(packet.timestamp!, bytes, 4, format);
  const onTheWayMs = passedMs - millisecondsOf(packet.timestamp!);
  assertGreater(onTheWayMs, -CLOCK_MS);
  assertLess(onTheWayMs, CLOCK_MS + LONGEST_MS);
}

/** A request has nothing of what tshark takes from it, as if it were a reply. */
function assertRequest(packet: Fields): void {
  assertEquals(packet.sender_seq_number, "0");
  assertEquals(packet.sender_error_estimate, "0");
  assertEquals(packet.sender_ttl, "0");
}

/** A reply has the request's fields, and tells when that came. */
function assertReply(
  packet: Fields,
  request: Fields,
  bytes: Uint8Array,
  format: TimestampFormat,
): void {
  assertEquals(packet.sender_error_estimate, request.error_estimate);
  assertEquals(packet.sender_ttl, "255");
  // Up to 4.0 at least, tshark reads a PTP timestamp here as if it were NTP's.
  if (format === "ntp") {
    assertEquals(packet.sender_timestamp, request.timestamp);
  }
  assertReadAlike(packet.receive_timestamp!, bytes, 16, format);
  const receivedMs = millisecondsOf(packet.receive_timestamp!);
  assertLessOrEqual(receivedMs, millisecondsOf(packet.timestamp!));
  const forwardMs = receivedMs - millisecondsOf(request.timestamp!);
  assertGreater(forwardMs, -CLOCK_MS);
  assertLess(forwardMs, CLOCK_MS + LONGEST_MS);
}

for (const format of ["ntp", "ptp"] as const) {
  interopTest(
    ["tshark"],
    `tshark reads what our programs say, with ${format} timestamps`,
    async () => {
      const datagrams = await record([], "--timestamp", format);
      const decoded = await decode(datagrams);
      assertEquals(decoded.length, datagrams.length);
      const requests: Fields[] = [];
      const replies: Fields[] = [];
      datagrams.forEach((datagram, index) => {
        const packet = decoded[index]!;
        const { isRequest, bytes } = datagram;
        const before = isRequest ? requests : replies;
        assertEquals(packet.seq_number, `${before.length}`);
        assertPacket(packet, datagram, format);
        before.push(packet);
        if (isRequest) return assertRequest(packet);
        assertEquals(packet.sender_seq_number, `${replies.length}`);
        const request = requests[Number(packet.sender_seq_number)]!;
        assertReply(packet, request, bytes, format);
      });
      assertEquals([requests.length, replies.length], [COUNT + 1, COUNT]);
    },
  );
}

interopTest(
  ["tshark"],
  "tshark reads copied numbers, and padding as such",
  async () => {
    const datagrams = await record(["--stateless"], "--size", "100");
    const decoded = await decode(datagrams);
    const replies = decoded.filter((_, index) => !datagrams[index]!.isRequest);
    const numbers = Array.from({ length: COUNT }, (_, index) => `${index + 1}`);
    assertEquals(replies.map((reply) => reply.seq_number), numbers);
    assertEquals(replies.map((reply) => reply.sender_seq_number), numbers);
    decoded.forEach(({ padding }, index) => {
      // Three bytes that are zero, then 56 of the TLV, Extra Padding.
      const flags = datagrams[index]!.isRequest ? "80" : "00";
      assertMatch(
        padding!,
        new RegExp(`^00:00:00:${flags}:01:00:34(:[0-9a-f]{2}){52}$`),
      );
    });
  },
);
