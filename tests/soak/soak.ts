/**
 * Soak: a monitor with 200 targets that is reloaded, restarted, whose clock is
 * set, and whose store is locked, compared with what its reflectors counted.
 *
 *     deno task soak 3600
 *
 * @module
 */

import { AdmissionControl } from "../../lib/net/admission.ts";
import { DatabaseSync } from "node:sqlite";
import { parseConfig } from "../../lib/monitor/config.ts";
import { Store } from "../../lib/monitor/store.ts";
import { serveDatagrams } from "../../lib/net/serve_datagrams.ts";
import { StampReflector } from "../../lib/stamp/reflector.ts";
import { TestMonitor } from "../monitor/test_monitor.ts";

const REFLECTORS = 4;
/** A request of a higher number as the first of its session is no probe. */
const HELLO_SEQUENCE = 1000;

/** What a soak found. */
export interface SoakReport {
  /** Probes that the reflectors received. */
  reflected: number;
  /** Probes that the monitor kept as answered. */
  kept: number;
  /** Those that it kept as lost. */
  lost: number;
  /** Those whose fate it does not know. */
  unknown: number;
  /** Times the monitor was restarted, reloaded, its clock set, its store locked. */
  restarts: number;
  reloads: number;
  clockSteps: number;
  locks: number;
  /** The resident memory in the middle, and at the end, in MB. */
  earlyMb: number;
  lateMb: number;
  /** What the monitor said. */
  log: string[];
}

/** Reflectors that count the probes of each session. */
class Reflectors implements AsyncDisposable {
  readonly ports: number[] = [];
  #sessions = new Map<number, { first: number; count: number }>();
  #stop = new AbortController();
  #served: Promise<void>[] = [];

  constructor() {
    for (let index = 0; index < REFLECTORS; index++) {
      const socket = Deno.listenDatagram({
        ...{ transport: "udp", hostname: "127.0.0.1", port: 0 },
      });
      this.ports.push((socket.addr as Deno.NetAddr).port);
      const { answer } = new StampReflector({ maxSessions: 100_000 });
      this.#served.push(serveDatagrams(socket, (datagram, from) => {
        this.#count(datagram);
        return answer(datagram, from);
      }, {
        admission: new AdmissionControl({
          limits: { maxDatagramsPerSec: 2 ** 20 },
        }),
        signal: this.#stop.signal,
      }));
    }
  }

  get probes(): number {
    return [...this.#sessions.values()]
      .filter(({ first }) => first < HELLO_SEQUENCE)
      .reduce((sum, { count }) => sum + count, 0);
  }

  #count(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const ssid = view.getUint16(14);
    const session = this.#sessions.get(ssid);
    if (session) session.count += 1;
    else this.#sessions.set(ssid, { first: view.getUint32(0), count: 1 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#served);
  }
}

function configOf(ports: number[], targets: number, generation: number) {
  const words = Array.from({ length: targets }, (_, at) => {
    const port = ports[at % ports.length];
    return `{ host = "stamp:127.0.0.1:${port}", name = "t${at}", labels = { generation = "${generation}" } }`;
  });
  // Some come and go.
  const extra = generation % 2 === 0
    ? ""
    : `[[group]]\nname = "extra"\ntargets = [{ host = "stamp:127.0.0.1:${
      ports[0]
    }", name = "extra" }]`;
  return `targets = [${words.join(",")}]\n${extra}`;
}

/** Runs a monitor for some time, with one trouble after the other. */
export async function soak(
  { seconds, targets }: { seconds: number; targets: number },
): Promise<SoakReport> {
  await using reflectors = new Reflectors();
  const report: SoakReport = {
    ...{ reflected: 0, kept: 0, lost: 0, unknown: 0, restarts: 0, reloads: 0 },
    ...{ clockSteps: 0, locks: 0, earlyMb: 0, lateMb: 0, log: [] },
  };
  let generation = 0;
  let stepMs = 0;
  const toml = () => configOf(reflectors.ports, targets, generation);
  const options = {
    reread: () => parseConfig(toml()),
    clocks: { wallMs: () => Date.now() + stepMs },
    log: (line: string) => report.log.push(line),
  };
  await using monitor = await new TestMonitor(toml(), options).start();
  const pass = (ms: number) =>
    new Promise((resolve) => setTimeout(resolve, ms));
  const endMs = performance.now() + seconds * 1000;
  const memory = () => Math.round(Deno.memoryUsage().rss / 1e6);
  const troubles = [
    async () => {
      generation += 1;
      await monitor.status("/-/reload", { method: "POST" });
      report.reloads += 1;
    },
    async () => {
      using database = lock(monitor.scratch.path);
      await pass(5000);
      database.release();
      report.locks += 1;
    },
    () => {
      stepMs += report.clockSteps % 2 === 0 ? 3_600_000 : -3_600_000;
      report.clockSteps += 1;
      return Promise.resolve();
    },
    async () => {
      await monitor.restart(toml(), options);
      report.restarts += 1;
    },
  ];
  for (let turn = 0; performance.now() < endMs; turn++) {
    await pass(1500);
    report.log.push(
      `at ${Math.round(seconds - (endMs - performance.now()) / 1000)} s`,
    );
    await troubles[turn % troubles.length]!();
    if (performance.now() < endMs - seconds * 500) report.earlyMb = memory();
  }
  await pass(1000);
  report.lateMb = memory();
  await monitor.stop();
  report.reflected = reflectors.probes;
  using store = new Store(`${monitor.scratch.path}/monitor.db`, {
    readOnly: true,
  });
  const day = Math.floor(Date.now() / 86_400_000) * 86_400;
  const span = { from: day - 86_400, to: day + 2 * 86_400 };
  for (const id of store.keys()) {
    const all = store.slots(id, 86_400, span);
    for (const [, { sent, lost, unknown }] of all) {
      report.kept += sent - lost;
      report.lost += lost;
      report.unknown += unknown;
    }
  }
  return report;
}

function lock(folder: string) {
  const database = new DatabaseSync(`${folder}/monitor.db`);
  database.exec("PRAGMA busy_timeout=1000; BEGIN IMMEDIATE");
  return {
    release: () => database.exec("ROLLBACK"),
    [Symbol.dispose]: () => database.close(),
  };
}

if (import.meta.main) {
  const seconds = Number(Deno.args[0] ?? 3600);
  const report = await soak({ seconds, targets: 200 });
  // deno-lint-ignore no-console
  console.log(JSON.stringify(report, null, 2));
}
