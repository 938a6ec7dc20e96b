/**
 * A mesh of peers, without a server: each is connected to every other one, and
 * whoever leaves or dies is missed by nobody's connections but its own.
 *
 * @module
 */

import { formatAddress, parseTarget } from "../net/address.ts";
import { isDisconnect } from "../net/errors.ts";
import type { StreamConnection } from "../net/stream_connection.ts";
import {
  type ByeReason,
  formatPeerMessage,
  type Hello,
  PEER_VERSION,
  type PeerMessage,
  randomPeerId,
  type Say,
  tellPeers,
} from "../protocols/peer.ts";
import { sleepUntil } from "../timing/sleep.ts";
import { Gossip, PATIENCE_MS } from "./gossip.ts";
import { PeerBook } from "./peer_book.ts";
import { type LinkLimits, PeerFault, PeerLink } from "./peer_link.ts";

/** Something that happened. */
export type PeerEvent =
  | { event: "joined" | "left"; id: string; name: string; address: string }
  | { event: "said"; id: string; name: string; sequence: number; text: string }
  | { event: "told"; id: string; name: string; text: string }
  | { event: "renamed"; id: string; name: string; before: string }
  | { event: "error"; address: string; error: unknown };

/** One of the others, as it is now. */
export interface PeerState {
  /** Who it is. */
  id: string;
  /** What it is called. */
  name: string;
  /** Where it listens. */
  address: string;
  /** Which side dialled. */
  dialled: "here" | "there";
  /** The last round trip in milliseconds; `null` before the first. */
  rttMs: number | null;
}

/** How to take part. */
export interface MeshOptions extends LinkLimits {
  /** What we are called. */
  name: string;
  /** Where the others are to dial us, as `HOST:PORT`. */
  address: string;
  /** How many others there may be. */
  maxPeers: number;
  /** Connects to an address; the connection's reads have the timeout. */
  dial: (
    target: { hostname: string; port: number },
    signal: AbortSignal,
  ) => Promise<StreamConnection>;
  /** Told what happens. */
  onEvent: (event: PeerEvent) => void;
}

/** How many names of peers are remembered. */
const MAX_NAMES = 1024;
/** How many addresses, beside the peers there may be, one peer may tell. */
const SPARE_ADDRESSES = 64;

/** One peer among others. */
export class PeerMesh {
  /** Who we are; made anew at each start. */
  readonly id: string = randomPeerId();
  #options: MeshOptions;
  #name: string;
  /** The one connection to each other peer. */
  #links = new Map<string, PeerLink>();
  /** All connections, those that are not yet or no longer used among them. */
  #all = new Set<PeerLink>();
  #book: PeerBook;
  #gossip: Gossip;
  #names = new Map<string, string>();
  #told = new WeakMap<PeerLink, Set<string>>();
  #sequence = 0;
  #leave = new AbortController();
  #running = new Set<Promise<void>>();
  #chores: ReturnType<typeof setInterval>;
  #sharedMs = 0;

  /**
   * Knows nobody yet.
   *
   * @param options How to take part.
   */
  constructor(options: MeshOptions) {
    this.#options = options;
    this.#name = options.name;
    this.#book = new PeerBook((address) => this.#start(this.#dial(address)));
    this.#gossip = new Gossip((message) => this.#said(message));
    this.#book.shun(options.address);
    this.#chores = setInterval(() => this.#doChores(), PATIENCE_MS / 4);
  }

