/**
 * Fuzzes servers in processes of their own: hostile clients beside a valid one,
 * which must lose nothing over TCP. Afterwards the server must have given back
 * its memory.
 *
 * @module
 */

import { Histogram } from "../../lib/stats/histogram.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { bytes, latin1 } from "../fixtures.ts";
import { framed } from "../iperf3/peers.ts";
import { ScratchFolder } from "../scratch.ts";
import { escapeInput } from "./input.ts";
import { type Bytes, mutated } from "./mutator.ts";
import {
  casesOf,
  FuzzFailure,
  type FuzzFigures,
  sentenceOf,
} from "./parser_fuzz.ts";
import { segmentsOf } from "./scripted_conn.ts";
import { TARGETS } from "./targets/mod.ts";

/** A server, its inputs, and what a valid client says to it. */
export interface ServerTarget {
  /** Its name. */
  name: string;
  /** Its script and options; `DATA` is a folder with a `key`. */
  command: string;
  /** The parser whose inputs it gets. */
  like: string;
  /** Whether it serves datagrams. */
  isUdp?: boolean;
  /** What a valid client sends, and the replies so far. */
  talk(): [send: Bytes, reply: RegExp][];
}

const GET = (path: string, more = "") =>
  `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${more}\r\n`;
/** Requests to the monitor. */
const HTTP = {
  name: "http",
  corpus: [
    ...["/api/targets", "/api/outages?from=1&to=2", "/metrics", "/sd", "/"],
    ...["/api/series?target=a&from=0&to=9&columns=9", "/probe?target=a"],
    ...["/api/events?target=a", "/-/ready", "/api/mesh", "/a.js"],
  ].map((path) => GET(path)),
  words: [
    ...["HEAD ", "POST /-/reload ", "content-length: 5\r\n", "host: x\r\n"],
    ...["transfer-encoding: chunked\r\n", "authorization: Bearer x\r\n"],
    ...["target=connect:127.0.0.1:1", "columns=", "from=", "to=", "%00", "%"],
    ...["accept-encoding: gzip\r\n", "if-none-match: *\r\n", "range: bytes=0-"],
  ],
  run: () => "",
};

const one = (send: string, reply: RegExp) => (): [Bytes, RegExp][] => [
  [latin1(send), reply],
];
/** The servers. */
export const SERVERS: ServerTarget[] = [
  {
    name: "serve-hello",
    command: "hello_server",
    like: "uppercase-server",
    talk: one("hi\n", /^hello\n$/),
  },
  {
    name: "serve-tcp",
    command: "tcp_server",
    like: "uppercase-server",
    talk: one("stra\xc3\x9fe\n", /^STRASSE\n$/),
  },
  {
    name: "serve-udp",
    command: "udp_server --max-rate 100000",
    like: "uppercase",
    isUdp: true,
    talk: one("abc", /^ABC$/),
  },
  {
    name: "serve-time",
    command: "time_server",
    like: "time",
    talk: one("", /\d{4}\r\n$/),
  },
  {
    name: "serve-time-udp",
    command: "time_server --udp",
    like: "time",
    isUdp: true,
    talk: one("\0".repeat(64), /\d{4}\r\n$/),
  },
  {
    name: "serve-measure",
    command: "measure_server",
    like: "measure-server",
    talk: () => [
      [bytes("s rtt 1 3 0\n"), /^200 OK: Ready\n$/],
      [bytes("m 1 abc\n"), /\nm 1 abc\n$/],
      [bytes("t\n"), /\n200 OK: Closing Connection\n$/],
    ],
  },
  {
    name: "serve-measure-key",
    command: "measure_server --key-file DATA/key",
    like: "shared-key",
    talk: one(`key 1 ${"0a".repeat(32)}\n`, /^key 1 [0-9a-f]{64}\n$/),
  },
  {
    name: "serve-stamp",
    command: "stamp_server --max-rate 1000000",
    like: "stamp-reflector",
    isUdp: true,
    talk: one("\0".repeat(44), /^[^]{44}$/),
  },
  {
    name: "serve-throughput",
    command: "throughput_server --concurrent 1000",
    like: "iperf3-parameters",
    talk: () => [
      [latin1(`${crypto.randomUUID()}\0`), /^\t$/],
      [framed({ tcp: true, time: 1 }), /^\t\n$/],
    ],
  },
  {
    name: "serve-throughput-udp",
    command: "throughput_server",
    like: "iperf3-datagrams",
    isUdp: true,
    talk: () => [], // it answers within a test alone
  },
  {
    name: "serve-peer",
    command: "peer --max-peers 64",
    like: "peer-mesh",
    talk() {
      const id = "0".repeat(16) + crypto.randomUUID().replaceAll("-", "");
      const hello = `hello 2 ${id.slice(0, 32)} 0 eve`;
      return [[bytes(`${hello}\nwelcome\nping 1\n`), /\npong 1\n/]];
    },
  },
  {
    name: "serve-monitor",
    command: "monitor --data DATA --interval 1s connect:127.0.0.1:1",
    like: "http",
    talk: one(
      GET("/api/targets", "connection: close\r\n"),
      /^HTTP\/1.1 200 OK[^]*\}/,
    ),
  },
];

