/**
 * Serves the datagrams of a socket, and resists abuse.
 *
 * The source of a datagram can be forged, so a reply may reach a host that sent
 * nothing. Therefore there is no reply to the port of another service that
 * replies, since the two would reply to each other without end (CVE-2024-2169);
 * no reply longer than its request; and a limited rate of replies to each source,
 * to each network, and in total.
 *
 * @module
 */

import { errorMessage, isDisconnect } from "./errors.ts";
import { receiveDatagram } from "./datagram_socket.ts";
import type { QueueWatch } from "./queue_watch.ts";
import { ImpairedPath, type ImpairmentOptions } from "./impaired_path.ts";
import { ReplyLimiter } from "./rate_limiter.ts";

/**
 * Returns the reply to one datagram, or `null` for none. The datagram is a view
 * that is valid until the handler returns.
 */
export type DatagramHandler = (
  datagram: Uint8Array<ArrayBuffer>,
  from: Deno.NetAddr,
) => Uint8Array | null;

/** How to serve a socket. */
export interface ServeDatagramsOptions {
  /**
   * The most replies per second to one source, from which
   * {@linkcode ReplyLimiter} derives the other limits. Default
   * {@linkcode DEFAULT_MAX_RATE_PER_SEC}.
   */
  maxRatePerSec?: number;
  /** Called for each datagram refused because of its source. */
  onRefused?: (why: "responder" | "rate") => void;
  /** Watches the socket. */
  queue?: QueueWatch;
  /** Emulates an impaired path for the replies. */
  impairment?: ImpairmentOptions;
  /** Stops the server: see {@linkcode serveDatagrams}. */
  signal?: AbortSignal;
  /** Receives a line, and its error, for each datagram that was not served. */
  log?: (line: string, error?: unknown) => void;
}

/**
 * Ports of services that reply to any datagram: echo, systat, daytime, netstat,
 * qotd, chargen, time, DNS, TFTP, NTP, SNMP, LDAP, RIP, STAMP, SSDP, mDNS and
 * memcached.
 */
// deno-fmt-ignore
const RESPONDER_PORTS = new Set([7, 11, 13, 15, 17, 19, 37, 53, 69, 123, 161,
                                 389, 520, 862, 1900, 5353, 11211]);
/** The default of `maxRatePerSec`. */
export const DEFAULT_MAX_RATE_PER_SEC = 1000;
/** Longer than any datagram, of which IPv4 allows 65 507 bytes. */
const BUFFER_BYTES = 65_536;
/** How long delayed replies may take once the server stops, in milliseconds. */
const GRACE_MS = 5000;

/**
 * Checks whether a reply to a source could cause another reply, and so a loop.
 *
 * @param from The source of a datagram.
 * @param own Where it was received.
 * @returns `true` for the ports of known responders, and for the port served
 * here on any host, which may be this socket or another instance.
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
 * Serves until the signal is aborted or the socket is closed. On abort, delayed
 * replies are still sent, for at most five seconds.
 *
 * @param socket A bound socket; it is closed at the end.
 * @param handler Returns the reply to a datagram. If it throws, there is none.
 * @param options Limits, impairment, and the signal that stops the server.
 *
 * @example An echo server
 * ```ts
 * import { DatagramSocket } from "./datagram_socket.ts";
 * import { serveDatagrams } from "./serve_datagrams.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const open = () =>
 *   Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
 * const stop = new AbortController();
 * const { signal } = stop;
 * const socket = open();
 * const served = serveDatagrams(socket, (datagram) => datagram, { signal });
 *
 * {
 *   using client = new DatagramSocket(open());
 *   const server = socket.addr as Deno.NetAddr;
 *   await client.send(new TextEncoder().encode("hello"), server);
 *   const reply = await client.receiveFrom(server, 1000);
 *   assertEquals(reply && new TextDecoder().decode(reply), "hello");
 * }
 * stop.abort();
 * await served;
 * ```
 */
export async function serveDatagrams(
  socket: Deno.DatagramConn,
  handler: DatagramHandler,
  options: ServeDatagramsOptions = {},
): Promise<void> {
  const { maxRatePerSec = DEFAULT_MAX_RATE_PER_SEC, signal } = options;
  const log = options.log ?? (() => {});
  const refused = options.onRefused ?? (() => {});
  const own = socket.addr as Deno.NetAddr;
  const limiter = new ReplyLimiter(maxRatePerSec);
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
    if (!limiter.allow(from.hostname, from.port)) {
      refused("rate");
      continue;
    }
    const reply = replyTo(datagram, from);
    if (reply === null) continue;
    await (path ? path.send(reply, from) : send(reply, from));
  }
  signal?.removeEventListener("abort", stop);
  abandon.abort();
  await path?.drain();

  async function receive(): Promise<
    [Uint8Array<ArrayBuffer>, Deno.NetAddr] | null
  > {
    try {
      return await receiveDatagram(socket, buffer, options.queue);
    } catch (error) {
      if (isDisconnect(error)) return null;
      throw error;
    }
  }

  function replyTo(
    datagram: Uint8Array<ArrayBuffer>,
    from: Deno.NetAddr,
  ): Uint8Array | null {
    try {
      const reply = handler(datagram, from);
      if (reply === null || reply.length <= datagram.length) return reply;
      log(`No reply of ${reply.length} bytes to ${datagram.length} bytes`);
    } catch (error) {
      log(`Cannot reply to a datagram: ${errorMessage(error)}`, error);
    }
    return null;
  }

  async function send(bytes: Uint8Array, to: Deno.Addr): Promise<void> {
    try {
      await socket.send(bytes, to);
    } catch (error) {
      if (!isDisconnect(error)) {
        log(`Cannot send a reply: ${errorMessage(error)}`, error);
      }
    }
  }
}