  /** The others, in the order of their names. */
  get peers(): PeerState[] {
    return [...this.#links.values()]
      .map((link) => ({
        id: link.hello!.id,
        name: link.hello!.name,
        address: link.hello!.address,
        dialled: link.dialled ? "here" as const : "there" as const,
        rttMs: link.rttMs,
      }))
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Addresses to which there should be a connection, and is none yet. */
  get missing(): { address: string; state: "dialling" | "waiting" }[] {
    return this.#book.missing;
  }

  /**
   * Dials an address now, and again and again until there is a connection.
   *
   * @param address As `HOST:PORT`.
   */
  connect(address: string): void {
    this.#book.want(address, "user");
  }

  /**
   * Dials an address that was heard of, a few times.
   *
   * @param address As `HOST:PORT`.
   */
  discover(address: string): void {
    this.#book.want(address, "hearsay");
  }

  /** Serves a connection that somebody dialled. */
  readonly accept = (connection: StreamConnection): Promise<void> =>
    this.#track(this.#converse(connection, null));

  /**
   * Says something to all.
   *
   * @param text One line.
   */
  say(text: string): void {
    const sequence = ++this.#sequence;
    this.#spread({ verb: "say", origin: this.id, sequence, text }, null);
  }

  /**
   * Says something to one peer alone.
   *
   * @param id Whom to.
   * @param text One line.
   */
  tell(id: string, text: string): void {
    this.#links.get(id)?.send({ verb: "tell", text });
  }

  /**
   * Takes another name.
   *
   * @param name The name.
   */
  rename(name: string): void {
    this.#name = name;
    for (const link of this.#all) link.send({ verb: "name", name });
  }

  /**
   * Ends the connection to one peer on purpose; neither side dials again.
   *
   * @param id Whose.
   */
  disconnect(id: string): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#parted(link, true);
    this.#start(link.finish("leave"));
  }

  /**
   * Resolves when each address the user named is connected, or was tried.
   *
   * @param signal Ends the wait early.
   */
  async introduced(signal: AbortSignal): Promise<void> {
    while (this.#book.hasNews && !signal.aborted) {
      await sleepUntil(performance.now() + 10, signal, { relaxed: true });
    }
  }

  /** Resolves when all that was said was handed to the system. */
  async drained(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.drained()));
  }

