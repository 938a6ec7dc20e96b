/**
 * The addresses of peers: which to dial, when, and how often.
 *
 * | address | dialled |
 * |---|---|
 * | named by the user | until it is connected, then again whenever it is lost |
 * | proven: it was dialled, and a peer answered there | 14 times after each loss, about five minutes |
 * | announced by a peer of itself, or told by a peer of others | twice an hour in all, until it is proven |
 *
 * At most 64 unproven addresses are kept for one source, 256 for all. Spent ones
 * are kept for an hour; while a table is full, further addresses are ignored.
 *
 * @module
 */

import { type Clock, systemClock } from "../timing/clock.ts";
import { sourceOf } from "../net/source.ts";

/** The longest first wait before an address is dialled again; it doubles each time. */
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 30_000;
/** How often an unproven address is dialled in {@linkcode FORGET_MS}. */
const OFFERED_DIALS = 2;
/** How often a proven one is dialled after each loss. */
const PROVEN_DIALS = 14;
const FORGET_MS = 3_600_000;
/** The most addresses of one source, and of each kind: of all peers, of the user. */
const MAX_OF_SOURCE = 64;
const MAX_OF_KIND = 256;

interface Entry {
  kind: "wanted" | "proven" | "offered";
  /** The source that it counts for; empty for the user. */
  source: string;
  /** The ID of the peer that answered there last. */
  peer: string | null;
  /** How often it was dialled since it was named, or since the last loss. */
  dials: number;
  state: "idle" | "waiting" | "dialling";
  timer?: ReturnType<typeof setTimeout>;
  createdMs: number;
}

/** What the address book needs of the mesh. */
export interface Dialler {
  /** Dials an address; `failed` says that it led to no connection. */
  dial(address: string): void;
  /** Whether a peer is connected. */
  isConnected(id: string): boolean;
}

/** Decides when to dial which address. */
export class AddressBook {
  #dialler: Dialler;
  #clock: Clock;
  #entries = new Map<string, Entry>();
  #closed = false;

  /**
   * Creates an empty address book.
   *
   * @param dialler Dials addresses.
   * @param clock Tells when an address is forgotten.
   */
  constructor(dialler: Dialler, clock: Clock = systemClock) {
    this.#dialler = dialler;
    this.#clock = clock;
  }

  /**
   * Dials an address now, and again until it is connected.
   *
   * @param address As `HOST:PORT`, named by the user.
   * @returns Whether there is room for it.
   */
  want(address: string): boolean {
    const entry = this.#entries.get(address);
    if (entry === undefined) return this.#add(address, "wanted", "");
    Object.assign(entry, { kind: "wanted", source: "", dials: 0 });
    if (entry.state !== "dialling") this.#dial(address, entry);
    return true;
  }

