/**
 * What servers hold: idle and slow connections, connections that are reset, and
 * datagrams of many sources, each with a valid client beside it, whose p99 is
 * compared with its p99 without the load.
 *
 * The load comes from another process on the processor of the valid client.
 *
 * @module
 */

import { Histogram } from "../../lib/stats/histogram.ts";
import { script, serve, type Server } from "../programs.ts";
import { type Ask, VALID_CLIENTS } from "../valid_clients.ts";
import { Helper, pinned, report, terminal, us } from "./harness.ts";

const IDLE = 10_000;
const SLOW = 2000;
const RESETS = 20_000;
const SOURCES = 100_000;
const OPEN_FILES = 12_000;
/** How long idle and slow clients are held, in milliseconds. */
const HOLD_MS = 3000;
const ALONE_MS = 2000;
/** The goals: the p99 as a multiple of that without load, or this, in ms. */
const MAX_RATIO = 3;
const HELD_MS = 5;
const BURST_MS = 50;
const MAX_KIB = 16;
const MAX_LOST = 0.001;
const PAGE_KIB = 4;
const LOOPBACK = ["--unstable-net", "--allow-net=127.0.0.0/8"];
const MANY = `--max-connections ${2 * IDLE}`;

/** A server: its script, and how many idle connections it is to hold. */
interface Loaded {
  line: string;
  /** Fewer where it allows fewer, or none where it closes them itself. */
  idle?: number;
  slow?: number;
  resets?: number;
  sources?: number;
}

const SERVERS: Record<string, Loaded> = {
  hello: { line: `hello_server ${MANY}`, idle: IDLE, slow: SLOW },
  tcp: { line: `tcp_server ${MANY}`, idle: IDLE, slow: SLOW },
  time: { line: `time_server ${MANY}` },
  measure: { line: `measure_server ${MANY}`, idle: IDLE, slow: SLOW },
  // It waits 10 s for what comes first.
  throughput: { line: "throughput_server --concurrent 100", idle: 130 },
  // It waits as long, for at most twice as many connections as peers.
  peer: { line: "peer --name ada", idle: 100 },
  udp: { line: "udp_server", sources: SOURCES },
  "time-udp": { line: "time_server --udp", sources: SOURCES },
  stamp: { line: "stamp_server", sources: SOURCES },
};

/** Prints all figures of it. */
export async function loadFigures(): Promise<void> {
  // Also for the processes that this one starts.
  const limit = `--nofile=${OPEN_FILES}:${OPEN_FILES}`;
  const args = ["--pid", `${Deno.pid}`, limit];
  const { success } = await new Deno.Command("prlimit", {
    args,
    stderr: "null",
  }).output().catch(() => ({ success: false }));
  if (!success) {
    terminal.print(
      `load: needs ${OPEN_FILES} open files: run it as root, or first have root run prlimit ${limit} --pid of your shell`,
    );
    return;
  }
  for (const [name, { line, ...loads }] of Object.entries(SERVERS)) {
    await using server = await start(line);
    const port = Number(server.port);
    const ask = VALID_CLIENTS[name]!(port);
    await measure(ask, pause(ALONE_MS / 2)); // warm-up
    const alone = await measure(ask, pause(ALONE_MS));
    const { idle, slow, sources, resets = sources ? 0 : RESETS } = loads;
    if (idle) await held(name, "idle", server, idle, ask, alone);
    if (slow) await held(name, "slow", server, slow, ask, alone);
    if (resets) await passing(name, "resets", port, resets, ask, alone);
    if (sources) await passing(name, "sources", port, sources, ask, alone);
    ask[Symbol.dispose]?.();
  }
}

async function start(line: string): Promise<Server> {
  const command = script(line, ["--port", "0"], LOOPBACK);
  const pin = pinned ? ["taskset", "--cpu-list", "0"] : [];
  return await serve([...pin, ...command]);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What a valid client got meanwhile. */
interface Figures {
  p99Us: number;
  requests: number;
  lost: number;
}

async function measure(ask: Ask, until: Promise<unknown>): Promise<Figures> {
  const latency = new Histogram();
  let [isOver, requests, lost] = [false, 0, 0];
  until.finally(() => isOver = true);
  while (!isOver) {
    const startMs = performance.now();
    if (await ask(++requests)) {
      latency.record((performance.now() - startMs) * 1000);
    } else lost += 1;
  }
  return { p99Us: latency.percentile(99) ?? Infinity, requests, lost };
}

/** Connections that stay, and what each takes of the server's memory. */
async function held(
  name: string,
  kind: "idle" | "slow",
  server: Server,
  count: number,
  ask: Ask,
  alone: Figures,
): Promise<void> {
  const before = await memoryKib(server);
  await using crowd = new Helper(kind, Number(server.port), count);
  await crowd.number(); // all are connected
  await ask(0); // and the server has accepted them
  const figures = await measure(ask, pause(HOLD_MS));
  const open = await crowd.ask();
  // That of few connections is less than a collection of garbage.
  const each = count < 1000
    ? 0
    : Math.max(0, await memoryKib(server) - before) / count;
  const goal = Math.max(MAX_RATIO * alone.p99Us, HELD_MS * 1000);
  report(
    `${name}: ${open} ${kind} of ${count}`,
    `p99 ${us(figures.p99Us)}${each ? `, ${each.toFixed(1)} KiB each` : ""}`,
    us(alone.p99Us),
    {
      ratio: figures.p99Us / alone.p99Us,
      target: `${MAX_RATIO} times or ${HELD_MS} ms, all, ${MAX_KIB} KiB`,
      met: figures.p99Us <= goal && open === count && each <= MAX_KIB,
    },
  );
}

/** Clients that come and go. */
async function passing(
  name: string,
  kind: "resets" | "sources",
  port: number,
  count: number,
  ask: Ask,
  alone: Figures,
): Promise<void> {
  await using crowd = new Helper(kind, port, count);
  await crowd.number(); // it begins
  const startMs = performance.now();
  const { p99Us, requests, lost } = await measure(ask, crowd.number());
  const rate = count * 1000 / (performance.now() - startMs);
  const isDatagram = kind === "sources";
  report(
    `${name}: ${count} ${kind}, ${rate.toFixed(0)}/s`,
    `p99 ${us(p99Us)}${isDatagram ? `, lost ${lost} of ${requests}` : ""}`,
    us(alone.p99Us),
    {
      ratio: p99Us / alone.p99Us,
      target: `${MAX_RATIO} times or ${BURST_MS} ms${
        isDatagram ? `, ${100 * MAX_LOST} % lost` : ""
      }`,
      met: p99Us <= Math.max(MAX_RATIO * alone.p99Us, BURST_MS * 1000) &&
        lost <= MAX_LOST * requests,
    },
  );
}

async function memoryKib({ pid }: Server): Promise<number> {
  const args = [`/proc/${pid}/statm`];
  const { stdout } = await new Deno.Command("cat", { args }).output();
  return Number(new TextDecoder().decode(stdout).split(" ")[1]) * PAGE_KIB;
}
