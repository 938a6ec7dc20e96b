/**
 * Serves the datagrams of a socket, and resists abuse.
 *
 * The source of a datagram can be forged, so a reply may reach a host that sent
 * nothing. Therefore there is no reply to the port of another service that
 * replies, since the two would reply to each other without end (CVE-2024-2169);
 * no reply longer than its request; and a limited rate of replies, as in
 * `admission.ts`.
 *
 * @module
 */

import { AdmissionControl } from "./admission.ts";
import { errorMessage, isDisconnect } from "./errors.ts";
import { receiveDatagram } from "./datagram_socket.ts";
import type { QueueWatch } from "./queue_watch.ts";
import { ImpairedPath, type ImpairmentOptions } from "./impaired_path.ts";

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
   * Whose datagrams are answered. By default everyone's, within the default
   * limits.
   */
  admission?: AdmissionControl;
  /** Watches the socket. */
  queue?: QueueWatch;
  /** Emulates an impaired path for the replies. */
  impairment?: ImpairmentOptions;
  /** Stops the server: see {@linkcode serveDatagrams}. */
  signal?: AbortSignal;
  /** Receives a line, and its error, for each datagram that was not served. */
  log?: (line: string, error?: unknown) => void;
}

/** Longer than any datagram, of which IPv4 allows 65 507 bytes. */
const BUFFER_BYTES = 65_536;
/** How long delayed replies may take once the server stops, in milliseconds. */
const GRACE_MS = 5000;

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
  const { admission = new AdmissionControl(), signal } = options;
  const log = options.log ?? (() => {});
  const own = socket.addr as Deno.NetAddr;
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
    if (admission.datagram(from, own) !== null) continue;
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