  /** Says goodbye to all, and ends when all has been sent. */
  async leave(): Promise<void> {
    this.#stop();
    for (const link of this.#all) this.#track(link.finish("leave"));
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Ends at once, and says nothing: as if it had died. */
  async die(): Promise<void> {
    this.#stop();
    for (const link of this.#all) link.close();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #stop(): void {
    this.#leave.abort();
    clearInterval(this.#chores);
    this.#book.close();
  }

  get #leaving(): boolean {
    return this.#leave.signal.aborted;
  }

  #start(task: Promise<void>): void {
    void this.#track(task);
  }

  #track(task: Promise<void>): Promise<void> {
    const tracked = task.catch((error) => this.#error("", error))
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
    return tracked;
  }

  async #dial(address: string): Promise<void> {
    const target = parseTarget(address, 0);
    if (target.transport !== "tcp") return;
    let connection;
    try {
      connection = await this.#options.dial(target, this.#leave.signal);
    } catch (error) {
      if (this.#book.isNews(address)) this.#error(address, error);
      this.#book.failed(address);
      return;
    }
    await this.#converse(connection, address);
    connection.close();
  }

  /** A connection from its first line to its last. */
  async #converse(
    connection: StreamConnection,
    dialled: string | null,
  ): Promise<void> {
    const link = new PeerLink(connection, dialled !== null, this.#options);
    try {
      if (this.#leaving) return await link.finish("leave");
      if (!this.#hasRoom || this.#all.size >= 2 * this.#options.maxPeers) {
        await link.finish("full");
        if (dialled === null) return;
        throw new PeerFault("there is no room for it here, see --max-peers");
      }
      this.#all.add(link);
      link.send({
        verb: "hello",
        version: PEER_VERSION,
        id: this.id,
        address: this.#options.address,
        name: this.#name,
      });
      const first = await link.receive();
      if (first === null) return;
      if (first.verb === "bye") {
        if (first.reason === "full") throw new PeerFault("it has no room");
        return;
      }
      if (first.verb !== "hello") throw new PeerFault("it did not say hello");
      const refusal = await this.#welcome(link, first, dialled);
      if (refusal !== null) {
        await link.finish(refusal);
        await this.#ignore(link);
        return;
      }
      link.listening = true;
      for (;;) {
        const message = await link.receive();
        if (message === null) return;
        if (message.verb === "bye") {
          this.#parted(link, message.reason === "leave");
          return await link.finish(message.reason);
        }
        this.#take(link, message);
      }
    } catch (error) {
      const reason = link.fault ?? error;
      if (dialled === null || link.listening || this.#book.isNews(dialled)) {
        if (!isDisconnect(reason) && !this.#leaving) {
          this.#error(link.hello?.address ?? dialled ?? link.remote, reason);
        }
      }
      if (error instanceof PeerFault) await link.finish("error");
    } finally {
      // No goodbye to one that does not answer: it may come back.
      link.close();
      this.#all.delete(link);
      this.#parted(link, false);
      if (dialled !== null && !link.listening) this.#book.failed(dialled);
    }
  }

  /** Reads to the end without listening, lest a reset overtakes our bye. */
  async #ignore(link: PeerLink): Promise<void> {
    for (;;) {
      const message = await link.receive();
      if (message === null || message.verb === "bye") return;
    }
  }

  get #hasRoom(): boolean {
    return this.#links.size < this.#options.maxPeers;
  }

  /**
   * Decides, by the peer's hello, whether to listen to this connection.
   *
   * @returns Why not, or `null`.
   */
  async #welcome(
    link: PeerLink,
    said: Hello,
    dialled: string | null,
  ): Promise<ByeReason | null> {
    const hello = { ...said, address: reachable(said.address, link.remote) };
    link.hello = hello;
    const { id, address } = hello;
    if (id === this.id) {
      if (dialled !== null) {
        if (this.#book.isNews(dialled)) {
          this.#error(dialled, new PeerFault("it is this peer itself"));
        }
        this.#book.shun(dialled);
      }
      return "self";
    }
    let existing = this.#links.get(id);
    if (existing !== undefined && this.#isOld(existing)) {
      // Somebody else may have taken its ID; or it has come back.
      if (await existing.confirmed()) return "twin";
      existing.close();
      existing = this.#links.get(id);
    }
    if (existing === undefined) {
      if (!this.#hasRoom) return "full";
      this.#adopt(link, dialled);
      return null;
    }
    this.#book.connected(address, dialled);
    if (this.#survives(link, existing)) {
      this.#links.set(id, link);
      this.#start(this.#endTwin(existing, link));
    } else if (link.dialled || link.dialled !== existing.dialled) {
      this.#start(this.#endTwin(link, existing));
    } // else the peer, which dialled both, ends one
    return null;
  }

  /** Only once the peer knows the one that stays: none of it is to get lost. */
  async #endTwin(link: PeerLink, staying: PeerLink): Promise<void> {
    const confirmed = await staying.confirmed();
    const used = this.#links.get(staying.hello!.id) === staying;
    if (confirmed && used) await link.finish("twin");
  }

