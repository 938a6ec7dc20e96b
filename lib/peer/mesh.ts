/**
 * A mesh of peers without a server: each peer is connected to every other one, and
 * sends each of its lines once on each connection.
 *
 * Memory is bounded: at most twice as many connections as peers are allowed, each
 * with a bounded queue; addresses as described in `address_book.ts`. Only the
 * address of a peer is kept after it leaves.
 *
 * @module
 */

import { parseTarget } from "../net/address.ts";
import type { AdmissionControl, SourceLimits } from "../net/admission.ts";
import { isDisconnect } from "../net/errors.ts";
import type { SharedKey } from "../net/shared_key.ts";
import type { StreamConnection } from "../net/stream_connection.ts";
import { sleepUntil } from "../timing/sleep.ts";
import { AddressBook } from "./address_book.ts";
import { type LinkLimits, PeerLink } from "./link.ts";
import {
  type ByeReason,
  formatPeerMessage,
  isPeerText,
  MAX_TEXT_BYTES,
  MAX_TOLD_ADDRESSES,
  PeerFault,
  type PeerMessage,
  randomPeerId,
} from "./messages.ts";
import { distinctName, foldName } from "./names.ts";
import { addressOf, mayTell, parseNumeric } from "./scope.ts";

/** The limits of a source for those who accept connections for a mesh. */
export const PEER_SOURCE_LIMITS: Readonly<Partial<SourceLimits>> = {
  maxPerSource: 8,
  maxConnectsPerSec: 8,
};

/** An event; `name` is the name that is shown. */
export type PeerEvent =
  | { event: "joined" | "left"; id: string; name: string; address: string }
  | { event: "said" | "told"; id: string; name: string; text: string }
  | { event: "renamed"; id: string; name: string; before: string }
  | { event: "error"; address: string; error: unknown };

/** The current state of another peer. */
export type PeerState = Readonly<
  Pick<PeerLink, "id" | "name" | "address" | "dialled" | "rttMs">
>;

/** The options of a peer. */
export interface MeshOptions extends LinkLimits {
  /** Our name. */
  name: string;
  /** The port on which we accept connections; 0 for none. */
  port: number;
  /** The most other peers. */
  maxPeers: number;
  /**
   * Decides which of the addresses that peers sent are dialled; the same decides
   * on accepted connections.
   */
  admission: AdmissionControl;
  /** Accepts only peers that prove that they hold this key. */
  key?: SharedKey | undefined;
  /** Connects to an address, with the limits of `peerStreamLimits`. */
  dial: (
    target: { hostname: string; port: number },
    signal: AbortSignal,
  ) => Promise<StreamConnection>;
  /** Called for each event. */
  onEvent: (event: PeerEvent) => void;
}

/** One peer of a mesh. */
export class PeerMesh {
  /** Our ID, new at each start. */
  readonly id: string = randomPeerId();
  #options: MeshOptions;
  #name: string;
  #book: AddressBook;
  /** The one connection to each peer: joined, or chosen to be joined. */
  #peers = new Map<string, PeerLink>();
  /** All connections. */
  #links = new Set<PeerLink>();
  #leave = new AbortController();
  #running = new Set<Promise<void>>();

