/**
 * Soak: all servers at once, each in a process of its own that the real script
 * starts, with a valid client beside each and with faults: resets, stalls,
 * rubbish, too many open files, clocks that are set, kills; for the monitor also
 * a full disk, a locked store and other configurations. The counts are exact.
 *
 *     deno task soak 3600
 *
 * @module
 */

import { sectionsPage } from "../../lib/report/page.ts";
import type { Section } from "../../lib/result/section.ts";
import { sleepUntil } from "../../lib/timing/sleep.ts";
import { formatSections } from "../../lib/terminal/section.ts";
import { Terminal } from "../../lib/terminal/terminal.ts";
import { script } from "../programs.ts";
import { SCRATCH } from "../scratch.ts";
import {
  DATAGRAM_FAULTS,
  EXHAUSTION,
  OPEN_FILES,
  streamFaults,
} from "./faults.ts";
import { MonitorSubject, type ProbeCounts } from "./monitor_probes.ts";
import { Subject } from "./subject.ts";

/** When servers are killed, as shares of the soak. */
const KILLS_AT = [0.1, 0.2];
/** Memory is compared between these parts of the soak, after the kills. */
const WARM = [0.4, 0.6] as const;
const END = [0.9, 1] as const;
/** It may grow by this share meanwhile. */
const MAX_GROWTH = 0.25;
/** In a shorter soak heaps still grow, so only their size is limited. */
const SHORT_SECONDS = 600;
const MAX_SHORT_BYTES = 512 * 2 ** 20;
/** Time between faults of a server, in milliseconds, at most. */
const MAX_PAUSE_MS = 2000;
/** Within this time a monitor serves again that had too many files open. */
const RECOVERY_MS = 4000;
const SAMPLES = 200;
const PAGE_BYTES = 4096;
const STYLE = { width: 130, ascii: false, color: false };
const DATAGRAM = ["udp", "time-udp", "stamp"];

/** What a soak found. */
export interface SoakReport {
  servers: Subject[];
  probes: ProbeCounts;
  /** How often each fault happened. */
  faults: Record<string, number>;
  /** What is wrong, a sentence each; empty if all is well. */
  failures: string[];
  sections: Section[];
}

function makeServers(): Subject[] {
  const server = (name: string, line: string, openFiles = OPEN_FILES) =>
    new Subject(name, script(line), openFiles);
  return [
    server("hello", "hello_server"),
    server("tcp", "tcp_server"),
    server("udp", "udp_server"),
    server("time", "time_server"),
    server("time-udp", "time_server --udp"),
    server("measure", "measure_server"),
    server("stamp", "stamp_server"),
    server("throughput", "throughput_server --concurrent 1000"),
    server("peer", "peer --name ada"),
  ];
}

