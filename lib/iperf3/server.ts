/**
 * The server of throughput tests. It serves several clients at once, and counts
 * each test separately.
 *
 * A connection starts a test, or joins one, only after it has sent a whole cookie,
 * so a silent connection does not keep others out. Datagrams are answered and sent
 * only to the host of a control connection.
 *
 * @module
 */

import { AdmissionControl, type SourceLimits } from "../net/admission.ts";
import { DeadlineError, errorMessage, isDisconnect } from "../net/errors.ts";
import { DatagramHub, plainHost } from "./datagram_hub.ts";
import type { Flow, FlowSocket } from "./flow.ts";
import {
  CONTROL_TIMEOUT_MS,
  ControlConnection,
  ERROR_NUMBER,
  Iperf3Error,
  PARAMETERS_LIMIT_BYTES,
  RESULTS_LIMIT_BYTES,
  STATE,
} from "./messages.ts";
import {
  flowCount,
  MAX_TIME_SEC,
  parseParameters,
  type TestParameters,
} from "./parameters.ts";
import { formatResults, parseResults, type TestResults } from "./results.ts";
import { type Bin, BIN_MS, Transfer } from "./transfer.ts";

/** How much longer than requested a test may take, in milliseconds. */
const GRACE_MS = 10_000;
/** The most connections that have not sent a cookie. */
const MAX_PENDING = 1024;
/** A test of 128 streams in both directions has 257 connections. */
export const THROUGHPUT_SOURCE_LIMITS: Readonly<Partial<SourceLimits>> = {
  maxPerSource: 260,
};
/** Over how many bins of 100 ms the rate is compared with its limit. */
const RATE_BINS = 50;
/** How long to pause after a failed accept, in milliseconds. */
const ACCEPT_PAUSE_MS = 100;

/** A test that has ended, on the server. */
export interface ServedTest {
  /** The client's address. */
  remote: string;
  /** What was measured; `null` if the parameters were refused. */
  transfer: Transfer | null;
  /** The client's results; `null` if it sent none. */
  results: TestResults | null;
  /** Why it failed; `null` if it did not. */
  error: string | null;
}

/** How a server serves. */
export interface ServeThroughputOptions {
  /** Tests at the same time; other clients are told that it is busy. Default 1. */
  concurrent?: number;
  /** Ends after one test that was complete. */
  oneOff?: boolean;
  /** Ends when no test has run for this long, in milliseconds. */
  idleTimeoutMs?: number;
  /** The highest rate of all streams of a test together, in bit/s. */
  maxBitsPerSec?: number;
  /** The longest test accepted, its omitted start included, in seconds. */
  maxDurationSec?: number;
  /** How long each control message may take. Default 10 seconds. */
  controlTimeoutMs?: number;
  /**
   * Checks who the client is.
   *
   * @param token What the client sent, or `null`.
   */
  authenticate?: (token: string | null) => boolean;
  /**
   * Whose connections are accepted, and whose greetings answered. By default
   * everyone's, within {@linkcode THROUGHPUT_SOURCE_LIMITS}.
   */
  admission?: AdmissionControl;
  /** Stops the server, and ends its tests. */
  signal?: AbortSignal;
  /** Called when a test begins to move data. */
  onStart?: (remote: string, parameters: TestParameters) => void;
  /** Called when a test has ended. */
  onTest?: (test: ServedTest) => void;
  /** Receives a line for each refusal. */
  log?: (line: string) => void;
}

/**
 * Serves tests until the signal is aborted.
 *
 * @param listener A bound listener; it is closed at the end.
 * @param socket A datagram socket on the same address and port, closed at the
 * end; `null` to refuse UDP.
 * @param options Limits and the signal.
 */
export async function serveThroughput(
  listener: Deno.Listener<Deno.TcpConn>,
  socket: Deno.DatagramConn | null,
  options: ServeThroughputOptions = {},
): Promise<void> {
  await new ThroughputServer(listener, socket, options).serve();
}