  /**
   * Dials an address that a peer sent, unless it is known or the table is full.
   *
   * @param address As `HOST:PORT`.
   * @param teller The host of the peer that sent it.
   */
  offer(address: string, teller: string): void {
    if (this.#entries.has(address)) return;
    this.#add(address, "offered", sourceOf(teller));
  }

  /**
   * Notes that a peer is connected, or that an address leads to it.
   *
   * @param address Where it was dialled, or where it says that it listens.
   * @param id The peer's ID.
   * @param source The host it announced that from; `null` if we dialled it.
   */
  leadsTo(address: string, id: string, source: string | null): void {
    if (source !== null && !this.#entries.has(address)) {
      this.#add(address, "offered", sourceOf(source), false);
    }
    const entry = this.#entries.get(address);
    if (entry === undefined) return; // no room, or forgotten meanwhile
    if (source === null) {
      if (entry.kind === "offered") entry.kind = "proven";
    } else if (entry.kind !== "offered" || this.#isConnected(entry)) {
      return; // another peer of that host may have announced its port
    }
    entry.peer = id;
    if (!this.#isConnected(entry)) return;
    clearTimeout(entry.timer);
    entry.state = "idle";
    if (entry.kind !== "offered") entry.dials = 0;
  }

  /**
   * Dials the addresses of a peer whose connection was lost.
   *
   * @param id The peer's ID.
   */
  lost(id: string): void {
    for (const [address, entry] of this.#entries) {
      if (entry.peer === id && entry.state === "idle") this.failed(address);
    }
  }

  /**
   * Dials an address again later, unless its dials are spent.
   *
   * @param address As `HOST:PORT`.
   */
  failed(address: string): void {
    const entry = this.#entries.get(address);
    if (entry === undefined || this.#closed) return;
    clearTimeout(entry.timer);
    entry.state = "idle";
    if (this.#isConnected(entry)) return;
    const { kind, dials } = entry;
    if (kind === "proven" && dials >= PROVEN_DIALS) {
      this.#entries.delete(address);
      return;
    }
    if (kind === "offered" && dials >= OFFERED_DIALS) return;
    const waitMs = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** dials);
    entry.state = "waiting";
    entry.timer = setTimeout(
      () => this.#dial(address, entry),
      // Jitter: peers that lost each other do not dial in step.
      waitMs * (0.5 + Math.random() / 2),
    );
  }

  /**
   * Stops dialling an address, or those of a peer, until the user names it again.
   *
   * @param what An address, or an ID.
   */
  forget(what: string): void {
    for (const [address, entry] of this.#entries) {
      if (address !== what && entry.peer !== what) continue;
      clearTimeout(entry.timer);
      // Kept as spent: otherwise it would be dialled when a peer sends it again.
      const dials = OFFERED_DIALS;
      Object.assign(entry, {
        kind: "offered",
        dials,
        peer: null,
        state: "idle",
      });
    }
  }

  /** The addresses that are being dialled, or will be. */
  get missing(): { address: string; state: "dialling" | "waiting" }[] {
    return [...this.#entries].flatMap(([address, { state }]) =>
      state === "idle" ? [] : [{ address, state }]
    );
  }

  /** Whether an address is being dialled for the first time. */
  get isBusy(): boolean {
    return [...this.#entries.values()].some(({ state, dials }) =>
      state === "dialling" && dials === 1
    );
  }

  /**
   * Checks whether the user named an address.
   *
   * @param address As `HOST:PORT`.
   */
  isWanted(address: string): boolean {
    return this.#entries.get(address)?.kind === "wanted";
  }

  /**
   * Checks whether the user waits for the first dial of an address.
   *
   * @param address As `HOST:PORT`.
   */
  isNews(address: string): boolean {
    return this.isWanted(address) && this.#entries.get(address)!.dials === 1;
  }

  /** Stops dialling. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#entries.values()) clearTimeout(timer);
    this.#entries.clear();
  }

  #add(
    address: string,
    kind: Entry["kind"],
    source: string,
    dial = true,
  ): boolean {
    const createdMs = this.#clock.now();
    let [alike, ofSource] = [0, 0];
    for (const [known, entry] of this.#entries) {
      const isOld = createdMs - entry.createdMs > FORGET_MS;
      const isSpent = entry.kind === "offered" && entry.state === "idle" &&
        !this.#isConnected(entry);
      if (isOld && isSpent) this.#entries.delete(known);
      else if ((entry.kind === "wanted") === (kind === "wanted")) {
        alike += 1;
        if (entry.source === source) ofSource += 1;
      }
    }
    const max = kind === "wanted" ? MAX_OF_KIND : MAX_OF_SOURCE;
    if (ofSource >= max || alike >= MAX_OF_KIND || this.#closed) return false;
    const state = "idle";
    const entry = {
      kind,
      source,
      peer: null,
      dials: 0,
      state,
      createdMs,
    } as Entry;
    this.#entries.set(address, entry);
    if (dial) this.#dial(address, entry);
    return true;
  }

  #isConnected({ peer }: Entry): boolean {
    return peer !== null && this.#dialler.isConnected(peer);
  }

  #dial(address: string, entry: Entry): void {
    clearTimeout(entry.timer);
    entry.state = "idle";
    if (this.#isConnected(entry)) return;
    entry.state = "dialling";
    entry.dials += 1;
    this.#dialler.dial(address);
  }
}
