#!/usr/bin/env -S deno run --unstable-net --allow-net --allow-read --allow-write
/**
 * Monitor: measures hosts day and night, keeps the figures, and shows them.
 *
 * Protocol:   STAMP (RFC 8762) over UDP, the measure protocol or a TCP
 *             connection; HTTP for readers, port 8080
 * Socket:     datagram and stream
 * Permission: --allow-net, to reach the hosts and to serve the page;
 *             --allow-read and --allow-write of the folder with the figures and
 *             the configuration, and --allow-read of lib, for a second thread;
 *             --allow-env=ROUNDTRIP_KEY for a shared key
 *
 *     $ deno task monitor 127.0.0.1 connect:example.net:443
 *     listening http://127.0.0.1:8080
 *
 *     $ curl http://127.0.0.1:8080/api/targets
 *
 * @module
 */

import project from "../deno.json" with { type: "json" };
import {
  admissionRules,
  connectionAdmission,
} from "../lib/cli/admission_options.ts";
import { RunError, withContext } from "../lib/cli/context.ts";
import { findSharedKey } from "../lib/cli/key_options.ts";
import {
  custom,
  duration,
  flag,
  integer,
  size,
  text,
} from "../lib/cli/option.ts";
import { UsageError } from "../lib/cli/options.ts";
import { defineProgram } from "../lib/cli/program.ts";
import {
  renewOnHangUp,
  serverIdentity,
  TLS_SERVER_OPTIONS,
} from "../lib/cli/tls_options.ts";
import {
  ConfigError,
  type MonitorConfig,
  parseConfig,
} from "../lib/monitor/config.ts";
import { Monitor } from "../lib/monitor/monitor.ts";
import { csvLine, type ExportRow, exportRows } from "../lib/monitor/export.ts";
import { importConfig } from "../lib/monitor/import.ts";
import { Store, storeFailure } from "../lib/monitor/store.ts";
import { parseTargetWord } from "../lib/monitor/target.ts";
import { formatAddress } from "../lib/net/address.ts";
import { formatCount } from "../lib/result/quantities.ts";
import { isLoopback } from "../lib/net/source.ts";

/** How often the configuration file is looked at, in milliseconds. */
const WATCH_MS = 1000;
/** How often systemd is told that the program is alive, in milliseconds. */
const ALIVE_MS = 10_000;

