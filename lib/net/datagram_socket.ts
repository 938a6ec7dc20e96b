/**
 * A datagram socket with a deadline on every wait.
 *
 * @module
 */

/** The longest datagram there is over IPv4, and more than any. */
const BUFFER_BYTES = 65_536;

/** One datagram, and where it came from. */
export interface Datagram {
  /** Its content, a view that is good until the next wait. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Its source. */
  from: Deno.NetAddr;
}

/**
 * A UDP socket that waits for a datagram only so long.
 *
 * A receive cannot be taken back, so one that nothing answered in time stays
 * under way, and the next wait goes on with it.
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
   * Takes over a bound socket.
   *
   * @param conn The socket; from now on it belongs to this one.
   */
  constructor(conn: Deno.DatagramConn) {
    this.#conn = conn;
  }

  /** Where it is bound. */
  get local(): Deno.NetAddr {
    return this.#conn.addr as Deno.NetAddr;
  }

  /**
   * Sends one datagram.
   *
   * @param bytes Its content, at most 65 507 bytes.
   * @param to Where to; a name is looked up.
   */
  async send(
    bytes: Uint8Array,
    to: { hostname: string; port: number },
  ): Promise<void> {
    await this.#conn.send(bytes, { transport: "udp", ...to });
  }

  /**
   * Waits for a datagram.
   *
   * @param timeoutMs How long, in milliseconds.
   * @param signal Ends the wait early.
   * @returns The datagram, or `null` if none came.
   */
  async receive(
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Datagram | null> {
    const given = Promise.withResolvers<null>();
    const giveUp = () => given.resolve(null);
    const timer = setTimeout(giveUp, timeoutMs);
    signal?.addEventListener("abort", giveUp);
    if (signal?.aborted) giveUp();
    this.#receiving ??= this.#receive();
    try {
      const datagram = await Promise.race([this.#receiving, given.promise]);
      if (datagram !== null) this.#receiving = null;
      return datagram;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /**
   * Waits for the answer of a host that was asked; what comes from elsewhere is
   * passed over.
   *
   * @param target Who was asked.
   * @param timeoutMs How long, in milliseconds.
   * @param signal Ends the wait early.
   * @returns The answer's content, a view that is good until the next wait, or
   * `null` if none came.
   */
  async receiveFrom(
    target: { hostname: string; port: number },
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const leftMs = deadlineMs - performance.now();
      const datagram = await this.receive(Math.max(0, leftMs), signal);
      if (datagram === null) return null;
      if (isFrom(datagram.from, target)) return datagram.bytes;
      if (performance.now() >= deadlineMs) return null; // a flood from elsewhere
    }
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    this.#receiving?.catch(() => {}); // it ends with the socket
    this.#conn.close();
  }

  async #receive(): Promise<Datagram> {
    const [bytes, from] = await receiveDatagram(this.#conn, this.#buffer);
    return { bytes, from };
  }
}

/**
 * Receives a datagram, whatever became of those sent before.
 *
 * @param socket The socket.
 * @param buffer Where to put its content; what is longer is cut.
 * @returns The content, a view of the buffer, and the source.
 */
export async function receiveDatagram(
  socket: Deno.DatagramConn,
  buffer: Uint8Array,
): Promise<[Uint8Array<ArrayBuffer>, Deno.NetAddr]> {
  for (;;) {
    try {
      return await socket.receive(buffer) as [
        Uint8Array<ArrayBuffer>,
        Deno.NetAddr,
      ];
    } catch (error) {
      // Windows tells a socket that an earlier datagram reached nobody.
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
  }
}

/**
 * The local address from which a host can be reached over UDP, which Deno does
 * not choose by itself as it does for TCP.
 *
 * @param hostname The host to reach.
 * @returns A loopback address for a loopback host, else the unspecified address
 * of its family.
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
 * Whether a datagram can be the answer of a host that was asked.
 *
 * @param from Where the datagram came from.
 * @param target Who was asked; if by name, only the port can be compared.
 * @returns Whether port and, where both are known, address are the same.
 */
export function isFrom(
  from: Deno.NetAddr,
  target: { hostname: string; port: number },
): boolean {
  const isAddress = /^[0-9.]+$|:/.test(target.hostname);
  const unspecified = /^(0\.0\.0\.0|::)$/.test(target.hostname);
  return from.port === target.port &&
    (!isAddress || unspecified || from.hostname === target.hostname);
}
