/**
 * The server of throughput tests: any number of clients, each on its own numbers.
 *
 * A connection becomes a test, or a data connection of one, only once it has sent
 * a whole cookie; so a silent connection occupies nothing. Datagrams are answered
 * and sent only to the host of a control connection.
 *
 * @module
 */

import { DeadlineError, errorMessage, isDisconnect } from "../net/errors.ts";
import { localResults } from "./client.ts";
import { DatagramHub, plainHost } from "./datagram_hub.ts";
import { DatagramCounts } from "./datagrams.ts";
import {
  addDatagram,
  newBlock,
  newReadBuffer,
  receiveStream,
  sendDatagrams,
  sendStream,
} from "./flows.ts";
import {
  CONTROL_TIMEOUT_MS,
  ControlConnection,
  cookieText,
  ERROR_NUMBER,
  Iperf3Error,
  PARAMETERS_LIMIT_BYTES,
  readCookie,
  RESULTS_LIMIT_BYTES,
  SILENCE_MS,
  STATE,
} from "./messages.ts";
import {
  MAX_TIME_SEC,
  parseParameters,
  type TestParameters,
} from "./parameters.ts";
import { formatResults, parseResults, type TestResults } from "./results.ts";
import { Flow, flowId, Transfer } from "./transfer.ts";

/** How much longer than it asks for a test may take, in milliseconds. */
const GRACE_MS = 10_000;
/** The most connections that have not sent a cookie: in all, and of one host. */
const MAX_PENDING = 256;
const MAX_PENDING_OF_HOST = 130;
/** Over how many ticks of 100 ms the rate is compared with its limit. */
const RATE_TICKS = 50;
/** How long to pause after a failed accept, in milliseconds. */
const ACCEPT_PAUSE_MS = 100;

/** A test that has ended, on the server. */
export interface ServedTest {
  /** The client's address. */
  remote: string;
  /** What was measured. */
  transfer: Transfer;
  /** What the client says of it; `null` if it did not. */
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
  /** Ends when no test runs for so long, in milliseconds. */
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
  listener: Deno.TcpListener,
  socket: Deno.DatagramConn | null,
  options: ServeThroughputOptions = {},
): Promise<void> {
  await new ThroughputServer(listener, socket, options).serve();
}