  /**
   * Creates a peer that is not connected yet.
   *
   * @param options Its options.
   */
  constructor(options: MeshOptions) {
    this.#options = options;
    this.#name = options.name;
    this.#book = new AddressBook({
      dial: (address) => void this.#track(this.#dial(address)),
      isConnected: (id) => this.#peers.get(id)?.isJoined ?? false,
    });
  }

  /** The other peers, in the order of their names. */
  get peers(): PeerState[] {
    return this.#joined.sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** The addresses that are being dialled, or will be. */
  get missing(): { address: string; state: "dialling" | "waiting" }[] {
    return this.#book.missing;
  }

  /** Serves a connection that a peer opened. */
  readonly accept = (connection: StreamConnection): Promise<void> =>
    this.#track(this.#serve(new PeerLink(connection, null, this.#options)));

  /**
   * Dials an address now, and again until it is connected.
   *
   * @param address As `HOST:PORT`.
   * @returns Whether there is room for it.
   */
  connect(address: string): boolean {
    return this.#book.want(address);
  }

  /**
   * Disconnects from a peer, so that neither side dials again; or stops dialling an
   * address.
   *
   * @param what The peer's ID, or the address.
   */
  disconnect(what: string): void {
    this.#book.forget(what);
    const link = this.#peers.get(what);
    if (link === undefined) return;
    this.#part(link);
    void this.#track(link.finish("leave"));
  }

  /**
   * Sends a line to all peers.
   *
   * @param text One line.
   * @returns How many peers it was sent to.
   * @throws {RangeError} If it is not one line, or too long.
   */
  say(text: string): number {
    return send(this.#joined, "say", text);
  }

  /**
   * Sends a line to one peer alone.
   *
   * @param id The peer's ID.
   * @param text One line.
   * @returns How many peers it was sent to.
   * @throws {RangeError} If it is not one line, or too long.
   */
  tell(id: string, text: string): number {
    return send(this.#joined.filter((link) => link.id === id), "tell", text);
  }

  /**
   * Takes another name.
   *
   * @param name The name.
   */
  rename(name: string): void {
    this.#name = name;
    for (const link of this.#links) {
      if (link.isGreeted) link.send({ verb: "name", name });
    }
  }

  /**
   * Waits until each address was dialled once, including those that the first peers
   * sent; at most for the timeout.
   *
   * @param signal Ends the wait early.
   */
  async introduced(signal: AbortSignal): Promise<void> {
    const untilMs = performance.now() + this.#options.timeoutMs;
    const isBusy = () =>
      this.#book.isBusy ||
      this.#joined.some(({ dialled, hasTold }) => dialled !== null && !hasTold);
    while (isBusy() && !signal.aborted && performance.now() < untilMs) {
      await sleepUntil(performance.now() + 10, signal, { relaxed: true });
    }
  }

  /** Waits until all lines were handed to the system. */
  async drained(): Promise<void> {
    await Promise.all(this.#joined.map((link) => link.drained()));
  }

  /** Sends a bye to all peers, and waits until it was sent, at most two seconds. */
  async leave(): Promise<void> {
    this.#leave.abort();
    this.#book.close();
    for (const link of this.#links) void this.#track(link.finish("leave"));
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  get #joined(): PeerLink[] {
    return [...this.#peers.values()].filter(({ isJoined }) => isJoined);
  }

  #track(task: Promise<void>): Promise<void> {
    const tracked = task.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
    return tracked;
  }

  async #dial(address: string): Promise<void> {
    const { signal } = this.#leave;
    const target = parseTarget(address, 0);
    if (target.transport !== "tcp") return;
    const leave = this.#book.isWanted(address)
      ? () => {} // the user's choice
      : this.#options.admission.connect(target);
    if (typeof leave === "string") return this.#book.failed(address);
    let connection;
    try {
      connection = await this.#options.dial(target, signal);
    } catch (error) {
      leave();
      if (this.#book.isNews(address)) {
        this.#emit({ event: "error", address, error });
      }
      return this.#book.failed(address);
    }
    await this.#serve(new PeerLink(connection, address, this.#options))
      .finally(leave);
  }

  /** Serves a connection to its end. */
  async #serve(link: PeerLink): Promise<void> {
    const { dialled } = link;
    this.#links.add(link);
    try {
      if (this.#leave.signal.aborted) return await link.finish("leave");
      const { key, port, maxPeers } = this.#options;
      if (this.#links.size > 2 * maxPeers) return await link.finish("full");
      const reason = key ? await link.authenticate(key) : null;
      if (reason !== null) return void this.#partedBy(link, reason);
      link.send({ verb: "hello", id: this.id, port, name: this.#name });
      link.isGreeted = true;
      let isOpen = await this.#greet(link);
      while (isOpen) isOpen = await this.#take(link, await link.receive());
    } catch (error) {
      await this.#fail(link, link.fault ?? error);
    } finally {
      link.close();
      this.#links.delete(link);
      const isLost = this.#part(link);
      if (isLost) this.#book.lost(link.id);
      else if (dialled !== null && !link.isJoined) this.#book.failed(dialled);
    }
  }

  /** Reads the hello; returns whether to go on. */
  async #greet(link: PeerLink): Promise<boolean> {
    const { dialled, host } = link;
    const hello = await link.receiveFirst();
    if (hello.verb === "bye") return this.#partedBy(link, hello.reason);
    const { id, port, name } = hello;
    Object.assign(link, { id, name });
    if (id === this.id) {
      await link.finish("self");
      throw new PeerFault("it is this peer itself, or echoes what it is sent");
    }
    if (dialled !== null) {
      this.#book.leadsTo(dialled, id, null);
      link.isReachable = true;
    } else if (port > 0) {
      link.address = addressOf(host, port);
      link.isReachable = true;
    }
    return this.id > id || await this.#choose(link);
  }

  /**
   * Makes this the one connection to its peer, unless there is another. The side
   * with the smaller ID chooses at the hello, the other at the welcome.
   */
  async #choose(link: PeerLink): Promise<boolean> {
    const chosen = this.#peers.get(link.id);
    if (chosen === link) return true;
    if (chosen === undefined && this.#peers.size < this.#options.maxPeers) {
      this.#peers.set(link.id, link);
      link.send({ verb: "welcome" });
      return true;
    }
    await link.finish(chosen === undefined ? "full" : "twin");
    await link.ignoreRest();
    if (chosen !== undefined || link.dialled === null) return false;
    throw new PeerFault("there is no room here for another peer", false);
  }

  /** Acts on a message; returns whether to go on. */
  async #take(link: PeerLink, message: PeerMessage | null): Promise<boolean> {
    if (message === null) return false;
    const { id, name } = link;
    // We disconnected from it, and read to the end.
    const isParted = link.isJoined && this.#peers.get(id) !== link;
    if (isParted) return message.verb !== "bye";
    switch (message.verb) {
      case "bye":
        return this.#partedBy(link, message.reason);
      case "name":
        this.#rename(link, message.name);
        if (!link.isJoined) return true;
        this.#emit({ event: "renamed", id, name: link.name, before: name });
        return true;
      case "welcome":
        if (link.isJoined) break;
        if (!await this.#choose(link)) return false;
        this.#join(link);
        return true;
      case "peers":
        if (!link.isJoined || link.hasTold) break;
        link.hasTold = true;
        this.#learn(link, message.addresses);
        return true;
      case "say":
      case "tell": {
        if (!link.isJoined) break;
        const event = message.verb === "say" ? "said" : "told";
        this.#emit({ event, id, name, text: message.text });
        return true;
      }
    }
    throw new PeerFault(`it sent ${message.verb} out of turn`);
  }

  #join(link: PeerLink): void {
    const { id, host, dialled, address } = link;
    link.isJoined = true;
    this.#rename(link, link.name);
    if (dialled !== null) this.#book.leadsTo(dialled, id, null);
    else if (link.isReachable) this.#book.leadsTo(address, id, host);
    this.#emit({ event: "joined", id, name: link.name, address });
    link.startPings();
    const addresses = this.#joined
      .filter((other) =>
        other !== link && other.isReachable && mayTell(other.host, host)
      )
      .map(({ address }) => address)
      .slice(0, MAX_TOLD_ADDRESSES);
    link.send({ verb: "peers", addresses });
  }

  /** Dials the addresses that a peer sent, if the rules allow it. */
  #learn({ host }: PeerLink, addresses: string[]): void {
    const known = new Set(this.#joined.map(({ address }) => address));
    for (const told of addresses) {
      const target = parseNumeric(told);
      const isFull = this.#peers.size >= this.#options.maxPeers;
      if (target === null || isFull || known.has(target.address)) continue;
      if (mayTell(target.hostname, host)) {
        this.#book.offer(target.address, host);
      }
    }
  }

  /** Gives a peer a name that no other peer is shown with. */
  #rename(link: PeerLink, name: string): void {
    const others = this.#joined.filter((other) => other !== link);
    const taken = new Set(others.map(({ folded }) => folded));
    Object.assign(link, distinctName(name, taken.add(foldName(this.#name))));
  }

  /** Acts on a bye; returns `false`, since the connection ends. */
  #partedBy(link: PeerLink, reason: ByeReason): false {
    if (reason === "full" && !link.isJoined) {
      throw new PeerFault("it has no room for another peer", false);
    }
    if (reason === "key" && !link.isJoined) {
      throw new PeerFault("it requires the shared key of its mesh");
    }
    if (reason === "leave" && link.isJoined) {
      this.#book.forget(link.id);
      this.#part(link);
    }
    return false;
  }

  /** Removes a connection; returns whether its peer is lost by that. */
  #part(link: PeerLink): boolean {
    if (this.#peers.get(link.id) !== link) return false;
    this.#peers.delete(link.id);
    if (!link.isJoined || this.#leave.signal.aborted) return false;
    const { id, name, address } = link;
    this.#emit({ event: "left", id, name, address });
    return true;
  }

  /** Reports what ended a connection, and tells the peer. */
  async #fail(link: PeerLink, error: unknown): Promise<void> {
    const { id, dialled, address } = link;
    const isNews = dialled === null || link.isJoined ||
      this.#book.isNews(dialled);
    if (isNews && !isDisconnect(error)) {
      this.#emit({ event: "error", address: dialled ?? address, error });
    }
    if (!(error instanceof PeerFault)) return;
    if (error.isFinal) {
      if (link.isJoined) this.#book.forget(id);
      if (dialled !== null) this.#book.forget(dialled);
    }
    await link.finish(error.reason);
    await link.ignoreRest();
  }

  #emit(event: PeerEvent): void {
    if (!this.#leave.signal.aborted) this.#options.onEvent(event);
  }
}

/** Sends a line of text on some connections; returns on how many. */
function send(links: PeerLink[], verb: "say" | "tell", text: string): number {
  if (!isPeerText(text)) {
    throw new RangeError(
      `Cannot send what is not one line of at most ${MAX_TEXT_BYTES} bytes`,
    );
  }
  const line = formatPeerMessage({ verb, text });
  for (const link of links) link.send(line);
  return links.length;
}