const HOSTILE_CLIENTS = 16;
/** Datagrams between two of the valid client: fewer than a socket queues. */
const BURST = 32;
const TCP_DEADLINE_MS = 10_000;
const UDP_DEADLINE_MS = 200;
/** How long a server may take to give back memory. */
const SETTLE_MS = 30_000;
/** What the system and the heap may keep beyond a fifth, in bytes. */
const SLACK_BYTES = [16e6, 8e6];
/** A process takes more in its first seconds, whatever it does. */
const WARM_SEC = 60;
const COLD_BYTES = 64e6;
/** What the server says when its own code fails. */
const INTERNAL =
  /is not (?:a function|iterable|defined)|undefined|Cannot (?:read prop|answer)|Invalid array|HTTP\/1.1 500|panicked/;

/** What tells replies apart. */
const STATUS = /^(?:HTTP\/1.1 \d+|200 \w+|404 [^\n]+|hello|say hi|bye \w+|key)/;

/** A server's process. */
class ServerProcess implements AsyncDisposable {
  readonly lines = new Set<string>();
  port = 0;
  #child: Deno.ChildProcess;
  #memory = Promise.withResolvers<[rss: number, heap: number]>();
  #reading: Promise<void[]>;
  #listening = Promise.withResolvers<void>();
  #scratch = new ScratchFolder();
  internal: string | null = null;
  hasEnded = false;

  constructor(command: string) {
    this.#scratch.file("key", "a key of the tests");
    const [name, ...args] = command.replace("DATA", this.#scratch.path)
      .split(" ");
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-check", "--v8-flags=--expose-gc", "--unstable-net"],
        ...["--unstable-raw-imports", "--allow-net=127.0.0.1", "--allow-read"],
        ...["--allow-write=.scratch", "--allow-env"],
        "--lock=lib/report/deno.lock",
        new URL("server_process.ts", import.meta.url).pathname,
        ...[name!, "--port", "0", ...args],
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { stdout, stderr } = this.#child;
    this.#reading = Promise.all([this.#read(stdout), this.#read(stderr)]);
    this.#child.status.then(() => {
      this.hasEnded = true;
      this.#listening.resolve();
      this.#memory.resolve([Infinity, Infinity]);
    });
  }

  async listening(): Promise<this> {
    await this.#listening.promise;
    return this;
  }

  /** Its resident set and its heap, in bytes, without garbage. */
  async memory(): Promise<[rss: number, heap: number]> {
    if (this.hasEnded) return [Infinity, Infinity];
    this.#child.kill("SIGUSR2");
    return await this.#memory.promise;
  }

  async #read(stream: ReadableStream<Bytes>): Promise<void> {
    let rest = "";
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + part).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(line);
    }
  }

  #take(line: string): void {
    const [, port] = /^listening .*:(\d+)$/.exec(line) ?? [];
    const [, rss, heap] = /^memory (\d+) (\d+)$/.exec(line) ?? [];
    if (port !== undefined) {
      this.port = Number(port);
      this.#listening.resolve();
    } else if (rss !== undefined) {
      this.#memory.resolve([Number(rss), Number(heap)]);
      this.#memory = Promise.withResolvers();
    } else {
      if (INTERNAL.test(line)) this.internal ??= line;
      const sentence = line.replace(/^\S+Z? (?:127\S+ )?/, "");
      if (this.lines.size < 1000) {
        this.lines.add(sentenceOf({ name: "", message: sentence }));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.hasEnded) this.#child.kill("SIGKILL");
    await this.#child.stdin.close().catch(() => {});
    await this.#child.status;
    await this.#reading;
    this.#scratch[Symbol.dispose]();
  }
}