/** Runs the monitor until it is interrupted; returns the exit code. */
export const main = defineProgram({
  name: "monitor",
  summary: "Measures hosts day and night, keeps the figures, and shows them.",
  operands: "check|export|import|HOST...",
  details: [
    "HOST is stamp:HOST[:PORT], measure:HOST[:PORT], connect:HOST:PORT, or a host alone: STAMP if it answers, otherwise connections to port 443. Without HOST the targets are those of the configuration file. A measure server must have the shared key in the variable ROUNDTRIP_KEY, if it is set, or in the key_file of the configuration.",
    "check FILE tests a configuration file. import FILE prints one, made of SmokePing's Targets or of smokeping_prober's YAML. export TARGET prints what was kept of a target, a line of JSON a slot: the times are --from and --to, as in 2026-11-24, 2026-11-24T12:00Z or Unix seconds.",
    "The page is at the address that is printed. Alerts without a webhook are lines of JSON on standard output. The task may use the folder monitor; for another one add its --allow-read and --allow-write.",
  ],
  options: {
    config: text("FILE", "the configuration file", {
      default: "monitor/monitor.toml",
    }),
    data: text("FOLDER", "where the figures are kept", { default: "monitor" }),
    interval: duration("time between the probes of a HOST", {
      short: "i",
      min: 100,
      max: 3_600_000,
      default: "1s",
    }),
    timeout: duration("a probe of a HOST without an answer is lost after it", {
      min: 10,
      max: 60_000,
      default: "2s",
    }),
    host: text("HOST", "address to listen on; 0.0.0.0 or :: for all", {
      default: "127.0.0.1",
    }),
    port: integer("port to listen on; 0 picks a free one", {
      short: "p",
      min: 0,
      max: 65535,
      default: "8080",
    }),
    tokenFile: text("FILE", "readers must send the token in this file"),
    allowAnyone: flag("let anyone who reaches --host read, without a token"),
    ...connectionAdmission({}, "requests"),
    tlsCert: TLS_SERVER_OPTIONS.tlsCert,
    tlsKey: TLS_SERVER_OPTIONS.tlsKey,
    from: custom(
      "TIME",
      parseTime,
      "the start of an export (default: a day ago)",
    ),
    to: custom("TIME", parseTime, "the end of an export (default: now)"),
    csv: flag("export CSV instead of JSON"),
    notifySocket: text("PATH", "tell systemd there that it is ready and alive"),
    maxStore: size("stop keeping at this size; at least 1M", {
      min: 2 ** 20,
      max: 2 ** 50,
    }),
  },
  examples: [
    "127.0.0.1 connect:example.net:443",
    "--config monitor/monitor.toml",
    "check monitor/monitor.toml",
    "export 127.0.0.1~stamp~4 --from 2026-11-24 --csv > day.csv",
  ],
}, async (run) => {
  const { options, operands, given, signal, terminal } = run;
  const [command, ...rest] = operands;
  if (command === "check") {
    const { targets, rules } = await readConfig(oneFile(rest));
    terminal.print(
      `${formatCount(targets.length, "target")}, ${
        formatCount(rules.length, "alert rule")
      }`,
    );
    return 0;
  }
  if (command === "import") {
    const file = oneFile(rest);
    const { toml, notes } = await withContext(
      { action: "import", read: file },
      () => importConfig(Deno.readTextFileSync(file)),
    );
    for (const note of notes) terminal.info(note);
    terminal.print(toml.trim());
    return 0;
  }
  if (!("listenDatagram" in Deno)) throw new TypeError("UDP is off");
  const { host, port, data, config: path } = options;
  if (command === "export") {
    const now = Date.now() / 1000;
    const { to = now, csv } = options;
    const { from = to - DAY } = options;
    await printExport(oneFile(rest), data, { from, to }, (row) => {
      if (csv) terminal.print(csvLine(row));
      else if (row !== null) terminal.print(JSON.stringify(row));
      return !signal.aborted;
    });
    return 0;
  }
  const token = await readGuard(options);
  const isOpen = !isLoopback(host);
  if (isOpen && token === null && !options.allowAnyone) {
    throw new UsageError(
      `--host ${host} lets others read: add --token-file FILE, or --allow-anyone for everybody`,
    );
  }
  if (isOpen && token === null) {
    terminal.info(`anyone who reaches ${host} can read the figures`);
  }
  const config = operands.length > 0
    ? await fromWords(operands, options)
    : await readConfig(path).catch((error) => {
      const isMissing = error.cause instanceof Deno.errors.NotFound;
      if (given.config !== undefined || !isMissing) throw error;
      throw new UsageError(
        `name a HOST to measure, or write the configuration file ${path}`,
      );
    });
  const tls = await serverIdentity(options);
  await withContext(
    { action: "use the folder", write: data },
    () => Deno.mkdirSync(data, { recursive: true, mode: 0o700 }),
  );
  await using monitor = new Monitor({
    ...{ config, tls, token, port, hostname: host, folder: data },
    anyName: token !== null || options.allowAnyone,
    admission: admissionRules(options),
    logsRefused: options.verbose,
    maxBytes: options.maxStore ?? Infinity,
    version: project.version,
    reread: operands.length > 0 ? null : () => loadConfig(path),
    alert: (line) => terminal.print(line),
    log: (line) => terminal.info(line),
  });
  const address = await explained(
    data,
    { hostname: host, port },
    () => monitor.start(),
  );
  if (tls !== null) renewOnHangUp(run, (renewed) => monitor.renew(renewed));
  const scheme = tls === null ? "http" : "https";
  terminal.print(
    `listening ${scheme}://${formatAddress({ transport: "tcp", ...address })}`,
  );
  await using _notifier = options.notifySocket === undefined
    ? null
    : await notify(options.notifySocket, data);
  using _watch = operands.length > 0
    ? null
    : watch(path, () => monitor.reload());
  const interrupted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
  await explained(
    data,
    { hostname: host, port },
    () => Promise.race([interrupted, monitor.ended]),
  );
  return 0;
});

const DAY = 86_400;

function parseTime(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  if (!Number.isNaN(seconds)) return seconds;
  throw new SyntaxError(
    `a time such as 2026-11-24, 2026-11-24T12:00Z or Unix seconds, not "${text}"`,
  );
}

/** Gives the rows of a target to a function until it has enough. */
async function printExport(
  target: string,
  folder: string,
  span: { from: number; to: number },
  take: (row: ExportRow | null) => boolean,
): Promise<void> {
  using store = await explained(
    folder,
    null,
    () =>
      Promise.resolve(new Store(`${folder}/monitor.db`, { readOnly: true })),
  );
  const keys = store.keys();
  const [id, ...more] = keys.includes(target)
    ? [target]
    : keys.filter((key) => key.startsWith(`${target}~`));
  if (id === undefined || more.length > 0) {
    const known = more.length > 0 ? [id, ...more] : keys;
    throw new RunError(
      `Cannot export ${target}: name one of ${known.join(", ")}`,
    );
  }
  take(null);
  for (const row of exportRows(store, id, span, Date.now() / 1000)) {
    if (!take(row)) return;
  }
}

