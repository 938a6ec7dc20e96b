/**
 * STAMP to many reflectors from one socket for each local address. The SSID of a
 * reply selects its session; each session has its own window of outstanding
 * probes.
 *
 * @module
 */

import {
  isFrom,
  localHostFor,
  receiveDatagram,
} from "../net/datagram_socket.ts";
import { isDisconnect } from "../net/errors.ts";
import { QueueWatch } from "../net/queue_watch.ts";
import { OutstandingProbes } from "../stamp/outstanding_probes.ts";
import {
  type RequestOptions,
  StampReplyReader,
  StampRequest,
} from "../stamp/request.ts";
import { UNAUTHENTICATED } from "../stamp/packet.ts";
import type { Sample } from "../stats/sample.ts";
import { randomSeed } from "../stats/seeded_random.ts";
import {
  type Clock,
  measureResolutionUs,
  systemClock,
} from "../timing/clock.ts";
import { WallClock } from "../timing/wall_clock.ts";
import type { ProbeCounts } from "./api.ts";

/** The first sequence number of the requests that find out about a reflector. */
const HELLO_SEQUENCE = 1000;
const HELLO_TRIES = 3;
const HELLO_WAIT_MS = 400;
const MAX_SSID = 65_535;

/** Receives what happens to the probes of a session. */
export interface StampReport {
  /** Called when a probe is complete; `unsent` is why it could not be sent. */
  sample(sample: Sample, unsent?: unknown): void;
  /** Called when a lost probe turns out to be late: it has no direction. */
  late(): void;
  /** Called when counters grew; losses by direction are of the oldest probes. */
  counted(counts: Partial<ProbeCounts>): void;
}

/** A receiver of the replies with an SSID. */
interface Receiver {
  target: Deno.NetAddr;
  receive(bytes: Uint8Array<ArrayBuffer>, atMs: number): void;
}

/** All STAMP sessions of this process. */
export class StampProbes implements Disposable {
  /** Watches the sockets for replies that the system drops. */
  readonly queue: QueueWatch = new QueueWatch();
  /** The time of day, shared by all sessions. */
  readonly wall: WallClock;
  /** The monotonic clock. */
  readonly clock: Clock;
  /** Datagrams that belong to no session. */
  strays = 0;
  #sockets = new Map<string, Deno.DatagramConn>();
  #receivers = new Map<number, Receiver>();
  #sessions = new Set<StampPath>();
  #ssid = randomSeed() % MAX_SSID;
  #errorUs = measureResolutionUs(systemClock);

  /**
   * Starts without a session.
   *
   * @param clock The monotonic clock.
   */
  constructor(clock: Clock = systemClock) {
    this.clock = clock;
    this.wall = new WallClock(clock);
  }

