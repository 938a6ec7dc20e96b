/**
 * A datagram socket with a deadline on every wait.
 *
 * @module
 */

import type { QueueWatch } from "./queue_watch.ts";

/** Longer than any datagram, of which IPv4 allows 65 507 bytes. */
const BUFFER_BYTES = 65_536;

/** One datagram and its source. */
export interface Datagram {
  /** Its content, a view that is valid until the next wait. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Its source. */
  from: Deno.NetAddr;
}

/** The destination of a datagram: a name or an address, and a port. */
export type DatagramTarget = Pick<Deno.NetAddr, "hostname" | "port">;

/**
 * A UDP socket whose waits have a deadline.
 *
 * A receive cannot be cancelled, so one that got nothing in time stays pending,
 * and the next wait continues with it.
 *
 * @example Usage
 * ```ts
 * import { DatagramSocket } from "./datagram_socket.ts";
 * import { assertEquals } from "@std/assert";
 *
 * using socket = new DatagramSocket(
 *   Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }),
 * );
 * assertEquals(await socket.receive(10), null);
 * ```
 */
export class DatagramSocket implements Disposable {
  #conn: Deno.DatagramConn;
  #buffer = new Uint8Array(BUFFER_BYTES);
  #receiving: Promise<Datagram> | null = null;

  /**
   * Takes ownership of a bound socket.
   *
   * @param conn The socket.
   */
  constructor(conn: Deno.DatagramConn) {
    this.#conn = conn;
  }

  /** The local address. */
  get local(): Deno.NetAddr {
    return this.#conn.addr as Deno.NetAddr;
  }

  /**
   * Sends one datagram.
   *
   * @param bytes Its content, at most 65 507 bytes.
   * @param to Its destination; a name is looked up.
   */
  async send(bytes: Uint8Array, to: DatagramTarget): Promise<void> {
    await this.#conn.send(bytes, { transport: "udp", ...to });
  }

  /**
   * Waits for a datagram.
   *
   * @param timeoutMs The deadline, in milliseconds from now.
   * @param signal Ends the wait early.
   * @returns The datagram, or `null` if none arrived.
   */
  async receive(
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Datagram | null> {
    const expired = Promise.withResolvers<null>();
    const expire = () => expired.resolve(null);
    const timer = setTimeout(expire, timeoutMs);
    signal?.addEventListener("abort", expire);
    if (signal?.aborted) expire();
    this.#receiving ??= this.#receive();
    try {
      const datagram = await Promise.race([this.#receiving, expired.promise]);
      if (datagram !== null) this.#receiving = null;
      return datagram;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", expire);
    }
  }

  /**
   * Waits for a datagram of one host; others are ignored.
   *
   * @param target The host.
   * @param timeoutMs The deadline, in milliseconds from now.
   * @param signal Ends the wait early.
   * @returns The content, a view that is valid until the next wait, or `null` if
   * none arrived.
   */
  async receiveFrom(
    target: DatagramTarget,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    const deadlineMs = performance.now() + timeoutMs;
    for (let leftMs = timeoutMs;;) {
      const datagram = await this.receive(Math.max(0, leftMs), signal);
      if (datagram === null) return null;
      if (isFrom(datagram.from, target)) return datagram.bytes;
      leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return null; // a flood of other datagrams
    }
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    this.#receiving?.catch(() => {}); // closing the socket rejects it
    this.#conn.close();
  }

  async #receive(): Promise<Datagram> {
    const [bytes, from] = await receiveDatagram(this.#conn, this.#buffer);
    return { bytes, from };
  }
}

/**
 * Receives a datagram, and ignores the errors of earlier sends.
 *
 * @param socket The socket.
 * @param buffer Where to put the content; a longer datagram is truncated.
 * @param queue Watches the socket.
 * @returns The content, a view of the buffer, and the source.
 */
export async function receiveDatagram(
  socket: Deno.DatagramConn,
  buffer: Uint8Array,
  queue?: QueueWatch,
): Promise<[Uint8Array<ArrayBuffer>, Deno.NetAddr]> {
  for (;;) {
    try {
      const receiving = socket.receive(buffer);
      return await (queue ? queue.receive(receiving) : receiving) as [
        Uint8Array<ArrayBuffer>,
        Deno.NetAddr,
      ];
    } catch (error) {
      // Windows reports here that an earlier datagram was not delivered.
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
  }
}

/**
 * Chooses the local address from which to reach a host over UDP, which Deno
 * does not choose by itself as it does for TCP.
 *
 * @param hostname The host to reach.
 * @returns A loopback address for a loopback host, otherwise the unspecified
 * address of its family.
 *
 * @example Usage
 * ```ts
 * import { localHostFor } from "./datagram_socket.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(localHostFor("127.0.0.1"), "127.0.0.1");
 * assertEquals(localHostFor("2001:db8::1"), "::");
 * ```
 */
export function localHostFor(hostname: string): string {
  if (hostname.includes(":")) return hostname === "::1" ? "::1" : "::";
  return hostname.startsWith("127.") ? "127.0.0.1" : "0.0.0.0";
}

/**
 * Checks whether a datagram can be the reply of a host.
 *
 * @param from The datagram's source.
 * @param target The host; if it is a name, only the port can be compared.
 * @returns Whether the port and, if known, the address are the same.
 */
export function isFrom(from: Deno.NetAddr, target: DatagramTarget): boolean {
  // Deno gives the source of a datagram without its zone.
  const hostname = target.hostname.replace(/%.*/, "");
  const isAddress = /^[0-9.]+$|:/.test(hostname);
  const unspecified = /^(0\.0\.0\.0|::)$/.test(hostname);
  return from.port === target.port &&
    (!isAddress || unspecified || from.hostname === hostname);
}