class ThroughputServer {
  readonly options: ServeThroughputOptions;
  readonly hub: DatagramHub | null;
  readonly stopped = new AbortController();
  #admission: AdmissionControl;
  #listener: Deno.Listener<Deno.TcpConn>;
  #tests = new Map<string, ServerTest>();
  #pending = new Set<ControlConnection>();
  #running = new Set<Promise<void>>();
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    listener: Deno.Listener<Deno.TcpConn>,
    socket: Deno.DatagramConn | null,
    options: ServeThroughputOptions,
  ) {
    this.#listener = listener;
    this.options = options;
    this.#admission = options.admission ??
      new AdmissionControl({ defaults: THROUGHPUT_SOURCE_LIMITS });
    this.hub = socket && new DatagramHub(socket, this.#admission);
  }

  async serve(): Promise<void> {
    const { signal, log = () => {} } = this.options;
    const stop = () => this.#stop();
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    const receiving = this.hub?.run(log);
    this.#watchIdle();
    while (!this.stopped.signal.aborted) {
      try {
        const conn = await this.#listener.accept();
        const serving = this.#greet(conn);
        this.#running.add(serving);
        serving.finally(() => this.#running.delete(serving));
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) break;
        if (this.stopped.signal.aborted || isDisconnect(error)) continue;
        log(`Cannot accept a connection: ${errorMessage(error)}`);
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
      }
    }
    stop();
    signal?.removeEventListener("abort", stop);
    await Promise.all(this.#running);
    this.hub?.close();
    await receiving;
  }

  #stop(): void {
    if (this.stopped.signal.aborted) return;
    this.stopped.abort();
    clearTimeout(this.#idle);
    this.#listener.close();
    for (const control of this.#pending) control.close();
  }

  #watchIdle(): void {
    const { idleTimeoutMs } = this.options;
    clearTimeout(this.#idle);
    if (idleTimeoutMs === undefined || this.stopped.signal.aborted) return;
    if (this.#tests.size > 0) return;
    this.#idle = setTimeout(() => this.#stop(), idleTimeoutMs);
  }

  /** Reads the cookie of a connection, and starts a test or joins one. */
  async #greet(conn: Deno.TcpConn): Promise<void> {
    const { concurrent = 1, controlTimeoutMs = CONTROL_TIMEOUT_MS } =
      this.options;
    const host = plainHost(conn.remoteAddr.hostname);
    const leave = this.#admission.accept(conn.remoteAddr);
    if (typeof leave === "string") return conn.close();
    const control = new ControlConnection(conn, controlTimeoutMs);
    control.closed.addEventListener("abort", leave);
    if (this.#pending.size >= MAX_PENDING) return control.close();
    this.#pending.add(control);
    const cookie = await control.readCookie();
    this.#pending.delete(control);
    const test = cookie === null ? undefined : this.#tests.get(cookie);
    if (cookie === null || this.stopped.signal.aborted) {
      control.close();
      return;
    }
    if (test?.addConnection(conn, control, host)) return;
    if (test !== undefined || this.#tests.size >= concurrent) {
      await control.writeStates(STATE.accessDenied).catch(() => {});
      control.close();
      return;
    }
    const begun = new ServerTest(this, control, host);
    this.#tests.set(cookie, begun);
    this.#watchIdle();
    const served = await begun.run();
    this.#tests.delete(cookie);
    this.options.onTest?.(served);
    await begun.leave();
    if (this.options.oneOff && served.error === null) this.#stop();
    this.#watchIdle();
  }
}

/** One test, from its parameters to its results. */
class ServerTest {
  #server: ThroughputServer;
  #control: ControlConnection;
  #host: string;
  #transfer: Transfer | null = null;
  #complete = Promise.withResolvers<void>();
  #recentBytes: number[] = [];

  constructor(
    server: ThroughputServer,
    control: ControlConnection,
    host: string,
  ) {
    this.#server = server;
    this.#control = control;
    this.#host = host;
  }

  /** Takes a data connection, if this test waits for one of that host. */
  addConnection(
    conn: Deno.TcpConn,
    control: ControlConnection,
    host: string,
  ): boolean {
    const transfer = this.#transfer;
    const { transport, noDelay } = transfer?.parameters ?? {};
    if (
      host !== this.#host || transport !== "tcp" || transfer!.isComplete
    ) return false;
    conn.setNoDelay(noDelay);
    this.#addFlow({
      localAddr: conn.localAddr,
      remoteAddr: conn.remoteAddr,
      write: (block) => conn.write(block),
      read: (buffer) => conn.read(buffer),
      close: () => control.close(),
    });
    return true;
  }

  async run(): Promise<ServedTest> {
    const control = this.#control;
    const { signal } = this.#server.stopped;
    const terminate = async () => {
      await control.writeStates(STATE.serverTerminate).catch(() => {});
      control.close();
    };
    signal.addEventListener("abort", terminate);
    let results: TestResults | null = null;
    let error: string | null = null;
    try {
      results = await this.#serve(control);
    } catch (caught) {
      error = signal.aborted ? "the server was stopped" : sentence(caught);
      const number = caught instanceof Iperf3Error ? caught.number : 0;
      if (number > 0) await control.writeError(number).catch(() => {});
    } finally {
      signal.removeEventListener("abort", terminate);
      await this.#transfer?.close();
    }
    return { remote: control.remote, transfer: this.#transfer, results, error };
  }

  /** Closes the control connection after the client has read the last message. */
  async leave(): Promise<void> {
    await this.#control.finish().catch(() => {});
    this.#control.close();
  }

  async #serve(control: ControlConnection): Promise<TestResults> {
    const { options } = this.#server;
    const { controlTimeoutMs = CONTROL_TIMEOUT_MS } = options;
    await control.writeStates(STATE.paramExchange);
    const parameters = parseParameters(
      await control.readJson(PARAMETERS_LIMIT_BYTES, ERROR_NUMBER.parameters),
    );
    this.#check(parameters);
    const transfer = new Transfer("server", parameters, {
      onBin: (bin) => this.#limitRate(bin),
    });
    this.#transfer = transfer;
    const { nextState } = await this.#createFlows(transfer);
    await control.writeStates(STATE.testStart, STATE.testRunning);
    transfer.start();
    options.onStart?.(control.remote, parameters);
    expectState(
      await Promise.race([nextState, transfer.failed]),
      STATE.testEnd,
    );
    transfer.stop();
    await transfer.settle();
    await transfer.close();
    control.readMs = controlTimeoutMs;
    await control.writeStates(STATE.exchangeResults);
    const results = parseResults(
      await control.readJson(RESULTS_LIMIT_BYTES, ERROR_NUMBER.results),
      transfer.flows.map(({ id }) => id),
    );
    const output = parameters.serverOutput ? serverOutput(transfer) : null;
    await control.writeJson(formatResults(transfer.results(output)));
    await control.writeStates(STATE.displayResults);
    await control.readState().catch(() => null); // done, or closed
    return results;
  }

  #check(parameters: TestParameters): void {
    const { options, hub } = this.#server;
    const { timeSec, omitSec, bitsPerSec } = parameters;
    const refuse = (message: string, number: number) => {
      throw new Iperf3Error("refused", message, number);
    };
    if (options.authenticate?.(parameters.authToken) === false) {
      throw new Iperf3Error(
        "authentication",
        "wrong user or password",
        ERROR_NUMBER.authentication,
      );
    }
    if (parameters.transport === "udp" && hub === null) {
      refuse("UDP is off", ERROR_NUMBER.parameters);
    }
    const { maxDurationSec, maxBitsPerSec = Infinity } = options;
    const isEndless = timeSec === 0 || timeSec + omitSec > maxDurationSec!;
    if (maxDurationSec !== undefined && isEndless) {
      refuse("the test is too long", ERROR_NUMBER.maxDuration);
    }
    if (bitsPerSec * flowCount(parameters) > maxBitsPerSec) {
      refuse("the rate is too high", ERROR_NUMBER.totalRate);
    }
  }

  /** Waits for all flows; returns the state that the client sends afterwards. */
  async #createFlows(
    transfer: Transfer,
  ): Promise<{ nextState: Promise<number | null> }> {
    const { hub, options } = this.#server;
    const { controlTimeoutMs = CONTROL_TIMEOUT_MS } = options;
    const { transport, timeSec, omitSec } = transfer.parameters;
    const { maxDurationSec = MAX_TIME_SEC } = options;
    const testMs = ((timeSec || maxDurationSec) + omitSec) * 1000;
    const control = this.#control;
    const isUdp = transport === "udp";
    // Datagrams do not say which test they belong to: one test of a host at a
    // time opens its flows.
    const release = isUdp ? await hub!.takeTurn(this.#host) : () => {};
    let timer;
    try {
      control.readMs = controlTimeoutMs + testMs + GRACE_MS;
      if (isUdp) hub!.greet(this.#host, (peer) => this.#addPeer(peer));
      await control.writeStates(STATE.createStreams);
      const nextState = control.readState();
      nextState.catch(() => {}); // it is awaited later
      const early = nextState.then((state) => {
        expectState(state, STATE.testStart);
      });
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() =>
          reject(
            new Iperf3Error(
              "overtime",
              `${transfer.flows.length} of ${
                flowCount(transfer.parameters)
              } data connections came`,
              ERROR_NUMBER.streams,
            ),
          ), controlTimeoutMs);
      });
      await Promise.race([this.#complete.promise, early, late]);
      return { nextState };
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  /** Takes a UDP flow; returns what to do with its datagrams. */
  #addPeer(peer: Deno.NetAddr): ((datagram: Uint8Array) => void) | null {
    if (this.#transfer!.isComplete) return null;
    const hub = this.#server.hub!;
    const flow = this.#addFlow({
      localAddr: hub.socket.addr as Deno.NetAddr,
      remoteAddr: peer,
      write: (datagram) => hub.socket.send(datagram, peer),
      close: () => hub.remove(peer),
    });
    return (datagram) => flow.addDatagram(datagram);
  }

  #addFlow(socket: FlowSocket): Flow {
    const flow = this.#transfer!.addFlow(socket);
    if (this.#transfer!.isComplete) this.#complete.resolve();
    return flow;
  }

  /** Ends a test whose mean rate over some seconds is higher than allowed. */
  #limitRate({ sentBytes, receivedBytes, elapsedMs }: Bin): void {
    const { maxBitsPerSec } = this.#server.options;
    if (maxBitsPerSec === undefined) return;
    const recent = this.#recentBytes;
    recent.push((sentBytes + receivedBytes) * BIN_MS / elapsedMs);
    if (recent.length > RATE_BINS) recent.shift();
    const bytes = recent.reduce((sum, of) => sum + of, 0);
    if (bytes * 8000 / BIN_MS / RATE_BINS > maxBitsPerSec) {
      this.#transfer!.fail(
        new Iperf3Error(
          "refused",
          "the rate is too high",
          ERROR_NUMBER.totalRate,
        ),
      );
    }
  }
}

/** Throws unless a state of the client is the expected one. */
function expectState(state: number | null, wanted: number): void {
  if (state === wanted) return;
  if (state === null) {
    throw new Iperf3Error("closed", "the client closed the connection");
  }
  throw state === STATE.clientTerminate
    ? new Iperf3Error("terminated", "the client ended the test")
    : new Iperf3Error(
      "malformed",
      `the client sent the unexpected state ${state}`,
      ERROR_NUMBER.unknownMessage,
    );
}

function sentence(error: unknown): string {
  return error instanceof DeadlineError
    ? `the client sent nothing for ${error.timeoutMs} ms`
    : errorMessage(error);
}

/** The output of the server, for a client that asks for it. */
function serverOutput(transfer: Transfer): string {
  return transfer.results().streams.map(({ id, bytes, seconds }, index) => {
    const rate = seconds > 0 ? bytes * 8 / seconds / 1e6 : 0;
    const verb = transfer.flows[index]!.isSender ? "sent" : "received";
    return `[${`${id}`.padStart(3)}] 0.00-${seconds.toFixed(2)} sec  ` +
      `${bytes} bytes ${verb}, ${rate.toFixed(2)} Mbit/s\n`;
  }).join("");
}