  /**
   * Starts a session.
   *
   * @param target The reflector's address.
   * @param options How often it probes, and how long it waits.
   * @param report Receives what happens.
   * @returns The session.
   */
  open(
    target: { hostname: string; port: number },
    options: { intervalMs: number; timeoutMs: number },
    report: StampReport,
  ): StampPath {
    const request = this.#request();
    const path = new StampPath(this, this.#address(target), {
      ...options,
      request,
      report,
    });
    this.#receivers.set(request.ssid, path);
    this.#sessions.add(path);
    return path;
  }

  /**
   * Asks whether a reflector answers, and how it numbers its replies.
   *
   * @param target Its address.
   * @returns Whether it is stateful, so that the direction of losses is known;
   * `null` if it does not answer.
   */
  async hello(
    target: { hostname: string; port: number },
  ): Promise<boolean | null> {
    const options = this.#request();
    const request = new StampRequest(options);
    const reader = new StampReplyReader(request);
    const address = this.#address(target);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#receivers.set(options.ssid, {
      target: address,
      receive(bytes) {
        if (!reader.take(bytes)) return;
        resolve(reader.reflectorSequence !== reader.senderSequence);
      },
    });
    try {
      for (let tries = 0; tries < HELLO_TRIES; tries++) {
        this.wall.read(this.clock.now());
        request.prepare(HELLO_SEQUENCE + tries, this.wall);
        await this.send(request.bytes, address).catch(() => {});
        const wait = Promise.withResolvers<null>();
        const timer = setTimeout(wait.resolve, HELLO_WAIT_MS, null);
        const answer = await Promise.race([promise, wait.promise]);
        clearTimeout(timer);
        if (answer !== null) return answer;
      }
      return null;
    } finally {
      this.#receivers.delete(options.ssid);
    }
  }

  /**
   * Sends a datagram from the socket that reaches a host.
   *
   * @param bytes The datagram.
   * @param target The host.
   * @returns Resolves when the system has taken it.
   */
  async send(bytes: Uint8Array, target: Deno.NetAddr): Promise<void> {
    const hostname = localHostFor(target.hostname);
    let socket = this.#sockets.get(hostname);
    if (socket === undefined) {
      socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
      this.#sockets.set(hostname, socket);
      this.#receive(socket);
    }
    await socket.send(bytes, target);
  }

  /**
   * Declares the probes lost whose deadline has passed.
   *
   * @param nowMs The time.
   */
  expire(nowMs: number): void {
    for (const session of this.#sessions) {
      session.expire(nowMs);
      if (!session.isDone) continue;
      this.#sessions.delete(session);
      this.#receivers.delete(session.ssid);
    }
  }

  /**
   * Extends the deadlines after a pause, so that replies that arrived in it are read.
   *
   * @param nowMs The end of the pause.
   */
  resume(nowMs: number): void {
    for (const session of this.#sessions) session.outstanding.resume(nowMs);
  }

  /** Whether a probe is outstanding. */
  get isBusy(): boolean {
    return [...this.#sessions].some(({ isDone }) => !isDone);
  }

  /** Closes the sockets. */
  [Symbol.dispose](): void {
    for (const socket of this.#sockets.values()) socket.close();
  }

  async #receive(socket: Deno.DatagramConn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    for (;;) {
      let received;
      try {
        received = await receiveDatagram(socket, buffer, this.queue);
      } catch (error) {
        if (isDisconnect(error)) return;
        throw error;
      }
      const atMs = this.clock.now();
      const [bytes, from] = received;
      const receiver = this.#findReceiver(bytes, from);
      if (receiver) receiver.receive(bytes, atMs);
      else this.strays += 1;
    }
  }

  /** A TWAMP-Light reflector does not return the SSID. */
  #findReceiver(bytes: Uint8Array, from: Deno.NetAddr): Receiver | undefined {
    const at = UNAUTHENTICATED.ssid;
    const ssid = (bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0);
    if (ssid === 0) {
      return [...this.#receivers.values()].findLast(({ target }) =>
        isFrom(from, target)
      );
    }
    const receiver = this.#receivers.get(ssid);
    return receiver && isFrom(from, receiver.target) ? receiver : undefined;
  }

  #address(target: { hostname: string; port: number }): Deno.NetAddr {
    return { transport: "udp", ...target };
  }

  #request(): RequestOptions {
    do this.#ssid = this.#ssid % MAX_SSID + 1; while (
      this.#receivers.has(this.#ssid)
    );
    return {
      sizeBytes: UNAUTHENTICATED.bytes,
      ssid: this.#ssid,
      format: "ntp",
      errorUs: this.#errorUs === null
        ? null
        : this.#errorUs + this.wall.errorMs * 1000,
    };
  }
}