  #isOld(link: PeerLink): boolean {
    return performance.now() - link.openedMs > this.#options.timeoutMs;
  }

  /** Of two connections between the same two, whether the new one is kept. */
  #survives(link: PeerLink, existing: PeerLink): boolean {
    if (existing.ending) return true;
    if (link.dialled === existing.dialled) return false;
    return link.dialled === (this.id < link.hello!.id);
  }

  #adopt(link: PeerLink, dialled: string | null): void {
    const { id, name, address } = link.hello!;
    this.#links.set(id, link);
    this.#names.set(id, name);
    this.#book.connected(address, dialled);
    this.#options.onEvent({ event: "joined", id, name, address });
    this.#share(link);
    link.ping();
  }

  #take(link: PeerLink, message: PeerMessage): void {
    const { id, name } = link.hello!;
    switch (message.verb) {
      case "say":
        if (message.origin === this.id) return;
        if (this.#gossip.receive(message)) this.#spread(message, link);
        return;
      case "tell":
        return this.#options.onEvent({
          event: "told",
          id,
          name,
          text: message.text,
        });
      case "name":
        link.hello!.name = message.name;
        this.#names.set(id, message.name);
        return this.#options.onEvent({
          event: "renamed",
          id,
          name: message.name,
          before: name,
        });
      case "peers":
        return this.#learn(link, message.addresses);
      default:
        throw new PeerFault(`it said ${message.verb} a second time`);
    }
  }

  #learn(link: PeerLink, addresses: string[]): void {
    const told = this.#told.get(link) ?? new Set();
    this.#told.set(link, told);
    for (const address of addresses) {
      told.add(address);
      if (told.size > this.#options.maxPeers + SPARE_ADDRESSES) {
        throw new PeerFault(`it told more than ${told.size - 1} addresses`);
      }
      if (this.#links.size >= this.#options.maxPeers) continue;
      this.#book.want(address, "hearsay");
    }
  }

  /** Passes a message on to all, but not back to whom it came from. */
  #spread(message: Say, from: PeerLink | null): void {
    const line = formatPeerMessage(message);
    for (const [id, link] of this.#links) {
      if (link !== from && id !== message.origin) link.send(line);
    }
  }

  #said({ origin, sequence, text }: Say): void {
    const name = this.#names.get(origin) ?? origin.slice(0, 8);
    this.#options.onEvent({ event: "said", id: origin, name, sequence, text });
  }

  /** Tells a peer who the others are. */
  #share(link: PeerLink): void {
    const addresses = this.peers
      .filter(({ id }) => id !== link.hello!.id)
      .map(({ address }) => address);
    for (const message of tellPeers(addresses)) link.send(message);
  }

  /** No longer one of the others, though its last words may still come. */
  #retire(link: PeerLink): void {
    const hello = link.hello;
    if (hello === null || this.#links.get(hello.id) !== link) return;
    this.#links.delete(hello.id);
    const { id, name, address } = hello;
    if (this.#leaving) return;
    this.#options.onEvent({ event: "left", id, name, address });
  }

  /** A connection is over, or will be; another between the same two may go on. */
  #parted(link: PeerLink, onPurpose: boolean): void {
    if (link.hello === null) return;
    const { id, address } = link.hello;
    if (this.#links.get(id) !== link) return;
    const spare = onPurpose
      ? undefined
      : [...this.#all].find((other) =>
        other !== link && other.listening && other.hello?.id === id &&
        !other.ending
      );
    if (spare !== undefined) {
      this.#links.set(id, spare);
      return;
    }
    this.#retire(link);
    // Anybody can claim an address, and be the first to leave.
    const claimed = this.peers.some((peer) => peer.address === address);
    if (claimed) return;
    if (onPurpose) this.#book.shun(address);
    else this.#book.lost(address);
  }

  #doChores(): void {
    this.#gossip.expire();
    const nowMs = performance.now();
    if (nowMs - this.#sharedMs < this.#options.timeoutMs) return;
    this.#sharedMs = nowMs;
    for (const link of this.#links.values()) this.#share(link);
    // Names of those long gone, of whom nothing more will be said.
    for (const id of this.#names.keys()) {
      if (this.#names.size <= MAX_NAMES) break;
      if (!this.#links.has(id)) this.#names.delete(id);
    }
  }

  #error(address: string, error: unknown): void {
    this.#options.onEvent({ event: "error", address, error });
  }
}

/** An address that says "any", by the one from which the connection came. */
function reachable(address: string, remote: string): string {
  const own = parseTarget(address, 0);
  if (own.transport !== "tcp" || !/^(0\.0\.0\.0|::)$/.test(own.hostname)) {
    return address;
  }
  const from = parseTarget(remote, 0);
  return from.transport === "tcp"
    ? formatAddress({ ...from, port: own.port })
    : address;
}
