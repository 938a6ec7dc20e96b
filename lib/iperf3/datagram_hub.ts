/**
 * The datagram socket of a server, shared by the flows of all tests: Deno has no
 * connected datagram sockets.
 *
 * @module
 */

import type { AdmissionControl } from "../net/admission.ts";
import { receiveDatagram } from "../net/datagram_socket.ts";
import { errorMessage, isDisconnect } from "../net/errors.ts";
import {
  HELLO_REPLY,
  isGreeting,
  OLD_HELLO,
  OLD_HELLO_REPLY,
} from "./datagrams.ts";

/** The length of every greeting. */
const GREETING_BYTES = HELLO_REPLY.length;
/** Longer than any datagram. */
const BUFFER_BYTES = 65_536;

/** What is done with the datagrams of a flow. */
export type DatagramSink = (datagram: Uint8Array) => void;

/** Returns what to do with the datagrams of a source; `null` refuses it. */
export type Greeter = (peer: Deno.NetAddr) => DatagramSink | null;

/**
 * Hands datagrams to the flows they belong to, by their source. It answers
 * greetings of hosts that a test waits for, and nothing else.
 */
export class DatagramHub {
  /** The socket, to send on. */
  readonly socket: Deno.DatagramConn;
  #flows = new Map<number, { host: string; sink: DatagramSink }[]>();
  #greeters = new Map<string, Greeter>();
  #turns = new Map<string, Promise<void>>();
  #admission: AdmissionControl;

  /**
   * Takes ownership of a bound socket.
   *
   * @param socket The socket.
   * @param admission Decides on greetings.
   */
  constructor(socket: Deno.DatagramConn, admission: AdmissionControl) {
    this.socket = socket;
    this.#admission = admission;
  }

  /**
   * Receives until the socket is closed.
   *
   * @param log Receives a line for each error.
   */
  async run(log: (line: string) => void): Promise<void> {
    await eachDatagram(this.socket, (datagram, from) => {
      const flows = this.#flows.get(from.port);
      const flow = flows && find(flows, from);
      if (flow !== undefined) flow.sink(datagram);
      else if (this.#greeters.size > 0) this.#welcome(datagram, from);
    }, log);
  }

  /**
   * Waits until no other test of a host opens its flows.
   *
   * @param host The host.
   * @returns A function that ends the turn and refuses further greetings.
   */
  async takeTurn(host: string): Promise<() => void> {
    const before = this.#turns.get(host) ?? Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const mine = before.then(() => promise);
    this.#turns.set(host, mine);
    await before;
    return () => {
      this.#greeters.delete(host);
      if (this.#turns.get(host) === mine) this.#turns.delete(host);
      resolve();
    };
  }

  /**
   * Answers the greetings of a host from now on.
   *
   * @param host The host.
   * @param accept Called with the source of each greeting; `null` refuses it.
   */
  greet(host: string, accept: Greeter): void {
    this.#greeters.set(host, accept);
  }

  /**
   * Forgets a flow.
   *
   * @param peer Its source.
   */
  remove(peer: Deno.NetAddr): void {
    const host = plainHost(peer.hostname);
    const left = this.#flows.get(peer.port)?.filter((one) => one.host !== host);
    if (left?.length) this.#flows.set(peer.port, left);
    else this.#flows.delete(peer.port);
  }

  /** Closes the socket. */
  close(): void {
    this.socket.close();
  }

  #welcome(datagram: Uint8Array, from: Deno.NetAddr): void {
    const host = plainHost(from.hostname);
    const accept = this.#greeters.get(host);
    if (accept === undefined || datagram.length !== GREETING_BYTES) return;
    const own = this.socket.addr as Deno.NetAddr;
    if (this.#admission.datagram(from, own) !== null) return;
    const reply = isGreeting(datagram, OLD_HELLO)
      ? OLD_HELLO_REPLY
      : HELLO_REPLY;
    const sink = accept(from);
    if (sink === null) return;
    const others = this.#flows.get(from.port) ?? [];
    this.#flows.set(from.port, [...others, { host, sink }]);
    this.socket.send(reply, from).catch(() => {}); // the client's deadline ends the test
  }
}

/**
 * Receives datagrams until the socket is closed.
 *
 * @param socket The socket.
 * @param onDatagram Called with each one, a view that is valid during the call.
 * @param log Receives a line for each error; without it an error ends the wait.
 */
export async function eachDatagram(
  socket: Deno.DatagramConn,
  onDatagram: (datagram: Uint8Array, from: Deno.NetAddr) => void,
  log?: (line: string) => void,
): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (;;) {
    try {
      const [datagram, from] = await receiveDatagram(socket, buffer);
      onDatagram(datagram, from);
    } catch (error) {
      if (isDisconnect(error)) return;
      if (log === undefined) throw error;
      log(`Cannot receive: ${errorMessage(error)}`);
    }
  }
}

function find<T extends { host: string }>(
  flows: T[],
  { hostname }: Deno.NetAddr,
): T | undefined {
  for (const flow of flows) {
    if (flow.host === hostname || flow.host === plainHost(hostname)) {
      return flow;
    }
  }
}

/**
 * Writes an address such that TCP and UDP agree: without the zone of a link-local
 * address, and IPv4 without the prefix that a socket of both families gives it.
 *
 * @param hostname The address.
 * @returns The address to compare.
 *
 * @example Usage
 * ```ts
 * import { plainHost } from "./datagram_hub.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(plainHost("::ffff:192.0.2.1"), "192.0.2.1");
 * assertEquals(plainHost("fe80::1%eth0"), "fe80::1");
 * ```
 */
export function plainHost(hostname: string): string {
  return hostname.replace(/^::ffff:(?=\d+\.)/, "").replace(/%.*$/, "");
}