class ThroughputServer {
  readonly options: ServeThroughputOptions;
  readonly hub: DatagramHub | null;
  readonly stopped = new AbortController();
  #listener: Deno.TcpListener;
  #tests = new Map<string, ServerTest>();
  #pending = new Map<Deno.Conn, string>();
  #running = new Set<Promise<void>>();
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    listener: Deno.TcpListener,
    socket: Deno.DatagramConn | null,
    options: ServeThroughputOptions,
  ) {
    this.#listener = listener;
    this.options = options;
    this.hub = socket && new DatagramHub(socket);
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
    for (const conn of this.#pending.keys()) close(conn);
  }

  #watchIdle(): void {
    const { idleTimeoutMs } = this.options;
    clearTimeout(this.#idle);
    if (idleTimeoutMs === undefined || this.stopped.signal.aborted) return;
    if (this.#tests.size > 0) return;
    this.#idle = setTimeout(() => this.#stop(), idleTimeoutMs);
  }

  /** Reads the cookie of a connection, which says what it is for. */
  async #greet(conn: Deno.TcpConn): Promise<void> {
    const { concurrent = 1, controlTimeoutMs = CONTROL_TIMEOUT_MS } =
      this.options;
    const host = plainHost(conn.remoteAddr.hostname);
    const ofHost = [...this.#pending.values()].filter((one) => one === host);
    if (
      this.#pending.size >= MAX_PENDING || ofHost.length >= MAX_PENDING_OF_HOST
    ) {
      close(conn);
      return;
    }
    this.#pending.set(conn, host);
    const cookie = await readCookie(conn, controlTimeoutMs);
    this.#pending.delete(conn);
    if (cookie === null || this.stopped.signal.aborted) {
      close(conn);
      return;
    }
    const text = cookieText(cookie);
    const test = this.#tests.get(text);
    if (test?.addConnection(conn, host)) return;
    if (test !== undefined || this.#tests.size >= concurrent) {
      await conn.write(Uint8Array.of(STATE.accessDenied)).catch(() => {});
      close(conn);
      return;
    }
    const begun = new ServerTest(this, conn, host);
    this.#tests.set(text, begun);
    this.#watchIdle();
    const served = await begun.run();
    this.#tests.delete(text);
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
  #wanted = 0;
  #connections: Deno.TcpConn[] = [];
  #peers: Deno.NetAddr[] = [];
  #complete = Promise.withResolvers<void>();
  #failed = Promise.withResolvers<never>();
  #recent: number[] = [];

  constructor(server: ThroughputServer, conn: Deno.TcpConn, host: string) {
    this.#server = server;
    this.#host = host;
    this.#control = new ControlConnection(
      conn,
      server.options.controlTimeoutMs,
    );
    this.#failed.promise.catch(() => {}); // perhaps after the end
  }

  /** Takes a data connection, if this test waits for one of that host. */
  addConnection(conn: Deno.TcpConn, host: string): boolean {
    const transfer = this.#transfer;
    if (
      host !== this.#host || transfer?.parameters.transport !== "tcp" ||
      this.#connections.length >= this.#wanted
    ) return false;
    conn.setNoDelay(transfer.parameters.noDelay);
    this.#connections.push(conn);
    this.#addFlow(transfer);
    return true;
  }

  async run(): Promise<ServedTest> {
    const control = this.#control;
    const { signal } = this.#server.stopped;
    const terminate = async () => {
      await control.writeStates(STATE.serverTerminate).catch(() => {});
      control[Symbol.dispose]();
    };
    signal.addEventListener("abort", terminate);
    let results: TestResults | null = null;
    let error: string | null = null;
    const loops: Promise<void>[] = [];
    try {
      results = await this.#serve(control, loops);
    } catch (caught) {
      error = signal.aborted ? "the server was stopped" : sentence(caught);
      const number = caught instanceof Iperf3Error ? caught.number : 0;
      if (number > 0) await control.writeError(number).catch(() => {});
    } finally {
      signal.removeEventListener("abort", terminate);
      this.#transfer?.stop();
      if (this.#transfer) this.#transfer.isCounting = false;
      for (const conn of this.#connections) close(conn);
      for (const peer of this.#peers) this.#server.hub!.remove(peer);
      await Promise.allSettled(loops);
    }
    const transfer = this.#transfer ??
      new Transfer(parseParameters({}), { intervalSec: 0 });
    return { remote: control.remote, transfer, results, error };
  }

  /** Closes the control connection, such that the client reads the last words. */
  async leave(): Promise<void> {
    await this.#control.finish().catch(() => this.#control[Symbol.dispose]());
  }

  async #serve(
    control: ControlConnection,
    loops: Promise<void>[],
  ): Promise<TestResults> {
    const { options } = this.#server;
    const timeoutMs = options.controlTimeoutMs ?? CONTROL_TIMEOUT_MS;
    await control.writeStates(STATE.paramExchange);
    const parameters = parseParameters(
      await control.readJson(PARAMETERS_LIMIT_BYTES, ERROR_NUMBER.parameters),
    );
    this.#check(parameters);
    const transfer = new Transfer(parameters, {
      intervalSec: 0,
      onTick: (transfer) => this.#tick(transfer),
    });
    const { direction, parallel, timeSec, omitSec } = parameters;
    this.#wanted = direction === "both" ? 2 * parallel : parallel;
    this.#transfer = transfer;
    const { maxDurationSec = MAX_TIME_SEC } = options;
    const testSec = (timeSec || maxDurationSec) + omitSec;
    const { nextState } = await this.#createFlows(control, testSec * 1000);
    await control.writeStates(STATE.testStart, STATE.testRunning);
    transfer.start();
    loops.push(...this.#startFlows(transfer));
    options.onStart?.(control.remote, parameters);
    this.#expect(
      await Promise.race([nextState, this.#failed.promise]),
      STATE.testEnd,
    );
    transfer.stop();
    await transfer.settle();
    for (const conn of this.#connections) close(conn);
    control.waitAtMost(timeoutMs);
    await control.writeStates(STATE.exchangeResults);
    const results = parseResults(
      await control.readJson(RESULTS_LIMIT_BYTES, ERROR_NUMBER.results),
      transfer.flows.map(({ id }) => id),
    );
    const output = parameters.serverOutput ? serverOutput(transfer) : null;
    await control.writeJson(formatResults(localResults(transfer, output)));
    await control.writeStates(STATE.displayResults);
    await control.readState().catch(() => null); // done, or closed
    return results;
  }

  #check(parameters: TestParameters): void {
    const { options, hub } = this.#server;
    const { timeSec, omitSec, bitsPerSec, parallel, direction } = parameters;
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
    const flows = direction === "both" ? 2 * parallel : parallel;
    if (bitsPerSec * flows > maxBitsPerSec) {
      refuse("the rate is too high", ERROR_NUMBER.totalRate);
    }
  }

  /** Waits for all flows; returns the state that the client sends afterwards. */
  async #createFlows(
    control: ControlConnection,
    testMs: number,
  ): Promise<{ nextState: Promise<number | null> }> {
    const { hub, options } = this.#server;
    const timeoutMs = options.controlTimeoutMs ?? CONTROL_TIMEOUT_MS;
    const isUdp = this.#transfer!.parameters.transport === "udp";
    // Datagrams do not say which test they belong to: one test of a host at a
    // time opens its flows.
    const release = isUdp ? await hub!.takeTurn(this.#host) : () => {};
    let timer;
    try {
      control.waitAtMost(timeoutMs + testMs + GRACE_MS);
      await control.writeStates(STATE.createStreams);
      const nextState = control.readState();
      nextState.catch(() => {}); // it is awaited later
      if (isUdp) {
        hub!.greet(
          this.#host,
          (peer) => this.#addPeer(peer),
          (error) => this.#failed.reject(error),
        );
      }
      const early = nextState.then((state) => {
        this.#expect(state, STATE.testStart);
      });
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() =>
          reject(
            new Iperf3Error(
              "overtime",
              `${this.#wanted} data connections were announced, and ${
                this.#transfer!.flows.length
              } came`,
              ERROR_NUMBER.streams,
            ),
          ), timeoutMs);
      });
      await Promise.race([
        this.#complete.promise,
        early,
        late,
        this.#failed.promise,
      ]);
      return { nextState };
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  /** Takes a UDP flow; returns what to do with its datagrams. */
  #addPeer(peer: Deno.NetAddr): ((datagram: Uint8Array) => void) | null {
    const transfer = this.#transfer!;
    if (transfer.flows.length >= this.#wanted) return null;
    this.#peers.push(peer);
    const flow = this.#addFlow(transfer);
    return (datagram) => addDatagram(datagram, flow, transfer);
  }

  #addFlow(transfer: Transfer): Flow {
    const { direction, parallel, transport, counters64 } = transfer.parameters;
    const index = transfer.flows.length;
    const isSender = direction === "both"
      ? index >= parallel
      : direction === "reverse";
    const isCounted = transport === "udp" && !isSender;
    const flow = new Flow(
      flowId(index),
      isSender,
      isCounted ? new DatagramCounts(counters64) : null,
    );
    transfer.flows.push(flow);
    if (transfer.flows.length === this.#wanted) this.#complete.resolve();
    return flow;
  }

  #startFlows(transfer: Transfer): Promise<void>[] {
    const { parameters, flows } = transfer;
    const block = newBlock(parameters);
    const buffer = newReadBuffer(parameters);
    return flows.map(async (flow, index) => {
      try {
        if (parameters.transport === "udp") {
          if (!flow.isSender) return;
          const { socket } = this.#server.hub!;
          await sendDatagrams(
            socket,
            this.#peers[index]!,
            flow,
            transfer,
            block,
          );
        } else if (flow.isSender) {
          await sendStream(this.#connections[index]!, flow, transfer, block);
        } else {
          await receiveStream(
            this.#connections[index]!,
            flow,
            transfer,
            buffer,
          );
        }
      } catch (error) {
        this.#failed.reject(error);
      }
    });
  }

  /** Ends a test that is silent, or faster than allowed. */
  #tick(transfer: Transfer): void {
    const { maxBitsPerSec } = this.#server.options;
    if (transfer.silentMs > SILENCE_MS) {
      this.#failed.reject(
        new Iperf3Error("silent", "no data", ERROR_NUMBER.noData),
      );
    }
    if (maxBitsPerSec === undefined) return;
    this.#recent.push(
      transfer.flows.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    if (this.#recent.length <= RATE_TICKS) return;
    const bytes = this.#recent.at(-1)! - this.#recent.shift()!;
    if (bytes * 8 * 10 / RATE_TICKS > maxBitsPerSec) {
      this.#failed.reject(
        new Iperf3Error(
          "refused",
          "the rate is too high",
          ERROR_NUMBER.totalRate,
        ),
      );
    }
  }

  #expect(state: number | null, wanted: number): void {
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
}

function sentence(error: unknown): string {
  return error instanceof DeadlineError
    ? `the client sent nothing for ${error.timeoutMs} ms`
    : errorMessage(error);
}

/** What a client prints that asks for the server's output. */
function serverOutput(transfer: Transfer): string {
  return transfer.flows.map((flow) => {
    const { bytes } = flow.measured();
    const seconds = transfer.secondsOf(flow);
    const rate = seconds > 0 ? bytes * 8 / seconds / 1e6 : 0;
    return `[${`${flow.id}`.padStart(3)}] 0.00-${seconds.toFixed(2)} sec  ` +
      `${bytes} bytes ${flow.isSender ? "sent" : "received"}, ` +
      `${rate.toFixed(2)} Mbit/s\n`;
  }).join("");
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