/**
 * Fuzzes a server.
 *
 * @param target The server.
 * @param limits The seed, how long to go on, and where to print the figures.
 * @returns What it did; the slowest is the valid client's p99.
 * @throws {FuzzFailure} If a rule is broken.
 */
export async function fuzzServer(
  target: ServerTarget,
  limits: { seed: number; seconds: number; print: (line: string) => void },
): Promise<FuzzFigures> {
  const { seed, seconds, print } = limits;
  await using server = await new ServerProcess(target.command).listening();
  const to = { hostname: "127.0.0.1", port: server.port };
  const like = [HTTP, ...TARGETS].find(({ name }) => name === target.like)!;
  const material = {
    corpus: casesOf(like),
    words: (like.words ?? []).map((word) => bytes(word)),
    maxBytes: like === HTTP ? 20_000 : 2048,
  };
  const random = seededRandom(seed);
  const times = new Histogram();
  let [inputs, exchanges, lost] = [0, 0, 0];
  const next = () =>
    material.corpus[inputs++]?.slice() ?? mutated(material, random);
  const exchange = async () => {
    const startMs = performance.now();
    const talk = target.talk();
    if (talk.length === 0) {
      return await new Promise<void>((resolve) => setTimeout(resolve, 1));
    }
    const isAnswered =
      await (target.isUdp
        ? answeredDatagram(to, talk[0]!)
        : answered(to, talk));
    exchanges += 1;
    if (!isAnswered) lost += 1;
    else times.record((performance.now() - startMs) * 1000);
  };
  const heard = (reply: string) => {
    const known = STATUS.exec(reply)?.[0];
    server.lines.add(known ?? (reply === "" ? "silence" : "a reply"));
  };
  const attack = async (untilMs: number) => {
    const isOver = () =>
      performance.now() > untilMs || server.hasEnded ||
      server.internal !== null;
    const beside = async () => {
      while (!isOver()) {
        await exchange();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const hostile = async () => {
      while (!isOver()) {
        const input = next();
        const reply = await converse(to, input, random);
        if (INTERNAL.test(reply)) {
          server.internal ??= `${reply}\nafter ${escapeInput(input)}`;
        }
        heard(reply);
      }
    };
    const flood = async () => {
      using socket = openDatagrams();
      const reading = (async () => {
        for await (const [reply] of socket) heard(latin1Text(reply));
      })();
      reading.catch(() => {}); // closed
      while (!isOver()) {
        for (let sent = 0; sent < BURST; sent++) {
          await socket.send(next(), { transport: "udp", ...to });
        }
        await exchange();
      }
    };
    await Promise.all(
      target.isUdp
        ? [flood()]
        : [beside(), ...Array.from({ length: HOSTILE_CLIENTS }, hostile)],
    );
  };
  const startMs = performance.now();
  await exchange();
  await attack(startMs + seconds * 250);
  const before = await server.memory();
  await attack(startMs + seconds * 1000);
  const isBack = (now: number[]) =>
    now.every((size, index) =>
      size <= before[index]! * 1.2 + SLACK_BYTES[index]! +
          (seconds < WARM_SEC ? COLD_BYTES : 0)
    );
  const settleMs = performance.now() + SETTLE_MS;
  let after = await server.memory();
  while (!isBack(after) && !server.hasEnded && performance.now() < settleMs) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    after = await server.memory();
  }
  const p99Ms = (times.percentile(99) ?? NaN) / 1000;
  const figures = `${inputs} inputs, valid client ${
    exchanges - lost
  } of ${exchanges}, p99 ${p99Ms.toFixed(1)} ms, memory ${
    megabytes(before)
  } -> ${megabytes(after)} MB (seed ${seed})`;
  print(`${target.name}: ${figures}`);
  const broken = server.internal !== null
    ? `its code fails: ${server.internal}`
    : server.hasEnded
    ? `the server ended: ${[...server.lines].at(-1)}`
    : lost > 0 && !target.isUdp
    ? "the valid client got no answer, or a wrong one"
    : !isBack(after)
    ? "the server keeps memory"
    : null;
  if (broken !== null) {
    throw new FuzzFailure(`${target.name} fails: ${broken}; ${figures}`);
  }
  return { inputs, outcomes: server.lines, slowestMs: p99Ms };
}

function megabytes(sizes: number[]): string {
  return sizes.map((size) => (size / 1e6).toFixed(1)).join("/");
}

/** Whether a valid client gets each of its replies. */
async function answered(
  to: { hostname: string; port: number },
  talk: [Bytes, RegExp][],
): Promise<boolean> {
  let reply = "";
  try {
    using conn = await Deno.connect(to);
    conn.setNoDelay(true);
    const timer = setTimeout(() => conn.close(), TCP_DEADLINE_MS);
    const buffer = new Uint8Array(65_536);
    try {
      for (const [send, expected] of talk) {
        await write(conn, send);
        while (!expected.test(reply)) {
          const count = await conn.read(buffer);
          if (count === null) return false;
          reply += latin1Text(buffer.subarray(0, count));
        }
      }
    } finally {
      clearTimeout(timer);
    }
    return true;
  } catch {
    return false;
  }
}

async function answeredDatagram(
  to: { hostname: string; port: number },
  [send, expected]: [Bytes, RegExp],
): Promise<boolean> {
  using socket = openDatagrams();
  const timer = setTimeout(() => socket.close(), UDP_DEADLINE_MS);
  try {
    await socket.send(send, { transport: "udp", ...to });
    const [reply] = await socket.receive();
    return expected.test(latin1Text(reply));
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Sends an input in some way; gives what comes back, if it is awaited. */
async function converse(
  to: { hostname: string; port: number },
  input: Bytes,
  random: () => number,
): Promise<string> {
  const [manner, cuts] = [random(), random()];
  let reply = "";
  try {
    using conn = await Deno.connect(to);
    const waitMs = manner < 0.5 ? 1000 : manner < 0.6 ? 20 : 0;
    const timer = setTimeout(() => conn.close(), waitMs);
    try {
      const parts = cuts < 0.5
        ? [input]
        : segmentsOf(input, random).slice(0, 20);
      for (const part of parts) await write(conn, part);
      if (manner < 0.5) await conn.closeWrite();
      const buffer = new Uint8Array(4096);
      while (waitMs > 0) {
        const count = await conn.read(buffer);
        if (count === null || reply.length > 10_000) break;
        reply += latin1Text(buffer.subarray(0, count));
      }
    } finally {
      clearTimeout(timer);
    }
  } catch { // reset, closed by the server, or by the deadline
  }
  return reply;
}

function latin1Text(part: Uint8Array): string {
  return new TextDecoder("latin1").decode(part);
}

async function write(conn: Deno.Conn, part: Uint8Array): Promise<void> {
  for (let done = 0; done < part.length;) {
    done += await conn.write(part.subarray(done));
  }
}

function openDatagrams(): Deno.DatagramConn & Disposable {
  const socket = Deno.listenDatagram(
    {
      ...{ transport: "udp", hostname: "127.0.0.1", port: 0 },
    } as Deno.UdpListenOptions & { transport: "udp" },
  );
  return Object.assign(socket, {
    [Symbol.dispose]() {
      try {
        socket.close();
      } catch { // closed by a deadline
      }
    },
  });
}
