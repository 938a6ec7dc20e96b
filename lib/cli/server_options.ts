/**
 * The options that servers share.
 *
 * @module
 */

import { type AdmissionControl, formatRefused } from "../net/admission.ts";
import type {
  DatagramHandler,
  ServeDatagramsOptions,
} from "../net/serve_datagrams.ts";
import {
  DEFAULT_MAX_CONNECTIONS,
  type ServeStreamsOptions,
} from "../net/serve_streams.ts";
import {
  DEFAULT_STREAM_LIMITS,
  type StreamCounts,
} from "../net/stream_connection.ts";
import { formatAddress } from "../net/address.ts";
import { formatCount, formatDuration } from "../result/quantities.ts";
import type { TlsListener } from "../net/tls_listener.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { parseTransform, type Transform } from "../text/transform.ts";
import {
  admissionControl,
  type AdmissionValues,
  connectionAdmission,
} from "./admission_options.ts";
import { lanRemedy, type ServerCommand, withContext } from "./context.ts";
import {
  choice,
  custom,
  duration,
  flag,
  integer,
  type Option,
  text,
} from "./option.ts";
import { type OptionValues, UsageError } from "./options.ts";
import {
  serverTls,
  TLS_SERVER_OPTIONS,
  type TlsServerValues,
} from "./tls_options.ts";

/** The options for the address of a server. */
export type ListenOptions =
  & Record<"host", Option<string>>
  & Record<"port", Option<number>>;

/**
 * Returns the options for the address of a server.
 *
 * @param port The default port.
 * @returns The options `--host` and `--port`.
 */
export function listenOptions(port: number): ListenOptions {
  return {
    host: text("HOST", "address to listen on; 0.0.0.0 or :: for all", {
      default: "127.0.0.1",
    }),
    port: integer("port to listen on; 0 picks a free one", {
      short: "p",
      min: 0,
      max: 65535,
      default: `${port}`,
    }),
  };
}

/** The option for the reply of the uppercase servers. */
export const TRANSFORM_OPTION: { transform: Option<Transform> } = {
  transform: custom(
    "NAME",
    parseTransform,
    "upper, echo, reverse or count=LETTER",
    { default: "upper" },
  ),
};

/** The mode, the limits and the log of a stream server. */
export const STREAM_SERVER_OPTIONS = {
  ...TLS_SERVER_OPTIONS,
  mode: choice(
    ["iterative", "concurrent"],
    "serve one client at a time, or all at once",
    { default: "concurrent" },
  ),
  idleTimeout: duration(
    "close a connection if its next message, a whole line, takes longer",
    { max: 86_400_000, default: `${DEFAULT_STREAM_LIMITS.readMs / 60_000}m` },
  ),
  maxConnections: integer("connections at once; more clients wait", {
    default: `${DEFAULT_MAX_CONNECTIONS}`,
  }),
  ...connectionAdmission(),
  reusePort: flag(
    "share the port with other processes that have this option, on Linux",
  ),
};

/** The part of a run that the logs of servers use. */
export interface ServerRun extends ServerCommand {
  /** Its options. */
  options: TlsServerValues & { verbose: boolean; reusePort?: boolean };
  /** Stops the server. */
  signal: AbortSignal;
  /** Where the log is written. */
  terminal: Terminal;
}

/** An open socket: a TCP listener may have got TLS. */
export type Listening<S> = S extends Deno.TcpListener ? S | TlsListener : S;

/**
 * Opens the socket of a server, starts TLS on its connections if the options say
 * so, and prints where it listens.
 *
 * @param run The run of the program.
 * @param address Where to listen.
 * @param open Calls `Deno.listen` or `Deno.listenDatagram`.
 * @returns The socket.
 * @throws {RunError} If the address cannot be used; it says what to do.
 * @throws {UsageError} If the port cannot be shared.
 */
export async function listen<
  A extends
    | {
      transport: "tcp" | "udp";
      hostname: string;
      port: number;
      reusePort?: boolean;
    }
    | { transport: "unix"; path: string },
  S extends { addr: Deno.Addr },
>(
  run: ServerRun,
  address: A,
  open: (address: A) => S,
): Promise<Listening<S>> {
  const { transport } = address;
  const { reusePort = false } = run.options;
  if (reusePort && (transport !== "tcp" || Deno.build.os !== "linux")) {
    throw new UsageError("--reuse-port is for TCP on Linux: leave it out");
  }
  const tls = await serverTls(run);
  if (tls !== null && transport !== "tcp") {
    throw new UsageError("--tls-cert is for TCP: leave it out");
  }
  const socket = await withContext(
    { action: "listen on", target: address, server: run },
    () => open(address),
  );
  const bound = transport === "unix"
    ? (address as { path: string }).path
    : formatAddress(socket.addr);
  run.terminal.print(
    `listening ${tls === null ? transport : "tls"} ${bound}`,
  );
  return (tls === null
    ? socket
    : tls(socket as unknown as Deno.TcpListener)) as Listening<S>;
}