/** The session with one reflector. */
export class StampPath {
  /** The reflector's address. */
  readonly target: Deno.NetAddr;
  /** Its identifier. */
  readonly ssid: number;
  /** The outstanding probes. */
  readonly outstanding: OutstandingProbes;
  /** Whether the reflector numbers its replies by itself; `null`: not known. */
  stateful: boolean | null = null;
  #probes: StampProbes;
  #report: StampReport;
  #unsent = new Map<number, unknown>();
  #seen = {
    ...{ lostForward: 0, lostBackward: 0 },
    ...{ late: 0, duplicate: 0, reordered: 0 },
  };
  #dropped = 0;
  #isClosed = false;

  /**
   * Starts without a probe.
   *
   * @param probes Sends its requests.
   * @param target The reflector.
   * @param options What {@linkcode StampProbes.open} was given.
   */
  constructor(
    probes: StampProbes,
    target: Deno.NetAddr,
    options: {
      intervalMs: number;
      timeoutMs: number;
      request: RequestOptions;
      report: StampReport;
    },
  ) {
    const { intervalMs, timeoutMs, request, report } = options;
    this.#probes = probes;
    this.target = target;
    this.ssid = request.ssid;
    this.#report = report;
    const capacity = Math.ceil(2 * timeoutMs / intervalMs) + 2;
    this.outstanding = new OutstandingProbes(
      { request, capacity, warmup: 0, timeoutMs },
      probes.wall,
      probes.queue,
    );
  }

  /**
   * Sends a probe.
   *
   * @param intendedMs When it was due.
   */
  probe(intendedMs: number): void {
    const { outstanding } = this;
    const sequence = outstanding.window.next;
    const bytes = outstanding.send(intendedMs, this.#probes.clock.now());
    this.#probes.send(bytes, this.target)
      .catch((error) => this.#unsent.set(sequence, error));
    this.#count();
  }

  /** Whether another probe can be sent before one is complete. */
  get isFull(): boolean {
    return this.outstanding.window.isFull;
  }

  /**
   * Whether a new session is needed, because the reflector restarted its count.
   */
  get isConfused(): boolean {
    const { countRestarted, numbersJumped } =
      this.outstanding.window.directions;
    return countRestarted || numbersJumped;
  }

  /** Takes a reply. */
  receive(bytes: Uint8Array<ArrayBuffer>, atMs: number): void {
    const before = this.#probes.queue.maybeDropped;
    const sample = this.outstanding.reply(bytes, atMs);
    this.#dropped += this.#probes.queue.maybeDropped - before;
    if (sample !== null) {
      this.#unsent.delete(sample.sequence);
      this.#report.sample(sample);
    }
    this.#count();
  }

  /** Declares probes lost; those whose reply we may have dropped are unknown. */
  expire(nowMs: number): void {
    this.outstanding.expire(nowMs, (sample) => {
      const { sequence } = sample;
      const error = this.#unsent.get(sequence) ??
        (this.#dropped > 0 ? new Error("own socket was full") : undefined);
      if (!this.#unsent.delete(sequence) && this.#dropped > 0) {
        this.#dropped -= 1;
      }
      this.#report.sample(sample, error);
    });
  }

  /** Stops sending; outstanding probes are still completed. */
  close(): void {
    this.#isClosed = true;
  }

  /** Whether it is closed, and all probes are complete. */
  get isDone(): boolean {
    return this.#isClosed && this.outstanding.window.outstanding === 0;
  }

  #count(): void {
    const { counts } = this.outstanding.window;
    const seen = this.#seen;
    const forward = counts.lostForward - seen.lostForward;
    const backward = counts.lostBackward - seen.lostBackward;
    const duplicate = counts.duplicate - seen.duplicate;
    const reordered = counts.reordered - seen.reordered;
    for (; seen.late < counts.late; seen.late++) this.#report.late();
    if (forward + backward + duplicate + reordered === 0) return;
    this.#seen = { ...counts };
    this.#report.counted({
      duplicate,
      reordered,
      // A stateless reflector copies our numbers, which shows no direction.
      ...(this.stateful && {
        lost_forward: forward,
        lost_backward: backward,
      }),
    });
  }
}
