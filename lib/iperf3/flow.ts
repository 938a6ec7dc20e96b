/**
 * One flow of a test: a TCP connection, or datagrams to and from one address, on
 * which this side sends or receives. Both roles use it.
 *
 * A flow counts in fields of numbers, and reuses its buffers, so that a block
 * allocates nothing.
 *
 * @module
 */

import { isDisconnect } from "../net/errors.ts";
import { sleepUntil } from "../timing/sleep.ts";
import type { AmountLimit } from "./amount_limit.ts";
import { DatagramCounts, writeHeader } from "./datagrams.ts";
import { MAX_BLOCK_BYTES, type TestParameters } from "./parameters.ts";

/**
 * The size of a receive buffer, in bytes. It fits into a processor's cache, which
 * makes copying into it faster.
 */
const READ_BYTES = 128 * 1024;
/** The maximum length that `crypto.getRandomValues` fills. */
const RANDOM_BYTES = 65_536;

/** What a flow sends on and receives from. A `Deno.TcpConn` is one. */
export interface FlowSocket {
  /** The two ends. */
  localAddr: Deno.NetAddr;
  /** The peer's end. */
  remoteAddr: Deno.NetAddr;
  /** Sends, and returns how much. */
  write(block: Uint8Array): Promise<number>;
  /** Receives; absent where datagrams are handed over. */
  read?(buffer: Uint8Array): Promise<number | null>;
  /** Ends it. */
  close(): void;
}

/** The test that a flow is part of, as the flow uses it. */
export interface FlowTest {
  /** What is measured. */
  readonly parameters: TestParameters;
  /** Whether senders may send. */
  readonly isRunning: boolean;
  /** Whether what arrives is counted. */
  readonly isCounting: boolean;
  /** Aborted when senders have to stop. */
  readonly stopped: AbortSignal;
  /** The amount that ends the test. */
  readonly limit: AmountLimit;
}

/** What a flow has moved. */
export interface FlowFigures {
  /** Payload, in bytes. */
  bytes: number;
  /** Blocks or datagrams sent, or the highest number received. */
  packets: number;
  /** Different datagrams received. */
  received: number;
  /** Datagrams that came after one with a higher number. */
  reordered: number;
  /** Copies. */
  duplicate: number;
  /** Lost by iperf3's arithmetic. */
  errors: number;
}

/** One flow of a test. */
export class Flow {
  /** Its number in the protocol. */
  readonly id: number;
  /** Whether this side sends. */
  readonly isSender: boolean;
  /** What it sends on and receives from. */
  readonly socket: FlowSocket;
  /** Payload so far, in bytes. */
  bytes = 0;
  /** Blocks or datagrams sent so far. */
  sent = 0;
  /** When the last data was received, by the monotonic clock. */
  lastMs = 0;
  /** What was received, with datagrams. */
  readonly counts: DatagramCounts | null;
  /** The figures at the end of the start that is left out. */
  base: FlowFigures;
  #test: FlowTest;

  /**
   * Creates a flow that has moved nothing.
   *
   * @param test The test that it is part of.
   * @param id Its number.
   * @param isSender Whether this side sends.
   * @param socket What it sends on and receives from.
   */
  constructor(
    test: FlowTest,
    id: number,
    isSender: boolean,
    socket: FlowSocket,
  ) {
    this.#test = test;
    this.id = id;
    this.isSender = isSender;
    this.socket = socket;
    const { transport, counters64 } = test.parameters;
    this.counts = transport === "udp" && !isSender
      ? new DatagramCounts(counters64)
      : null;
    this.base = this.total();
  }

  /** The jitter of RFC 1889, in seconds. */
  get jitterSec(): number {
    return this.counts?.jitterSec ?? 0;
  }

  /** What it has moved since the test began. */
  total(): FlowFigures {
    const { counts } = this;
    return {
      bytes: this.bytes,
      packets: counts?.packets ?? this.sent,
      received: counts?.received ?? 0,
      reordered: counts?.reordered ?? 0,
      duplicate: counts?.duplicate ?? 0,
      errors: counts?.errors ?? 0,
    };
  }

  /**
   * What it has moved since a moment.
   *
   * @param base The figures then; by default at the end of the omitted start.
   */
  measured(base: FlowFigures = this.base): FlowFigures {
    const now = this.total();
    return {
      bytes: now.bytes - base.bytes,
      packets: now.packets - base.packets,
      received: now.received - base.received,
      reordered: now.reordered - base.reordered,
      duplicate: now.duplicate - base.duplicate,
      errors: now.errors - base.errors,
    };
  }

  /**
   * Sends until the transfer stops, or receives until the socket is closed.
   *
   * @param block What to send. Flows over TCP share it, since its content does
   * not change.
   * @param buffer Where to read into, likewise: its content is not used.
   */
  async run(block: Uint8Array, buffer: Uint8Array): Promise<void> {
    try {
      if (this.isSender) await this.#send(block);
      else if (this.socket.read) await this.#receive(this.socket, buffer);
    } catch (error) {
      if (!isDisconnect(error)) throw error;
    }
  }