/** A connection, for the log. */
export interface Connection {
  /** Its peer. */
  remote: string;
  /** What it has carried so far. */
  counts: Readonly<StreamCounts>;
}

/**
 * Counts the connections of a stream server; with `--verbose` it logs each one
 * and its end.
 */
export class ConnectionLog {
  /** Decides whose connections are accepted. */
  readonly admission: AdmissionControl;
  #run: ServerRun & { options: OptionValues<typeof STREAM_SERVER_OPTIONS> };
  #connections = 0;
  #total: StreamCounts = { receivedBytes: 0, sentBytes: 0, messages: 0 };

  /**
   * Starts counting.
   *
   * @param run A run of a program that has {@linkcode STREAM_SERVER_OPTIONS}.
   */
  constructor(
    run: ServerRun & { options: OptionValues<typeof STREAM_SERVER_OPTIONS> },
  ) {
    this.#run = run;
    this.admission = admissionControl(run);
  }

  /** The options of `serveStreams`. */
  get serving(): ServeStreamsOptions {
    const { options, signal, terminal } = this.#run;
    const { mode, idleTimeout, maxConnections } = options;
    return {
      mode,
      limits: { readMs: idleTimeout },
      maxConnections,
      admission: this.admission,
      onConnection: (connection) => {
        connection.countsMessages = options.verbose;
        return this.opened(connection);
      },
      signal,
      log: (line) => terminal.log(line),
    };
  }

  /**
   * Notes a connection.
   *
   * @param connection The connection.
   * @returns What to call at its end.
   */
  opened(connection: Connection): () => void {
    const { options, terminal } = this.#run;
    const { remote, counts } = connection;
    const startMs = performance.now();
    this.#connections += 1;
    if (options.verbose) terminal.log(`${remote}: connected`);
    return () => {
      this.#total.receivedBytes += counts.receivedBytes;
      this.#total.sentBytes += counts.sentBytes;
      this.#total.messages += counts.messages;
      if (!options.verbose) return;
      const duration = formatDuration((performance.now() - startMs) * 1000);
      terminal.log(
        `${remote}: closed after ${duration}: ${
          formatCount(counts.messages, "message")
        }, ${formatTraffic(counts)}`,
      );
    };
  }

  /** Prints the counts, at the server's end. */
  report(): void {
    const { options, terminal } = this.#run;
    const messages = options.verbose
      ? `${formatCount(this.#total.messages, "message")}, `
      : "";
    terminal.info(
      `${formatCount(this.#connections, "connection")}; ` +
        `refused: ${formatRefused(this.admission, "connections")}; ` +
        `${messages}${formatTraffic(this.#total)}`,
    );
  }
}

function formatTraffic({ receivedBytes, sentBytes }: StreamCounts): string {
  return `${formatCount(receivedBytes, "byte")} received, ${
    formatCount(sentBytes, "byte")
  } sent`;
}

/** Counts the datagrams of a server. */
export class DatagramLog {
  #run: ServerRun;
  #admission: AdmissionControl;
  #counts = { received: 0, answered: 0 };
  #saidDenied = false;

  /**
   * Starts counting.
   *
   * @param run A run of a program that has the options of `datagramAdmission`.
   */
  constructor(run: ServerRun & { options: AdmissionValues }) {
    this.#run = run;
    this.#admission = admissionControl(run);
  }

  /** The options of `serveDatagrams`. */
  get serving(): ServeDatagramsOptions {
    return {
      admission: this.#admission,
      signal: this.#run.signal,
      log: (line, error) => {
        if (!(error instanceof Deno.errors.NotCapable)) {
          return this.#run.terminal.log(line);
        }
        this.#counts.answered -= 1;
        if (this.#saidDenied) return;
        this.#saidDenied = true;
        this.#run.terminal.info(
          `${line}; ${lanRemedy(this.#run)}`,
        );
      },
    };
  }

  /**
   * Counts what a handler receives and answers.
   *
   * @param handler The handler.
   * @returns One that does the same.
   */
  counting(handler: DatagramHandler): DatagramHandler {
    return (datagram, from) => {
      this.#counts.received += 1;
      const reply = handler(datagram, from);
      if (reply !== null) this.#counts.answered += 1;
      return reply;
    };
  }

  /** Prints the counts, at the server's end. */
  report(): void {
    const { received, answered } = this.#counts;
    this.#run.terminal.info(
      `received ${received + this.#admission.refusedCount}, ` +
        `answered ${answered}; ` +
        `refused: ${formatRefused(this.#admission, "datagrams")}`,
    );
  }
}
