/**
 * A STAMP Session-Reflector: answers each request with the time of its arrival,
 * the time of the reply, and the number of earlier replies.
 *
 * @module
 */

import { readUint32 } from "../framing/big_endian.ts";
import type { QueueWatch } from "../net/queue_watch.ts";
import type { DatagramHandler } from "../net/serve_datagrams.ts";
import {
  AUTHENTICATED,
  MIN_REQUEST_BYTES,
  type PacketLayout,
  UNAUTHENTICATED,
} from "./packet.ts";
import { isReply, reflect, type ReplyFields, ssidOf } from "./reply.ts";
import { SessionTable } from "./session_table.ts";
import type { StampKey } from "./key.ts";
import {
  type Clock,
  measureResolutionUs,
  systemClock,
} from "../timing/clock.ts";
import { WallClock } from "../timing/wall_clock.ts";

/** The options of a reflector. */
export interface ReflectorOptions {
  /** Requires requests signed with this key, and signs the replies. */
  key?: StampKey | undefined;
  /** Copies the requests' sequence numbers, and keeps no sessions. */
  stateless?: boolean;
  /** The maximum number of sessions to remember. */
  maxSessions?: number;
  /** Watches the socket: how late a request is read, and which are missing. */
  queue?: QueueWatch;
  /** The monotonic clock. */
  clock?: Clock;
}

/** Counters of datagrams. */
export interface ReflectorCounts {
  /** Datagrams received. */
  received: number;
  /** Requests answered. */
  reflected: number;
  /** Sessions opened. */
  sessions: number;
  /** Datagrams too short for a request. */
  tooShort: number;
  /** Replies, which are not answered. */
  replies: number;
  /** Datagrams not signed with the key, or signed without one here. */
  wronglySigned: number;
}

/** How often to follow the system's clock. */
const FOLLOW_MS = 1000;

/**
 * Reflects requests, and counts them.
 *
 * A session is an address, a port and an SSID; see {@linkcode SessionTable}.
 *
 * @example Usage
 * ```ts
 * import { StampReflector } from "./reflector.ts";
 * import { StampRequest } from "./request.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const reflector = new StampReflector();
 * const request = new StampRequest({
 *   sizeBytes: 44,
 *   ssid: 1,
 *   format: "ntp",
 *   errorUs: null,
 * });
 * request.prepare(5, { seconds: 0, nanoseconds: 0 });
 * const reply = reflector.answer(request.bytes, {
 *   transport: "udp",
 *   hostname: "192.0.2.1",
 *   port: 50000,
 * });
 * assertEquals([reply![3], reply![27]], [0, 5]); // its number, and the request's
 * ```
 */
export class StampReflector {
  /** Counters of datagrams. */
  readonly counts: ReflectorCounts = {
    received: 0,
    reflected: 0,
    sessions: 0,
    tooShort: 0,
    replies: 0,
    wronglySigned: 0,
  };
  #key: StampKey | undefined;
  #layout: PacketLayout;
  #stateless: boolean;
  #clock: Clock;
  #wall: WallClock;
  #stepUs: number | null;
  #followedMs: number;
  #fields: ReplyFields;
  #sessions: SessionTable;
  #queue: QueueWatch | undefined;

  /**
   * Starts without any session.
   *
   * @param options The options.
   */
  constructor(options: ReflectorOptions = {}) {
    this.#key = options.key;
    this.#layout = options.key ? AUTHENTICATED : UNAUTHENTICATED;
    this.#stateless = options.stateless ?? false;
    this.#queue = options.queue;
    this.#sessions = new SessionTable(options.maxSessions);
    this.#clock = options.clock ?? systemClock;
    this.#wall = new WallClock(this.#clock);
    this.#stepUs = measureResolutionUs(this.#clock);
    this.#followedMs = this.#clock.now();
    this.#fields = {
      sequence: 0,
      received: { seconds: 0, nanoseconds: 0 },
      sent: this.#wall,
      errorUs: this.#errorUs(),
      requests: null,
    };
  }

  /** Turns a request into its reply, in place; ignores other datagrams. */
  readonly answer: DatagramHandler = (packet, from) => {
    const nowMs = this.#clock.now();
    const fields = this.#fields;
    this.#readClock(nowMs);
    fields.errorUs = this.#errorUs();
    fields.received.seconds = this.#wall.seconds;
    fields.received.nanoseconds = this.#wall.nanoseconds;
    this.counts.received += 1;
    if (!this.#isRequest(packet)) return null;
    if (this.#stateless) fields.sequence = readUint32(packet, 0);
    else {
      const ssid = ssidOf(packet, this.#layout);
      const sequence = readUint32(packet, 0);
      const session = this.#sessions.find(from, ssid, nowMs, sequence === 0);
      fields.sequence = session.answered++;
      fields.requests = session.answered;
      const { expected } = session;
      session.expected = this.#queue && expected !== null
        ? this.#queue.compare(sequence, expected, packet.length)
        : sequence + 1;
      this.counts.sessions = this.#sessions.opened;
    }
    this.#wall.read(this.#clock.now());
    reflect(packet, this.#layout, fields, this.#key);
    this.counts.reflected += 1;
    return packet;
  };

  #readClock(nowMs: number): void {
    if (nowMs - this.#followedMs > FOLLOW_MS) {
      this.#followedMs = nowMs;
      this.#wall.follow();
    }
    this.#wall.read(nowMs);
  }

  #errorUs(): number | null {
    if (this.#stepUs === null) return null;
    const lateMs = this.#queue?.lateMs ?? 0;
    return this.#stepUs + (this.#wall.errorMs + lateMs) * 1000;
  }

  #isRequest(packet: Uint8Array): boolean {
    const { counts } = this;
    const layout = this.#layout;
    const minBytes = this.#key ? layout.bytes : MIN_REQUEST_BYTES;
    if (packet.length < minBytes) {
      counts.tooShort += 1;
      return false;
    }
    if (this.#key && !this.#key.hasSigned(packet, layout.signature!)) {
      counts.wronglySigned += 1;
      return false;
    }
    if (!isReply(packet, layout, this.#wall.seconds)) return true;
    // A signed request has zeros at T1, and its own T1 where a reply has T2.
    if (!this.#key && readUint32(packet, layout.timestamp) === 0) {
      counts.wronglySigned += 1;
    } else counts.replies += 1;
    return false;
  }
}
