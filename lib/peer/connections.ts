/**
 * The connections of a peer: one to each of the others, and which one where
 * there are two.
 *
 * @module
 */

import { formatAddress, parseTarget } from "../net/address.ts";
import { isDisconnect } from "../net/errors.ts";
import type { StreamConnection } from "../net/stream_connection.ts";
import type { ByeReason, Hello, PeerMessage } from "./messages.ts";
import { PeerBook } from "./book.ts";
import { type LinkLimits, PeerFault, PeerLink } from "./link.ts";

/** How to be connected. */
export interface ConnectionOptions extends LinkLimits {
  /** Where the others are to dial us, as `HOST:PORT`. */
  address: string;
  /** How many others there may be. */
  maxPeers: number;
  /** Connects to an address; the connection's reads have the timeout. */
  dial: (
    target: { hostname: string; port: number },
    signal: AbortSignal,
  ) => Promise<StreamConnection>;
}

/** Who uses the connections. */
export interface PeerParty {
  /** What is said first on each connection. */
  hello(): Hello;
  /** Another peer is connected, by this link. */
  joined(link: PeerLink): void;
  /** It said something; throws a {@linkcode PeerFault} if it must not. */
  heard(link: PeerLink, message: PeerMessage): void;
  /** It is not connected any more. */
  left(link: PeerLink): void;
  /** Something went wrong with an address, or with whoever connected. */
  failed(address: string, error: unknown): void;
}

/** The connections of one peer. */
export class PeerConnections {
  /** Which addresses are connected, and when to dial the others. */
  readonly book: PeerBook;
  #options: ConnectionOptions;
  #party: PeerParty;
  /** The one connection to each other peer. */
  #links = new Map<string, PeerLink>();
  /** All connections, those that are not yet or no longer used among them. */
  #all = new Set<PeerLink>();
  #leave = new AbortController();
  #running = new Set<Promise<void>>();

  /**
   * Connects to nobody yet.
   *
   * @param options How to be connected.
   * @param party Who uses the connections.
   */
  constructor(options: ConnectionOptions, party: PeerParty) {
    this.#options = options;
    this.#party = party;
    this.book = new PeerBook((address) => this.#start(this.#dial(address)));
    this.book.shun(options.address);
  }

  /** The connection to each of the others. */
  get links(): Iterable<PeerLink> {
    return this.#links.values();
  }

  /** All connections, those with nothing but our hello among them. */
  get all(): Iterable<PeerLink> {
    return this.#all;
  }

  /** Whether there may be another peer. */
  get hasRoom(): boolean {
    return this.#links.size < this.#options.maxPeers;
  }

  /**
   * The connection to one of the others.
   *
   * @param id Who it is.
   * @returns The connection, if there is one.
   */
  to(id: string): PeerLink | undefined {
    return this.#links.get(id);
  }

  /** Serves a connection that somebody dialled. */
  readonly accept = (connection: StreamConnection): Promise<void> =>
    this.#track(this.#converse(connection, null));

  /**
   * Ends the connection to one peer on purpose; neither side dials again.
   *
   * @param id Who it is.
   */
  disconnect(id: string): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#parted(link, true);
    this.#start(link.finish("leave"));
  }

  /** Says goodbye to all, and ends when all has been sent. */
  async leave(): Promise<void> {
    this.#leave.abort();
    this.book.close();
    for (const link of this.#all) this.#start(link.finish("leave"));
    await this.#ended();
  }

  /** Ends at once, and says nothing. */
  async die(): Promise<void> {
    this.#leave.abort();
    this.book.close();
    for (const link of this.#all) link.close();
    await this.#ended();
  }

  async #ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  get #leaving(): boolean {
    return this.#leave.signal.aborted;
  }

  #start(task: Promise<void>): void {
    void this.#track(task);
  }

  #track(task: Promise<void>): Promise<void> {
    const tracked = task.catch((error) => this.#party.failed("", error))
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
      if (this.book.isNews(address)) this.#party.failed(address, error);
      this.book.failed(address);
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
      const crowded = this.#all.size >= 2 * this.#options.maxPeers;
      if (!this.hasRoom || crowded && dialled === null) {
        await link.finish("full");
        if (dialled === null) return;
        throw new PeerFault("there is no room for it here, see --max-peers");
      }
      this.#all.add(link);
      const hello = this.#party.hello();
      link.send(hello);
      const first = await link.receive();
      if (first === null) return;
      if (first.verb === "bye") {
        if (first.reason === "full") throw new PeerFault("it has no room");
        return;
      }
      if (first.verb !== "hello") throw new PeerFault("it did not say hello");
      const refusal = await this.#welcome(link, first, dialled, hello.id);
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
        this.#party.heard(link, message);
      }
    } catch (error) {
      const reason = link.fault ?? error;
      if (dialled === null || link.listening || this.book.isNews(dialled)) {
        if (!isDisconnect(reason) && !this.#leaving) {
          this.#party.failed(
            link.hello?.address ?? dialled ?? link.remote,
            reason,
          );
        }
      }
      if (error instanceof PeerFault) await link.finish("error");
    } finally {
      // No goodbye to one that does not answer: it may come back.
      link.close();
      this.#all.delete(link);
      this.#parted(link, false);
      if (dialled !== null && !link.listening) this.book.failed(dialled);
    }
  }

  /** Reads to the end without listening, lest a reset overtakes our bye. */
  async #ignore(link: PeerLink): Promise<void> {
    for (;;) {
      const message = await link.receive();
      if (message === null || message.verb === "bye") return;
    }
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
    ownId: string,
  ): Promise<ByeReason | null> {
    const hello = { ...said, address: reachable(said.address, link.remote) };
    link.hello = hello;
    const { id, address } = hello;
    if (id === ownId) {
      if (dialled !== null) {
        if (this.book.isNews(dialled)) {
          this.#party.failed(dialled, new PeerFault("it is this peer itself"));
        }
        this.book.shun(dialled);
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
      if (!this.hasRoom) return "full";
      this.#adopt(link, dialled);
      return null;
    }
    this.book.connected(address, dialled);
    if (survives(link, existing, ownId)) {
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

  #adopt(link: PeerLink, dialled: string | null): void {
    const { id, address } = link.hello!;
    this.#links.set(id, link);
    this.book.connected(address, dialled);
    this.#party.joined(link);
    link.ping();
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
    this.#links.delete(id);
    if (!this.#leaving) this.#party.left(link);
    // Anybody can claim an address, and be the first to leave.
    const claimed = [...this.links].some((other) =>
      other.hello!.address === address
    );
    if (claimed) return;
    if (onPurpose) this.book.shun(address);
    else this.book.lost(address);
  }
}

/** Of two connections between the same two, whether the new one is kept. */
function survives(link: PeerLink, existing: PeerLink, ownId: string): boolean {
  if (existing.ending) return true;
  if (link.dialled === existing.dialled) return false;
  return link.dialled === (ownId < link.hello!.id);
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
