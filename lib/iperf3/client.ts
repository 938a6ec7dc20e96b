/**
 * The client of a throughput test.
 *
 * @module
 */

import { receiveDatagram } from "../net/datagram_socket.ts";
import { DeadlineError } from "../net/errors.ts";
import {
  DatagramCounts,
  HELLO,
  HELLO_REPLY,
  isGreeting,
  OLD_HELLO_REPLY,
} from "./datagrams.ts";
import {
  newBlock,
  newReadBuffer,
  receiveDatagrams,
  receiveStream,
  sendDatagrams,
  sendStream,
} from "./flows.ts";
import {
  ControlConnection,
  cookieText,
  ERROR_NUMBER,
  Iperf3Error,
  newCookie,
  RESULTS_LIMIT_BYTES,
  SILENCE_MS,
  STATE,
} from "./messages.ts";
import { formatParameters, type TestParameters } from "./parameters.ts";
import { formatResults, parseResults, type TestResults } from "./results.ts";
import {
  Flow,
  flowId,
  type Interval,
  Transfer,
  type TransferOptions,
} from "./transfer.ts";

/** How long each step of the server may take, in milliseconds. */
const STEP_TIMEOUT_MS = 30_000;

/** Opens the sockets of a client. */
export interface ThroughputSockets {
  /** Connects to the server. */
  connect(): Promise<Deno.TcpConn>;
  /** Opens a datagram socket on a free port, with UDP. */
  openDatagrams(): Deno.DatagramConn;
}

/** How a client measures. */
export interface ThroughputOptions extends Omit<TransferOptions, "onTick"> {
  /** What to measure. */
  parameters: TestParameters;
  /** Ends the test early; the results are still exchanged. */
  signal?: AbortSignal;
  /** How long each step of the server may take; default 30 seconds. */
  stepTimeoutMs?: number;
  /** Called ten times a second while data flows. */
  onTick?: (transfer: Transfer) => void;
}

/** The two ends of a data connection. */
export interface ConnectedFlow {
  /** The number of the flow. */
  id: number;
  /** Our address. */
  local: Deno.NetAddr;
  /** The server's address. */
  remote: Deno.NetAddr;
}

