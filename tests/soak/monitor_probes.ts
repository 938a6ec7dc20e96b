/**
 * A monitor under test: its targets count its probes, its disk fills up, its
 * store is locked, its configuration changes. What it kept is compared with what
 * the targets counted.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { Store } from "../../lib/monitor/store.ts";
import { AdmissionControl } from "../../lib/net/admission.ts";
import { serveDatagrams } from "../../lib/net/serve_datagrams.ts";
import { StampReflector } from "../../lib/stamp/reflector.ts";
import { sleepUntil } from "../../lib/timing/sleep.ts";
import { openDatagrams } from "../fixtures.ts";
import { script } from "../programs.ts";
import { ScratchFolder } from "../scratch.ts";
import { Subject } from "./subject.ts";

const REFLECTORS = 4;
const TARGETS = 50;
/** A request of a higher number as the first of its session is no probe. */
const HELLO_SEQUENCE = 1000;
/**
 * What a kill may lose: the records of so many milliseconds, those of a locked
 * store or a full disk and those that were not saved yet.
 */
const UNSAVED_MS = 11_000;
/** How long the store is locked, or the disk full, in milliseconds. */
const FAILURE_MS = 5000;
const DISK_MB = 128;
/** So many that of all faults only the one meant for it uses them up. */
const OPEN_FILES = 220;

/** What became of the monitor's probes. */
export interface ProbeCounts {
  /** Probes that the reflectors received. */
  reflected: number;
  /** Probes that the monitor kept as answered, as lost, as unknown. */
  kept: number;
  lost: number;
  unknown: number;
  /** Reflected so shortly before a kill that they may not have been kept. */
  unsaved: number;
}

/** Reflectors that count the probes of each session. */
class Reflectors implements AsyncDisposable {
  readonly ports: number[] = [];
  #sessions = new Map<string, { first: number; count: number }>();
  #stop = new AbortController();
  #served: Promise<void>[] = [];

  constructor() {
    for (let index = 0; index < REFLECTORS; index++) {
      const socket = openDatagrams();
      this.ports.push((socket.addr as Deno.NetAddr).port);
      const { answer } = new StampReflector({ maxSessions: 100_000 });
      this.#served.push(serveDatagrams(socket, (datagram, from) => {
        this.#count(datagram, from.port);
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

  #count(bytes: Uint8Array, port: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const key = `${port} ${view.getUint16(14)}`;
    const session = this.#sessions.get(key);
    if (session) session.count += 1;
    else this.#sessions.set(key, { first: view.getUint32(0), count: 1 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#served);
  }
}

/** A monitor in a process of its own, and its targets in this one. */
export class MonitorSubject extends Subject {
  readonly troubles = { reload: 0, lock: 0, disk: 0 };
  #scratch: ScratchFolder;
  #reflectors = new Reflectors();
  #generation = 0;
  #unsaved = 0;
  #isMounted = false;

  constructor() {
    const scratch = new ScratchFolder();
    const { path } = scratch;
    super(
      "monitor",
      script("monitor", ["--config", `${path}/monitor.toml`, "--data", path], [
        ...["--unstable-net", "--unstable-raw-imports", "--allow-net"],
        ...[`--allow-read=lib,${path}`, `--allow-write=${path}`],
      ]),
      OPEN_FILES,
    );
    this.#scratch = scratch;
  }

  override async start(): Promise<void> {
    if (this.port === 0) {
      this.#isMounted = await this.#mount();
      this.#configure();
    }
    await super.start();
  }

  /** Has one trouble after the other. */
  async haveTroubles(signal: AbortSignal): Promise<void> {
    const pass = (ms: number) =>
      sleepUntil(performance.now() + ms, signal, { relaxed: true });
    while (!signal.aborted) {
      this.#configure(); // it looks at the file once a second
      this.troubles.reload += 1;
      await pass(FAILURE_MS);
      using database = new DatabaseSync(`${this.#scratch.path}/monitor.db`);
      database.exec("PRAGMA busy_timeout=2000; BEGIN IMMEDIATE");
      this.troubles.lock += 1;
      await pass(FAILURE_MS);
      database.exec("ROLLBACK");
      database.close();
      await pass(FAILURE_MS);
      if (!this.fillDisk()) continue;
      this.troubles.disk += 1;
      await pass(FAILURE_MS);
      Deno.removeSync(`${this.#scratch.path}/filler`);
      await pass(FAILURE_MS);
    }
  }

  /** Kills it, and counts what it had no time to save. */
  override async restart(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const before = this.#reflectors.probes;
    await sleepUntil(performance.now() + UNSAVED_MS);
    const { probes } = this.#reflectors;
    await super.restart(signal);
    if (signal === "SIGKILL") this.#unsaved += probes - before;
  }

  /** Compares what it kept with what was reflected, after its end. */
  check(): ProbeCounts {
    const reflected = this.#reflectors.probes;
    const unsaved = this.#unsaved;
    const counts = { reflected, unsaved, kept: 0, lost: 0, unknown: 0 };
    using store = new Store(`${this.#scratch.path}/monitor.db`, {
      readOnly: true,
    });
    const day = Math.floor(Date.now() / 86_400_000) * 86_400;
    const span = { from: day - 86_400, to: day + 2 * 86_400 };
    for (const id of store.keys()) {
      for (const [, slot] of store.slots(id, 86_400, span)) {
        counts.kept += slot.sent - slot.lost;
        counts.lost += slot.lost;
        counts.unknown += slot.unknown;
      }
    }
    const missing = reflected - counts.kept;
    if (missing < 0 || missing > unsaved + counts.lost + counts.unknown) {
      this.complain(`kept ${counts.kept} of ${reflected} reflected probes`);
    }
    return counts;
  }

  /** Others at every second time. */
  #configure(): void {
    const generation = this.#generation++;
    const { ports } = this.#reflectors;
    const target = (name: string, at: number) =>
      `{ host = "stamp:127.0.0.1:${
        ports[at % ports.length]
      }", name = "${name}", labels = { generation = "${generation}" } }`;
    const all = Array.from(
      { length: TARGETS },
      (_, at) => target(`t${at}`, at),
    );
    if (generation % 2 === 1) all.push(target("extra", 0));
    this.#scratch.file("monitor.toml", `targets = [${all.join(",")}]`);
  }

  /** A small disk, where that is allowed. */
  async #mount(): Promise<boolean> {
    const args = ["-t", "tmpfs", "-o", `size=${DISK_MB}M`, "none"];
    const mount = new Deno.Command("mount", {
      args: [...args, this.#scratch.path],
      stderr: "null",
    });
    try {
      return (await mount.output()).success;
    } catch {
      return false;
    }
  }

  /** Fills its disk up; `false` where it has none of its own. */
  fillDisk(): boolean {
    if (!this.#isMounted) return false;
    using file = Deno.openSync(`${this.#scratch.path}/filler`, {
      ...{ write: true, create: true },
    });
    const block = new Uint8Array(2 ** 16);
    try {
      for (let at = 0; at < 2 * DISK_MB * 2 ** 20; at += file.writeSync(block));
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== "ENOSPC") throw error;
    }
    return true;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.#reflectors[Symbol.asyncDispose]();
    if (this.#isMounted) {
      const args = [this.#scratch.path];
      await new Deno.Command("umount", { args }).output();
    }
    this.#scratch[Symbol.dispose]();
  }
}
