/**
 * The client of a throughput test.
 *
 * @module
 */

import { isFrom } from "../net/datagram_socket.ts";
import { DeadlineError } from "../net/errors.ts";
import { eachDatagram } from "./datagram_hub.ts";
import {
  HELLO,
  HELLO_REPLY,
  isGreeting,
  OLD_HELLO_REPLY,
} from "./datagrams.ts";
import {
  ControlConnection,
  cookieText,
  ERROR_NUMBER,
  Iperf3Error,
  newCookie,
  RESULTS_LIMIT_BYTES,
  STATE,
} from "./messages.ts";
import { formatParameters, type TestParameters } from "./parameters.ts";
import {
  formatResults,
  parseResults,
  type StreamResult,
  type TestResults,
} from "./results.ts";
import { type Interval, Transfer, type TransferOptions } from "./transfer.ts";

/** How long each step of the server may take, in milliseconds. */
const STEP_TIMEOUT_MS = 30_000;

/** Opens the sockets of a client. */
export interface ThroughputSockets {
  /** Connects to the server; with TLS, Nagle's algorithm is off. */
  connect(): Promise<Deno.TcpConn | Deno.TlsConn>;
  /** Opens a datagram socket on a free port; needed with UDP. */
  openDatagrams?(): Deno.DatagramConn;
}

/** How a client measures. */
export interface ThroughputOptions extends TransferOptions {
  /** What to measure. */
  parameters: TestParameters;
  /** Ends the test early; the results are still exchanged. */
  signal?: AbortSignal;
  /** How long each step of the server may take; default 30 seconds. */
  stepTimeoutMs?: number;
}

/** What both ends report of one stream. */
export interface StreamPair {
  /** Its number in the protocol. */
  id: number;
  /** `forward`: the client sends. */
  direction: "forward" | "reverse";
  /** The sender's figures; `null` if the server sent no results. */
  sender: StreamResult | null;
  /** The receiver's figures, likewise. */
  receiver: StreamResult | null;
}

/**
 * Measures with an iperf3 server.
 *
 * What was measured can be read at any time, also after a failure.
 *
 * @example Usage
 * ```ts
 * import { ThroughputClient } from "./client.ts";
 * import { parseParameters } from "./parameters.ts";
 * import { serveThroughput } from "./server.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * const served = serveThroughput(listener, null, { oneOff: true });
 * const client = new ThroughputClient({
 *   connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
 * }, { parameters: parseParameters({ tcp: true, num: 100_000 }) });
 * await client.run();
 * await served;
 * assertEquals(client.results?.streams[0]?.bytes, 100_000);
 * ```
 */
export class ThroughputClient {
  /** The flows and what they moved, on this side. */
  readonly transfer: Transfer;
  /** The server's results; `null` until it has sent them. */
  results: TestResults | null = null;
  /** The cookie of the test, as text. */
  readonly cookie: string;
  #sockets: ThroughputSockets;
  #options: ThroughputOptions;
  #cookie = newCookie();

