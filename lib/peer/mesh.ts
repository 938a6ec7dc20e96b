/**
 * A mesh of peers, without a server: each is connected to every other one, and
 * whoever leaves or dies is missed by nobody's connections but its own.
 *
 * @module
 */

import type { StreamConnection } from "../net/stream_connection.ts";
import {
  formatPeerMessage,
  isPeerText,
  PEER_VERSION,
  type PeerMessage,
  randomPeerId,
  type Say,
  tellPeers,
} from "./messages.ts";
import { sleepUntil } from "../timing/sleep.ts";
import { Gossip, PATIENCE_MS } from "./gossip.ts";
import { type ConnectionOptions, PeerConnections } from "./connections.ts";
import { PeerFault, type PeerLink } from "./link.ts";

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
export interface MeshOptions extends ConnectionOptions {
  /** What we are called. */
  name: string;
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
  #connections: PeerConnections;
  #gossip: Gossip;
  #names = new Map<string, string>();
  #told = new WeakMap<PeerLink, Set<string>>();
  #sequence = 0;
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
    this.#gossip = new Gossip((message) => this.#said(message));
    this.#connections = new PeerConnections(options, {
      hello: () => ({
        verb: "hello",
        version: PEER_VERSION,
        id: this.id,
        address: options.address,
        name: this.#name,
      }),
      joined: (link) => this.#joined(link),
      heard: (link, message) => this.#take(link, message),
      left: (link) => {
        const { id, name, address } = link.hello!;
        options.onEvent({ event: "left", id, name, address });
      },
      failed: (address, error) =>
        options.onEvent({ event: "error", address, error }),
    });
    this.#chores = setInterval(() => this.#doChores(), PATIENCE_MS / 4);
  }

  /** The others, in the order of their names. */
  get peers(): PeerState[] {
    return [...this.#connections.links]
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
    return this.#connections.book.missing;
  }

  /**
   * Dials an address now, and again and again until there is a connection.
   *
   * @param address As `HOST:PORT`.
   */
  connect(address: string): void {
    this.#connections.book.want(address, "user");
  }

  /**
   * Dials an address that was heard of, a few times.
   *
   * @param address As `HOST:PORT`.
   */
  discover(address: string): void {
    this.#connections.book.want(address, "hearsay");
  }

  /**
   * Dials an address no more, until the user or a connection brings it back.
   *
   * @param address As `HOST:PORT`.
   */
  forget(address: string): void {
    this.#connections.book.shun(address);
  }

  /** Serves a connection that somebody dialled. */
  readonly accept = (connection: StreamConnection): Promise<void> =>
    this.#connections.accept(connection);

  /**
   * Says something to all.
   *
   * @param text One line.
   * @throws {RangeError} If it is not, or is too long.
   */
  say(text: string): void {
    refuseText(text);
    const sequence = ++this.#sequence;
    this.#spread({ verb: "say", origin: this.id, sequence, text }, null);
  }

  /**
   * Says something to one peer alone.
   *
   * @param id Whom to.
   * @param text One line.
   * @throws {RangeError} If it is not, or is too long.
   */
  tell(id: string, text: string): void {
    refuseText(text);
    this.#connections.to(id)?.send({ verb: "tell", text });
  }

  /**
   * Takes another name.
   *
   * @param name The name.
   */
  rename(name: string): void {
    this.#name = name;
    for (const link of this.#connections.all) link.send({ verb: "name", name });
  }

  /**
   * Ends the connection to one peer on purpose; neither side dials again.
   *
   * @param id Whose.
   */
  disconnect(id: string): void {
    this.#connections.disconnect(id);
  }

  /**
   * Resolves when each address the user named is connected, or was tried.
   *
   * @param signal Ends the wait early.
   */
  async introduced(signal: AbortSignal): Promise<void> {
    while (this.#connections.book.hasNews && !signal.aborted) {
      await sleepUntil(performance.now() + 10, signal, { relaxed: true });
    }
  }

  /** Resolves when all that was said was handed to the system. */
  async drained(): Promise<void> {
    await Promise.all(
      [...this.#connections.links].map((link) => link.drained()),
    );
  }

  /** Says goodbye to all, and ends when all has been sent. */
  leave(): Promise<void> {
    clearInterval(this.#chores);
    return this.#connections.leave();
  }

  /** Ends at once, and says nothing: as if it had died. */
  die(): Promise<void> {
    clearInterval(this.#chores);
    return this.#connections.die();
  }

  #joined(link: PeerLink): void {
    const { id, name, address } = link.hello!;
    this.#names.set(id, name);
    this.#options.onEvent({ event: "joined", id, name, address });
    this.#share(link);
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
      if (!this.#connections.hasRoom) continue;
      this.#connections.book.want(address, "hearsay");
    }
  }

  /** Passes a message on to all, but not back to whom it came from. */
  #spread(message: Say, from: PeerLink | null): void {
    const line = formatPeerMessage(message);
    for (const link of this.#connections.links) {
      if (link !== from && link.hello!.id !== message.origin) link.send(line);
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

  #doChores(): void {
    this.#gossip.expire();
    const nowMs = performance.now();
    if (nowMs - this.#sharedMs < this.#options.timeoutMs) return;
    this.#sharedMs = nowMs;
    for (const link of this.#connections.links) this.#share(link);
    // Names of those long gone, of whom nothing more will be said.
    for (const id of this.#names.keys()) {
      if (this.#names.size <= MAX_NAMES) break;
      if (!this.#connections.to(id)) this.#names.delete(id);
    }
  }
}

/** What is said goes into the others' lines as it is. */
function refuseText(text: string): void {
  if (isPeerText(text)) return;
  throw new RangeError("Cannot say what is no line of at most 4000 bytes");
}