type DataSocket = Deno.TcpConn | Deno.DatagramConn;

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
 *   openDatagrams: () => {
 *     throw new Error("not used with TCP");
 *   },
 * }, {
 *   parameters: parseParameters({ tcp: true, num: 100_000 }),
 *   intervalSec: 1,
 * });
 * await client.run();
 * await served;
 * assertEquals(client.results?.streams[0]?.bytes, 100_000);
 * ```
 */
export class ThroughputClient {
  /** The flows and what they moved, on this side. */
  readonly transfer: Transfer;
  /** What the server says of the test; `null` before it did. */
  results: TestResults | null = null;
  /** The data connections. */
  readonly connected: ConnectedFlow[] = [];
  /** The cookie of the test, as text. */
  readonly cookie: string;
  /** The server's address, once connected. */
  remote: Deno.NetAddr | null = null;
  #sockets: ThroughputSockets;
  #options: ThroughputOptions;
  #cookie = newCookie();
  #open: DataSocket[] = [];
  #failed = Promise.withResolvers<never>();

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
    this.#failed.promise.catch(() => {}); // perhaps after the end
    this.transfer = new Transfer(options.parameters, {
      ...options,
      onTick: (transfer) => {
        if (transfer.silentMs > SILENCE_MS) {
          this.#failed.reject(
            new Iperf3Error("silent", "no data for two minutes"),
          );
        }
        options.onTick?.(transfer);
      },
    });
  }

  /** The intervals so far. */
  get intervals(): Interval[] {
    return this.transfer.intervals;
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
    this.remote = conn.remoteAddr;
    using control = new ControlConnection(conn, stepTimeoutMs);
    const leave = () => control[Symbol.dispose]();
    signal?.addEventListener("abort", leave);
    const loops: Promise<void>[] = [];
    try {
      signal?.throwIfAborted();
      await control.writeBytes(this.#cookie);
      await this.#expect(control, STATE.paramExchange);
      await control.writeJson(formatParameters(parameters));
      await this.#expect(control, STATE.createStreams);
      await this.#openFlows();
      await this.#expect(control, STATE.testStart);
      await this.#expect(control, STATE.testRunning);
      signal?.removeEventListener("abort", leave);
      await this.#exchange(control, loops);
      await control.writeStates(STATE.done);
      await control.finish();
    } catch (error) {
      if (loops.length > 0) {
        await control.writeStates(STATE.clientTerminate).catch(() => {});
      } else signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", leave);
      this.transfer.stop();
      this.transfer.isCounting = false;
      for (const socket of this.#open) socket.close();
      await Promise.allSettled(loops);
    }
  }

  /** Lets data flow until the end, then exchanges the results. */
  async #exchange(
    control: ControlConnection,
    loops: Promise<void>[],
  ): Promise<void> {
    const { transfer } = this;
    const { stepTimeoutMs = STEP_TIMEOUT_MS } = this.#options;
    control.waitAtMost(2 ** 31 - 1);
    const nextState = this.#expect(control, STATE.exchangeResults);
    transfer.start();
    loops.push(...this.#startFlows());
    await Promise.race([this.#untilOver(), nextState, this.#failed.promise]);
    transfer.stop();
    control.waitAtMost(stepTimeoutMs);
    await control.writeStates(STATE.testEnd);
    await nextState;
    await transfer.settle();
    await control.writeJson(formatResults(localResults(transfer)));
    this.results = parseResults(
      await control.readJson(RESULTS_LIMIT_BYTES, ERROR_NUMBER.results),
      transfer.flows.map(({ id }) => id),
    );
    await this.#expect(control, STATE.displayResults);
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
    await Promise.race([over.promise, this.transfer.limitReached]);
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }

  /** Reads a state, which has to be a given one. */
  async #expect(control: ControlConnection, wanted: number): Promise<void> {
    const state = await control.readState();
    if (state === wanted) return;
    switch (state) {
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
            `the server reports iperf3's error ${number}${meaning(number)}`,
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

  async #openFlows(): Promise<void> {
    const { direction, parallel, transport, counters64, noDelay } =
      this.#options.parameters;
    const count = direction === "both" ? 2 * parallel : parallel;
    for (let index = 0; index < count; index++) {
      const id = flowId(index);
      const isSender = direction === "both"
        ? index < parallel
        : direction === "forward";
      const isCounted = transport === "udp" && !isSender;
      this.transfer.flows.push(
        new Flow(
          id,
          isSender,
          isCounted ? new DatagramCounts(counters64) : null,
        ),
      );
      if (transport === "tcp") {
        const conn = await this.#sockets.connect();
        this.#open.push(conn);
        conn.setNoDelay(noDelay);
        for (let done = 0; done < this.#cookie.length;) {
          done += await conn.write(this.#cookie.subarray(done));
        }
        this.connected.push({
          id,
          local: conn.localAddr,
          remote: conn.remoteAddr,
        });
      } else {
        const socket = this.#sockets.openDatagrams();
        this.#open.push(socket);
        await this.#greet(socket);
        const local = socket.addr as Deno.NetAddr;
        this.connected.push({ id, local, remote: this.#datagramPeer });
      }
    }
  }

  get #datagramPeer(): Deno.NetAddr {
    return { ...this.remote!, transport: "udp" };
  }

  /** Says hello, which is not repeated: a copy would be taken for data. */
  async #greet(socket: Deno.DatagramConn): Promise<void> {
    const peer = this.#datagramPeer;
    const timeoutMs = this.#options.stepTimeoutMs ?? STEP_TIMEOUT_MS;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new DeadlineError("read", timeoutMs)),
      timeoutMs,
    );
    const interrupt = () => late.reject(this.#options.signal!.reason);
    this.#options.signal?.addEventListener("abort", interrupt);
    try {
      await socket.send(HELLO, peer);
      const buffer = new Uint8Array(MAX_GREETING_BYTES);
      for (;;) {
        const receiving = receiveDatagram(socket, buffer);
        receiving.catch(() => {}); // closing the socket rejects it
        const [reply, from] = await Promise.race([receiving, late.promise]);
        if (from.port !== peer.port || from.hostname !== peer.hostname) {
          continue;
        }
        if (isGreeting(reply, HELLO_REPLY)) return;
        if (isGreeting(reply, OLD_HELLO_REPLY)) return;
      }
    } finally {
      clearTimeout(timer);
      this.#options.signal?.removeEventListener("abort", interrupt);
    }
  }

  #startFlows(): Promise<void>[] {
    const { transfer } = this;
    const { parameters } = this.#options;
    const block = newBlock(parameters);
    const buffer = newReadBuffer(parameters);
    return transfer.flows.map(async (flow, index) => {
      const socket = this.#open[index]!;
      try {
        if ("send" in socket) {
          const peer = this.#datagramPeer;
          if (flow.isSender) {
            await sendDatagrams(socket, peer, flow, transfer, block);
          } else await receiveDatagrams(socket, peer, flow, transfer);
        } else if (flow.isSender) {
          await sendStream(socket, flow, transfer, block);
        } else await receiveStream(socket, flow, transfer, buffer);
      } catch (error) {
        this.#failed.reject(error);
      }
    });
  }
}

/** Longer than a greeting, to tell data from it. */
const MAX_GREETING_BYTES = 64;

const MEANINGS: Record<number, string> = {
  [ERROR_NUMBER.totalRate]: ": the rate is above its limit",
  [ERROR_NUMBER.maxDuration]: ": the test is longer than it allows",
  [ERROR_NUMBER.parameters]: ": it does not accept the parameters",
  160: ": the test took longer than it allows",
};

function meaning(number: number): string {
  return MEANINGS[number] ?? "";
}

/**
 * Puts together what this side says of a test.
 *
 * @param transfer The transfer, at its end.
 * @param serverOutput What this side prints, if the peer asks for it.
 * @returns The results to send.
 */
export function localResults(
  transfer: Transfer,
  serverOutput: string | null = null,
): TestResults {
  const isUdp = transfer.parameters.transport === "udp";
  return {
    processor: transfer.processor,
    // Deno cannot read retransmits: 0 says that there is no such information.
    hasRetransmits: transfer.flows.some(({ isSender }) => isSender) ? 0 : -1,
    serverOutput,
    streams: transfer.flows.map((flow) => {
      const total = flow.total();
      const measured = flow.measured();
      return {
        id: flow.id,
        bytes: measured.bytes,
        retransmits: -1,
        jitterSec: total.jitterSec,
        errors: total.errors,
        packets: isUdp ? total.packets : 0,
        omittedErrors: flow.base.errors,
        omittedPackets: flow.base.packets,
        seconds: transfer.secondsOf(flow),
        arrivals: flow.counts && {
          received: total.datagrams,
          reordered: measured.reordered,
          duplicate: measured.duplicate,
        },
      };
    }),
  };
}