/** Runs all servers for some time. */
export async function soak(seconds: number): Promise<SoakReport> {
  await using stack = new AsyncDisposableStack();
  const monitor = stack.use(new MonitorSubject());
  const servers = [...makeServers().map((one) => stack.use(one)), monitor];
  await Promise.all(servers.map((server) => server.start()));
  const faults: Record<string, number> = {};
  const stop = new AbortController();
  const { signal } = stop;
  const startMs = performance.now();
  const at = (share: number, signal?: AbortSignal) =>
    sleepUntil(startMs + share * seconds * 1000, signal, { relaxed: true });
  const valid = new AbortController();
  const clients = servers.map((server) =>
    server.serveValidClient(valid.signal)
  );
  const running = [
    ...servers.map((server) => suffer(server, faults, signal)),
    ...servers.map(async (server) => {
      for (const share of KILLS_AT) {
        await at(share, signal);
        if (signal.aborted) return;
        await server.restart("SIGKILL");
        count(faults, "kill");
      }
      // On a full disk a monitor does not start.
      if (server === monitor) await monitor.haveTroubles(signal);
    }),
    sample(servers, seconds / SAMPLES, signal),
  ];
  await Promise.race([at(1), Promise.all(running)]);
  stop.abort();
  await Promise.all(running);
  valid.abort();
  await Promise.all(clients);
  for (const server of servers) await server.stop("SIGTERM");
  for (const [name, times] of Object.entries(monitor.troubles)) {
    faults[`monitor: ${name}`] = times;
  }
  const probes = monitor.check();
  const failures = servers.flatMap((server) => failuresOf(server, seconds));
  return {
    ...{ servers, probes, faults, failures },
    sections: sectionsOf({ servers, probes, faults, failures }, seconds),
  };
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** One fault after the other, in any order. */
async function suffer(
  server: Subject,
  counts: Record<string, number>,
  signal: AbortSignal,
): Promise<void> {
  const { name, port } = server;
  const faults = Object.entries(
    DATAGRAM.includes(name) ? DATAGRAM_FAULTS : streamFaults(name),
  );
  while (!signal.aborted) {
    const pauseMs = Math.random() * MAX_PAUSE_MS;
    await sleepUntil(performance.now() + pauseMs, signal, { relaxed: true });
    const [kind, fault] = faults[Math.floor(Math.random() * faults.length)]!;
    // Deno's HTTP server drops all connections when it cannot accept one.
    server.mayRefuse = name === "monitor" && kind === EXHAUSTION;
    await fault(port, signal);
    if (server.mayRefuse) await sleepUntil(performance.now() + RECOVERY_MS);
    server.mayRefuse = false;
    count(counts, kind);
  }
}

/**
 * Notes what the system says of the processes and their sockets, in files that
 * Deno itself reads with all permissions alone.
 */
async function sample(
  servers: Subject[],
  everySeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const startMs = performance.now();
  while (!signal.aborted) {
    const pids = servers.map(({ pid }) => pid);
    const read = new Deno.Command("grep", {
      args: ["", ...pids.map((pid) => `/proc/${pid}/statm`), "/proc/net/udp"],
      stderr: "null", // some may have ended
    });
    const lines = new TextDecoder().decode((await read.output()).stdout);
    const second = (performance.now() - startMs) / 1000;
    for (const [index, server] of servers.entries()) {
      const [, pages] = RegExp(`^/proc/${server.pid}/statm:\\d+ (\\d+)`, "m")
        .exec(lines) ?? [];
      const hex = server.port.toString(16).toUpperCase().padStart(4, "0");
      const [, dropped = 0] = RegExp(`/udp:.*:${hex} 0.* (\\d+) *$`, "m")
        .exec(lines) ?? [];
      if (pages !== undefined && pids[index] === server.pid) {
        server.sample(second, Number(pages) * PAGE_BYTES, Number(dropped));
      }
    }
    const nextMs = performance.now() + everySeconds * 1000;
    await sleepUntil(nextMs, signal, { relaxed: true });
  }
}

function memoryOf(server: Subject, seconds: number) {
  const within = (part: readonly [number, number]) =>
    server.memory(part[0] * seconds, part[1] * seconds);
  const start = server.samples[0]?.rss ?? NaN;
  return { start, warm: within(WARM), end: within(END) };
}

function failuresOf(server: Subject, seconds: number): string[] {
  const { name, counts, allDropped, complaints } = server;
  const { requests, correct, wrong, lost, refused } = counts;
  const { warm, end } = memoryOf(server, seconds);
  const failures = complaints.map((what) => `${name}: ${what}`);
  if (correct === 0 || correct + wrong + lost + refused !== requests) {
    failures.push(`${name}: ${correct} of ${requests} requests were answered`);
  }
  if (wrong > complaints.length) failures.push(`${name}: ${wrong} are wrong`);
  if (lost > allDropped) {
    failures.push(
      `${name}: ${lost} requests were lost, and its socket dropped ${allDropped}`,
    );
  }
  const limit = seconds < SHORT_SECONDS
    ? MAX_SHORT_BYTES
    : warm * (1 + MAX_GROWTH);
  if (!(end <= limit)) {
    failures.push(`${name}: memory grew from ${warm} to ${end} bytes`);
  }
  return failures;
}

function sectionsOf(
  { servers, probes, faults, failures }: Omit<SoakReport, "sections">,
  seconds: number,
): Section[] {
  const { reflected, kept, lost, unknown, unsaved } = probes;
  const steady = Object.entries(faults)
    .map(([kind, times]) => `${kind} ${times}`).join(", ");
  return [{
    title: `All servers for ${seconds} s`,
    table: {
      columns: [
        ...["requests", "wrong", "lost", "dropped", "refused"]
          .map((name) => ({ name })),
        ...["p50", "p99"].map((name) => ({ name, unit: "us" as const })),
        ...["RSS start", "warm", "end"]
          .map((name) => ({ name, unit: "bytes" as const })),
      ],
      rows: servers.map((server) => {
        const { name, counts, latency, allDropped } = server;
        const { requests, wrong, lost, refused } = counts;
        const { start, warm, end } = memoryOf(server, seconds);
        const isDatagram = DATAGRAM.includes(name);
        return {
          name,
          values: [
            ...[requests, wrong, isDatagram ? lost : "none"],
            ...[isDatagram ? allDropped : "none", refused],
            ...[latency.percentile(50), latency.percentile(99)],
            ...[start, warm, end],
          ],
        };
      }),
    },
    sentences: [
      "Dropped are the datagrams, also those of faults, for which the server's socket had no room. Refused are the requests while a server was killed and started again, or while the monitor had too many files open.",
      seconds < SHORT_SECONDS
        ? `Memory may be ${MAX_SHORT_BYTES / 2 ** 20} MiB at the end.`
        : `Memory is compared between ${100 * WARM[0]} to ${
          100 * WARM[1]
        } % of the time and the last tenth; it may grow by ${
          100 * MAX_GROWTH
        } %.`,
      `Monitor: of ${reflected} probes that its targets reflected it kept ${kept}; lost ${lost}, unknown ${unknown}; up to ${unsaved} came in the seconds before a kill.`,
      `Faults: ${steady}.`,
      ...failures,
    ],
    charts: [{
      kind: "curve",
      title: "Resident memory",
      x: { label: "time", unit: "s" },
      y: { label: "RSS", unit: "bytes" },
      series: servers.map(({ name, samples }) => ({
        name,
        points: samples.map(({ second, rss }) => ({ x: second, y: rss })),
      })),
    }, {
      kind: "curve",
      title: "Latency of the valid clients, p99",
      x: { label: "time", unit: "s" },
      y: { label: "p99", unit: "us", scale: "log" },
      series: servers.map(({ name, samples }) => ({
        name,
        points: samples.filter(({ p99_us }) => p99_us !== null)
          .map(({ second, p99_us }) => ({ x: second, y: p99_us })),
      })),
    }],
  }];
}

if (import.meta.main) {
  const seconds = Number(Deno.args[0] ?? 3600);
  const terminal = new Terminal();
  const { sections, failures } = await soak(seconds);
  terminal.print(formatSections(sections, STYLE, false));
  const path = `${SCRATCH}/soak.html`;
  Deno.writeTextFileSync(path, sectionsPage(`Soak of ${seconds} s`, sections));
  terminal.print(`charts: ${path}`);
  Deno.exitCode = failures.length > 0 ? 1 : 0;
}
