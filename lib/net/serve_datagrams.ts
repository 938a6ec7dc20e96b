/**
 * Serves the datagrams of a socket, without ever becoming a weapon.
 *
 * The source of a datagram can be forged, so an answer may go to somebody who
 * asked for nothing. Therefore: no answer to a port on which something answers
 * by itself, for the two would answer each other for ever (CVE-2024-2169); no
 * answer longer than its question; only so many answers a second to one source.
 *
 * @module
 */

import { receiveDatagram } from "./datagram_socket.ts";
import { ImpairedPath, type ImpairmentOptions } from "./impaired_path.ts";
import { RateLimiter } from "./rate_limiter.ts";
import { errorMessage, isDisconnect } from "./errors.ts";

/**
 * Gives the answer to one datagram, or `null` for none. The datagram is a view
 * that is good until the handler returns.
 */
export type DatagramHandler = (
  datagram: Uint8Array<ArrayBuffer>,
  from: Deno.NetAddr,
) => Uint8Array | null;

/** How to serve a socket. */
export interface ServeDatagramsOptions {
  /**
   * The most answers a second to one source address. Default
   * {@linkcode DEFAULT_MAX_RATE_PER_SEC}.
   */
  maxRatePerSec?: number;
  /** Whether an answer may be longer than its question. Default `false`. */
  mayGrow?: boolean;
  /** Told of each datagram that gets no answer for whence it came. */
  onRefused?: (why: "responder" | "rate") => void;
  /** What to do to the answers on purpose. */
  impairment?: ImpairmentOptions;
  /** Ends the serving. */
  signal?: AbortSignal;
  /** Told what went wrong with a datagram. */
  log?: (line: string) => void;
}

/**
 * Ports of services that answer whatever reaches them: echo, systat, daytime,
 * netstat, qotd, chargen, time, DNS, TFTP, NTP, SNMP, LDAP, RIP, STAMP, SSDP,
 * mDNS and memcached, in the order of their numbers.
 */
const RESPONDER_PORTS = new Set([
  7,
  11,
  13,
  15,
  17,
  19,
  37,
  53,
  69,
  123,
  161,
  389,
  520,
  862,
  1900,
  5353,
  11211,
]);
/** How often a second one source is answered, unless told otherwise. */
export const DEFAULT_MAX_RATE_PER_SEC = 1000;
/** The longest datagram there is over IPv4, and more than any. */
const BUFFER_BYTES = 65_536;
/** How long answers under way may take once the server stops. */
const GRACE_MS = 5000;

/**
 * Whether an answer to this source could meet another server's answer.
 *
 * @param from Where a datagram came from.
 * @param own Where it was received.
 * @returns `true` for the ports of known responders, and for the port served
 * here, on whatever host: that is this very socket, or a twin of it.
 *
 * @example Usage
 * ```ts
 * import { isResponder } from "./serve_datagrams.ts";
 * import { assert } from "@std/assert";
 *
 * const udp = (port: number): Deno.NetAddr => ({
 *   transport: "udp",
 *   hostname: "192.0.2.1",
 *   port,
 * });
 * assert(isResponder(udp(7), udp(12000)));
 * assert(isResponder(udp(12000), udp(12000)));
 * assert(!isResponder(udp(54321), udp(12000)));
 * ```
 */
export function isResponder(from: Deno.NetAddr, own: Deno.NetAddr): boolean {
  return from.port === 0 || from.port === own.port ||
    RESPONDER_PORTS.has(from.port);
}

/**
 * Serves until the signal is aborted or the socket is closed. On abort, answers
 * that are delayed on purpose are still sent, for five seconds at most.
 *
 * @param socket A bound socket; it is closed at the end.
 * @param handler Gives the answer to a datagram. If it throws, there is none.
 */
export async function serveDatagrams(
  socket: Deno.DatagramConn,
  handler: DatagramHandler,
  options: ServeDatagramsOptions = {},
): Promise<void> {
  const { maxRatePerSec = DEFAULT_MAX_RATE_PER_SEC, mayGrow = false, signal } =
    options;
  const log = options.log ?? (() => {});
  const refused = options.onRefused ?? (() => {});
  const own = socket.addr as Deno.NetAddr;
  const limiter = new RateLimiter(maxRatePerSec);
  const buffer = new Uint8Array(BUFFER_BYTES);
  const abandon = new AbortController();
  const path = options.impairment &&
    new ImpairedPath(options.impairment, send, abandon.signal);
  let stopping = false;
  const stop = async () => {
    stopping = true;
    const late = setTimeout(() => abandon.abort(), GRACE_MS);
    await path?.drain();
    clearTimeout(late);
    socket.close();
  };
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();

  for (;;) {
    const received = await receive();
    if (received === null) break;
    if (stopping) continue;
    const [datagram, from] = received;
    if (isResponder(from, own)) {
      refused("responder");
      continue;
    }
    if (!limiter.allow(from.hostname)) {
      refused("rate");
      continue;
    }
    const answer = answerTo(datagram, from);
    if (answer === null) continue;
    await (path ? path.send(answer, from) : send(answer, from));
  }
  signal?.removeEventListener("abort", stop);
  abandon.abort();
  await path?.drain();

  async function receive(): Promise<
    [Uint8Array<ArrayBuffer>, Deno.NetAddr] | null
  > {
    try {
      return await receiveDatagram(socket, buffer);
    } catch (error) {
      if (isDisconnect(error)) return null;
      throw error;
    }
  }

  function answerTo(
    datagram: Uint8Array<ArrayBuffer>,
    from: Deno.NetAddr,
  ): Uint8Array | null {
    try {
      const answer = handler(datagram, from);
      if (answer === null || mayGrow || answer.length <= datagram.length) {
        return answer;
      }
      log(`No answer of ${answer.length} bytes to ${datagram.length} bytes`);
    } catch (error) {
      log(`Cannot answer a datagram: ${errorMessage(error)}`);
    }
    return null;
  }

  async function send(bytes: Uint8Array, to: Deno.Addr): Promise<void> {
    try {
      await socket.send(bytes, to);
    } catch (error) {
      if (!isDisconnect(error)) {
        log(`Cannot send an answer: ${errorMessage(error)}`);
      }
    }
  }
}