  /**
   * Counts a datagram.
   *
   * @param datagram The datagram.
   */
  addDatagram(datagram: Uint8Array): void {
    if (!this.#test.isCounting || this.counts === null) return;
    const nowMs = performance.now();
    if (this.counts.add(datagram, nowMs)) {
      this.#addReceived(datagram.length, nowMs);
    }
  }

  async #send(shared: Uint8Array): Promise<void> {
    const test = this.#test;
    const { transport, counters64, bitsPerSec } = test.parameters;
    const isUdp = transport === "udp";
    const block = isUdp ? shared.slice() : shared;
    const pace = bitsPerSec > 0 ? new Pace(test) : null;
    while (test.isRunning) {
      if (pace?.isEarly()) await pace.wait();
      const size = test.isRunning ? test.limit.reserve(block.length) : 0;
      if (size === 0) return;
      if (isUdp) {
        writeHeader(block, performance.now(), this.sent + 1, counters64);
      }
      for (let done = 0; done < size && test.isRunning;) {
        const isWhole = done === 0 && size === block.length;
        const count = await this.socket.write(
          isWhole ? block : block.subarray(done, size),
        );
        if (!test.isCounting) return;
        done += count;
        this.bytes += count;
        test.limit.addSent(count);
      }
      this.sent += 1;
    }
  }

  async #receive(socket: FlowSocket, buffer: Uint8Array): Promise<void> {
    for (let count; (count = await socket.read!(buffer)) !== null;) {
      // What comes after the end is read, so that a blocked sender goes on.
      if (this.#test.isCounting) {
        this.#addReceived(count, performance.now());
      }
    }
  }

  #addReceived(count: number, nowMs: number): void {
    this.bytes += count;
    this.lastMs = nowMs;
    this.#test.limit.addReceived(count);
  }
}

/**
 * Makes the buffer that is sent: random bytes, repeated. The largest blocks are
 * handed to the system two at a time where nothing counts or spaces them.
 *
 * @param parameters The test.
 * @returns The block.
 */
export function newBlock(
  { transport, blockBytes, blocks, bitsPerSec }: TestParameters,
): Uint8Array<ArrayBuffer> {
  const isFree = transport === "tcp" && blocks === 0 && bitsPerSec === 0;
  const count = isFree && blockBytes === MAX_BLOCK_BYTES ? 2 : 1;
  const block = new Uint8Array(count * blockBytes);
  const random = Math.min(block.length, RANDOM_BYTES);
  crypto.getRandomValues(block.subarray(0, random));
  for (let at = random; at < block.length; at += random) {
    block.copyWithin(at, 0, Math.min(random, block.length - at));
  }
  return block;
}

/**
 * Makes the buffer that is read into.
 *
 * @param parameters The test. Where blocks are counted, a read is a block.
 * @returns The buffer.
 */
export function newReadBuffer(
  { blockBytes, blocks }: TestParameters,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(blocks > 0 ? blockBytes : READ_BYTES);
}

/** From this length on, a wait ends when the transfer stops. */
const LONG_WAIT_MS = 5;
/** A wait as short as this does not go through the event loop. */
const SHORT_WAIT_MS = 0.03;
/** How much faster than its rate a sender catches up. */
const CATCH_UP = 4;
/**
 * For how much of a delay a sender may catch up at once. On a busy machine, and
 * with Deno 2.4, a turn of the event loop takes as long.
 */
const CREDIT_MS = 0.5;
/** After a delay as long as this, other programs keep the processors busy. */
const STALL_MS = 5;
/**
 * For how long a sender then waits on timers. Its spin would use up its share of
 * a processor, so that it could not send.
 */
const RELAXED_MS = 1000;
const RELAXED_CREDIT_MS = 4;

/**
 * Spaces blocks evenly. After a delay it catches up at a multiple of the rate, in
 * bursts of two milliseconds' worth at most; on a busy machine they are longer.
 */
class Pace {
  #gapMs: number;
  #burst: number;
  #left = 0;
  #intendedMs = performance.now();
  #dueMs = 0;
  #catchUpMs = -Infinity;
  #relaxedUntilMs = -Infinity;
  #stopped: AbortSignal;

  constructor({ parameters, stopped }: FlowTest) {
    const { blockBytes, bitsPerSec, burst } = parameters;
    this.#gapMs = blockBytes * burst * 8000 / bitsPerSec;
    this.#burst = burst;
    this.#stopped = stopped;
  }

  /** Whether the next block has to wait; never within a burst. */
  isEarly(): boolean {
    if (this.#left > 0) {
      this.#left -= 1;
      return false;
    }
    this.#left = this.#burst - 1;
    const dueMs = Math.max(this.#intendedMs, this.#catchUpMs);
    this.#dueMs = dueMs;
    this.#intendedMs += this.#gapMs;
    let nowMs = performance.now();
    if (nowMs - dueMs > STALL_MS) this.#relaxedUntilMs = nowMs + RELAXED_MS;
    const creditMs = nowMs < this.#relaxedUntilMs
      ? RELAXED_CREDIT_MS
      : CREDIT_MS;
    this.#catchUpMs = Math.max(dueMs, nowMs - creditMs) +
      this.#gapMs / CATCH_UP;
    if (dueMs - nowMs >= SHORT_WAIT_MS) return true;
    while (nowMs < dueMs) nowMs = performance.now();
    return false;
  }

  /** Waits until it may be sent. */
  async wait(): Promise<void> {
    const nowMs = performance.now();
    const isLong = this.#dueMs - nowMs > LONG_WAIT_MS;
    await sleepUntil(this.#dueMs, isLong ? this.#stopped : undefined, {
      relaxed: nowMs < this.#relaxedUntilMs,
    });
  }
}