function oneFile(operands: string[]): string {
  const [file] = operands;
  if (operands.length === 1) return file!;
  throw new UsageError("name one file or target: see --help");
}

async function fromWords(
  words: string[],
  { interval, timeout }: { interval: number; timeout: number },
): Promise<MonitorConfig> {
  const found = await findSharedKey(undefined);
  const key = found && Promise.resolve(found);
  const targets = words.map((word) => {
    try {
      return {
        ...parseTargetWord(word),
        ...{ group: "", labels: {}, intervalMs: interval, timeoutMs: timeout },
        key,
      };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new UsageError(`"${word}" is no target: ${error.message}`);
    }
  });
  const ids = targets.map(({ name, ways }) => `${name} ${ways.at(-1)!.probe}`);
  const twice = ids.findIndex((id, index) => ids.indexOf(id) < index);
  if (twice >= 0) throw new UsageError(`${words[twice]} is given twice`);
  return { name: "monitor", targets, allow: [], rules: [], agents: [] };
}

async function readConfig(path: string): Promise<MonitorConfig> {
  return await withContext({ action: "read", read: path }, () => {
    try {
      return loadConfig(path);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new RunError(error.message);
    }
  });
}

/** Says the file and the line of a fault. */
function loadConfig(path: string): MonitorConfig {
  const text = Deno.readTextFileSync(path);
  try {
    return parseConfig(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { line, message } = error;
    throw new ConfigError(
      line,
      `${path}${line === null ? "" : `:${line}`}: ${message}`,
    );
  }
}

async function readGuard(
  { tokenFile }: { tokenFile: string | undefined },
): Promise<string | null> {
  if (tokenFile === undefined) return null;
  const token = (await readText(tokenFile)).trim();
  if (token.length >= 16) return token;
  throw new RunError(
    `Cannot use ${tokenFile}: a token has at least 16 characters; make one with openssl rand -hex 32`,
  );
}

function readText(path: string): Promise<string> {
  return withContext(
    { action: "read", read: path },
    () => Deno.readTextFile(path),
  );
}

/** Says which part of the monitor failed. */
async function explained<T>(
  folder: string,
  address: { hostname: string; port: number } | null,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (address === null && error instanceof Deno.errors.NotCapable) {
      return await withContext(
        { action: "use the figures in", read: folder },
        () => Promise.reject(error),
      );
    }
    const { errcode, code } = error as { errcode?: number; code?: string };
    if (
      errcode !== undefined || code === "ERR_SQLITE_ERROR" || address === null
    ) {
      throw new RunError(
        `Cannot use the figures in ${folder}: ${storeFailure(error)}`,
      );
    }
    if (error instanceof RangeError || (error as Error).name === "RangeError") {
      throw new RunError(
        `Cannot use the figures in ${folder}: ${(error as Error).message}`,
      );
    }
    return await withContext(
      { action: "listen on", target: { transport: "tcp", ...address } },
      () => Promise.reject(error),
    );
  }
}

/** Tells systemd that the program is ready, and then that it is alive. */
async function notify(
  path: string,
  folder: string,
): Promise<AsyncDisposable> {
  const own = `${folder}/notify-${Deno.pid}.sock`;
  const socket = await withContext(
    { action: "use the folder", write: folder },
    () => Deno.listenDatagram({ transport: "unixpacket", path: own }),
  );
  const to = { transport: "unixpacket", path } as const;
  const tell = (state: string) =>
    socket.send(new TextEncoder().encode(state), to).then(() => {}, () => {});
  await tell("READY=1");
  const timer = setInterval(() => tell("WATCHDOG=1"), ALIVE_MS);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await tell("STOPPING=1");
      socket.close();
      await Deno.remove(own);
    },
  };
}

/** Calls back when a file changes, or at SIGHUP. */
function watch(path: string, changed: () => void): Disposable {
  const stamp = () => {
    try {
      const { mtime, size, ino } = Deno.statSync(path);
      return `${mtime?.getTime()} ${size} ${ino}`;
    } catch {
      return null; // an editor is replacing it
    }
  };
  let last = stamp();
  const timer = setInterval(() => {
    const now = stamp();
    if (now === null || now === last) return;
    last = now;
    changed();
  }, WATCH_MS);
  const isSignalled = Deno.build.os !== "windows";
  if (isSignalled) Deno.addSignalListener("SIGHUP", changed);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      if (isSignalled) Deno.removeSignalListener("SIGHUP", changed);
    },
  };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