  /**
   * Prepares a test; connects to nothing yet.
   *
   * @param sockets Opens the sockets.
   * @param options What to measure.
   */
  constructor(sockets: ThroughputSockets, options: ThroughputOptions) {
    this.#sockets = sockets;
    this.#options = options;
    this.cookie = cookieText(this.#cookie);
    this.transfer = new Transfer("client", options.parameters, options);
  }

  /** The intervals so far. */
  get intervals(): Interval[] {
    return this.transfer.intervals;
  }

  /** What both ends report of each stream, so far or at the end. */
  get streams(): StreamPair[] {
    const { flows } = this.transfer;
    return this.transfer.results().streams.map((here, index) => {
      const { id } = here;
      const there = this.results?.streams.find((one) => one.id === id) ?? null;
      return flows[index]!.isSender
        ? { id, direction: "forward", sender: here, receiver: there }
        : { id, direction: "reverse", sender: there, receiver: here };
    });
  }

  /**
   * Runs the test.
   *
   * @throws {Iperf3Error} If the server refuses or breaks it off.
   * @throws {DeadlineError} If a step takes too long.
   */
  async run(): Promise<void> {
    const { signal, parameters, stepTimeoutMs = STEP_TIMEOUT_MS } =
      this.#options;
    const conn = await this.#sockets.connect();
    using control = new ControlConnection(conn, stepTimeoutMs);
    const leave = () => control.close();
    signal?.addEventListener("abort", leave);
    let hasStarted = false;
    try {
      signal?.throwIfAborted();
      await control.writeAll(this.#cookie);
      await expectState(control, STATE.paramExchange);
      await control.writeJson(formatParameters(parameters));
      await expectState(control, STATE.createStreams);
      while (!this.transfer.isComplete) {
        await (parameters.transport === "tcp"
          ? this.#openStream()
          : this.#openDatagrams(conn.remoteAddr));
      }
      await expectState(control, STATE.testStart);
      await expectState(control, STATE.testRunning);
      signal?.removeEventListener("abort", leave);
      hasStarted = true;
      await this.#exchange(control, stepTimeoutMs);
      await control.writeStates(STATE.done);
      await control.finish();
    } catch (error) {
      if (hasStarted) {
        await control.writeStates(STATE.clientTerminate).catch(() => {});
      } else signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", leave);
      await this.transfer.close();
    }
  }

  /** Lets data flow until the end, then exchanges the results. */
  async #exchange(
    control: ControlConnection,
    stepTimeoutMs: number,
  ): Promise<void> {
    const { transfer } = this;
    control.readMs = 2 ** 31 - 1;
    const nextState = expectState(control, STATE.exchangeResults);
    transfer.start();
    await Promise.race([this.#untilOver(), nextState, transfer.failed]);
    transfer.stop();
    control.readMs = stepTimeoutMs;
    await control.writeStates(STATE.testEnd);
    await nextState;
    await transfer.settle();
    await control.writeJson(formatResults(transfer.results()));
    this.results = parseResults(
      await control.readJson(RESULTS_LIMIT_BYTES, ERROR_NUMBER.results),
      transfer.flows.map(({ id }) => id),
    );
    const missing = this.streams.some(({ direction, sender }) =>
      direction === "reverse" && sender === null
    );
    if (missing && this.#isBidirectional) throw noSecondDirection();
    await expectState(control, STATE.displayResults);
  }

  /** Waits for the end of the test: by time, by amount, or by the signal. */
  async #untilOver(): Promise<void> {
    const { signal, parameters: { timeSec, omitSec } } = this.#options;
    const over = Promise.withResolvers<void>();
    const end = () => over.resolve();
    const timer = timeSec > 0
      ? setTimeout(end, (timeSec + omitSec) * 1000)
      : undefined;
    signal?.addEventListener("abort", end);
    this.transfer.stopped.addEventListener("abort", end);
    if (signal?.aborted) end();
    await Promise.race([over.promise, this.transfer.limit.reached]);
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }

  get #isBidirectional(): boolean {
    return this.#options.parameters.direction === "both";
  }

  async #openStream(): Promise<void> {
    const conn = await this.#sockets.connect();
    this.transfer.addFlow(conn);
    if ("setNoDelay" in conn) {
      conn.setNoDelay(this.#options.parameters.noDelay);
    }
    for (let done = 0; done < this.#cookie.length;) {
      done += await conn.write(this.#cookie.subarray(done));
    }
  }

  /** Sends the greeting once: the server would take a copy for data. */
  async #openDatagrams(server: Deno.NetAddr): Promise<void> {
    const { signal, stepTimeoutMs = STEP_TIMEOUT_MS } = this.#options;
    const socket = this.#sockets.openDatagrams!();
    const peer: Deno.NetAddr = { ...server, transport: "udp" };
    const flow = this.transfer.addFlow({
      localAddr: socket.addr as Deno.NetAddr,
      remoteAddr: peer,
      write: (datagram) => socket.send(datagram, peer),
      close: () => socket.close(),
    });
    const reply = Promise.withResolvers<void>();
    eachDatagram(socket, (datagram, from) => {
      if (!isFrom(from, peer)) return;
      if (
        isGreeting(datagram, HELLO_REPLY) ||
        isGreeting(datagram, OLD_HELLO_REPLY)
      ) reply.resolve();
      else flow.addDatagram(datagram);
    }).catch((error) => this.transfer.fail(error));
    const isSecond = this.#isBidirectional && !flow.isSender;
    const timer = setTimeout(() =>
      reply.reject(
        isSecond
          ? noSecondDirection()
          : new DeadlineError("read", stepTimeoutMs),
      ), stepTimeoutMs);
    const interrupt = () => reply.reject(signal!.reason);
    signal?.addEventListener("abort", interrupt);
    try {
      await socket.send(HELLO, peer);
      await Promise.race([reply.promise, this.transfer.failed]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", interrupt);
    }
  }
}

/** The error for a server before 3.7, which ignores the request for both ways. */
function noSecondDirection(): Iperf3Error {
  return new Iperf3Error(
    "oneWay",
    "the server does not know tests in both directions, which iperf3 has from 3.7 on",
  );
}

/** Reads a state of the server, and throws unless it is the expected one. */
async function expectState(
  control: ControlConnection,
  wanted: number,
): Promise<void> {
  const state = await control.readState();
  switch (state) {
    case wanted:
      return;
    case null:
      throw new Iperf3Error(
        "closed",
        "the server closed the control connection",
      );
    case STATE.accessDenied:
      throw new Iperf3Error("busy", "the server is busy with another test");
    case STATE.serverTerminate:
      throw new Iperf3Error("terminated", "the server ended the test");
    case STATE.serverError: {
      const number = await control.readErrorNumber();
      throw number === ERROR_NUMBER.authentication
        ? new Iperf3Error(
          "authentication",
          "the server does not accept the user or the password",
          number,
        )
        : new Iperf3Error(
          "refused",
          `the server reports iperf3's error ${number}${
            MEANINGS[number] ?? ""
          }`,
          number,
        );
    }
    default:
      throw new Iperf3Error(
        "malformed",
        `the server sent the unexpected state ${state}, not ${wanted}`,
      );
  }
}

const MEANINGS: Record<number, string> = {
  [ERROR_NUMBER.totalRate]: ": the rate is above its limit",
  [ERROR_NUMBER.maxDuration]: ": the test is longer than it allows",
  [ERROR_NUMBER.parameters]: ": it does not accept the parameters",
  160: ": the test took longer than it allows",
};
