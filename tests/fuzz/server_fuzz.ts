/**
 * Fuzzes servers in processes of their own: hostile clients beside a valid one,
 * which must lose nothing over TCP. Afterwards the server must have given back
 * its memory.
 *
 * @module
 */

import { Histogram } from "../../lib/stats/histogram.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { SharedKey } from "../../lib/net/shared_key.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { certificates } from "../certificates.ts";
import { bytes, openDatagrams, writeAll } from "../fixtures.ts";
import { ScratchFolder } from "../scratch.ts";
import { SECRET } from "../shared_key.ts";
import { type Ask, VALID_CLIENTS, WrongAnswer } from "../valid_clients.ts";
import { escapeInput } from "./input.ts";
import { type Bytes, mutated } from "./mutator.ts";
import {
  casesOf,
  FuzzFailure,
  type FuzzFigures,
  sentenceOf,
  type Target,
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
  /** The valid client, by the server's port. */
  client: (port: number) => Ask;
}

const GET = (path: string, more = "") =>
  `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${more}\r\n`;
/** Requests to the monitor. */
const HTTP: Target = {
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
  run: () => {},
};

/** The start of a handshake: a record of a ClientHello, cut off. */
const TLS: Target = {
  name: "tls",
  corpus: [
    Uint8Array.of(22, 3, 1, 0, 60, 1, 0, 0, 56, 3, 3, ...Array(50).fill(7)),
    Uint8Array.of(21, 3, 3, 0, 2, 2, 40),
    "GET / HTTP/1.1\r\n\r\n",
  ],
  run: () => {},
};
/** Exchanges a line after some handshake. */
function afterHandshake(
  open: (port: number) => Promise<StreamConnection>,
  line: string,
  answer: string,
): (port: number) => Ask {
  return (port) => async () => {
    using connection = await open(port);
    await connection.writeAll(bytes(line));
    const read = latin1Text(await connection.readLine() ?? bytes(""));
    if (read !== answer) throw new WrongAnswer(read);
    return true;
  };
}

async function overTls(port: number): Promise<StreamConnection> {
  const caCerts = [(await certificates()).authority.cert];
  return new StreamConnection(
    await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts }),
  );
}

async function withKey(port: number): Promise<StreamConnection> {
  const key = await SharedKey.import(bytes(SECRET));
  const connection = new StreamConnection(
    await Deno.connect({ hostname: "127.0.0.1", port }),
  );
  await key.prove(connection, "measure");
  return connection;
}

const serve = (
  name: string,
  command: string,
  like: string,
  more: Partial<ServerTarget> = {},
): ServerTarget => ({
  name: `serve-${name}`,
  command,
  like,
  client: VALID_CLIENTS[name]!,
  ...more,
});

/** The servers. */
export const SERVERS: ServerTarget[] = [
  serve("hello", "hello_server", "uppercase-server"),
  serve("tcp", "tcp_server", "uppercase-server"),
  serve(
    "tcp-tls",
    "tcp_server --tls-cert DATA/cert --tls-key DATA/cert-key",
    "tls",
    { client: afterHandshake(overTls, "straße\n", "STRASSE\n") },
  ),
  serve("udp", "udp_server --max-rate 100000", "uppercase", { isUdp: true }),
  serve("time", "time_server", "time"),
  serve("time-udp", "time_server --udp", "time", { isUdp: true }),
  serve("measure", "measure_server", "measure-server"),
  serve(
    "measure-key",
    "measure_server --key-file DATA/key",
    "shared-key",
    {
      client: afterHandshake(withKey, "s rtt 1 3 0\n", "200 OK: Ready\n"),
    },
  ),
  serve("stamp", "stamp_server --max-rate 1000000", "stamp-reflector", {
    isUdp: true,
  }),
  serve(
    "throughput",
    "throughput_server --concurrent 1000",
    "iperf3-parameters",
  ),
  serve("throughput-udp", "throughput_server", "iperf3-datagrams", {
    isUdp: true,
    client: VALID_CLIENTS.throughput!,
  }),
  serve("peer", "peer --max-peers 64", "peer-mesh"),
  serve(
    "monitor",
    "monitor --data DATA --interval 1s connect:127.0.0.1:1",
    "http",
  ),
];

const HOSTILE_CLIENTS = 16;
/** Datagrams between two of the valid client: fewer than a socket queues. */
const BURST = 32;
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
  internal: string | null = null;
  hasEnded = false;

  constructor(command: string, folder: ScratchFolder) {
    const [name, ...args] = command.replaceAll("DATA", folder.path).split(" ");
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

  /** Waits until it listens, or has ended. */
  async listening(): Promise<void> {
    await this.#listening.promise;
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
  using folder = new ScratchFolder();
  const { good } = await certificates();
  folder.file("key", SECRET);
  folder.file("cert", good.cert);
  folder.file("cert-key", good.key);
  await using server = new ServerProcess(target.command, folder);
  await server.listening();
  const to = { hostname: "127.0.0.1", port: server.port };
  const like = [HTTP, TLS, ...TARGETS].find(({ name }) =>
    name === target.like
  )!;
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
  const ask = target.client(to.port);
  let loss = "";
  const exchange = async () => {
    const startMs = performance.now();
    exchanges += 1;
    const isAnswered = await ask(seed + exchanges).catch((error) => {
      loss ||= `${error}`;
      return false;
    });
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
      const socket = openDatagrams();
      const reading = (async () => {
        for await (const [reply] of socket) heard(latin1Text(reply));
      })();
      while (!isOver()) {
        for (let sent = 0; sent < BURST; sent++) {
          await socket.send(next(), { transport: "udp", ...to });
        }
        await exchange();
      }
      socket.close();
      await reading;
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
  ask[Symbol.dispose]?.();
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
    ? `the valid client got no answer, or a wrong one: ${loss}`
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
      for (const part of parts) await writeAll(conn, part);
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
