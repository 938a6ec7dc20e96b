/**
 * The addresses of peers: which are connected, which to dial, and when again.
 *
 * @module
 */

import { Backoff } from "./backoff.ts";

/** The most addresses known at a time. */
const MAX_ENTRIES = 1024;
/** How often an address that others told is dialled again, then forgotten. */
const HEARSAY_RETRIES = 2;
/** The same for one to which there was a connection: some five minutes. */
const LOST_RETRIES = 14;

/** Why an address is dialled. */
export type Source = "user" | "hearsay" | "lost";

interface Entry {
  source: Source;
  backoff: Backoff;
  timer: ReturnType<typeof setTimeout> | undefined;
  state: "waiting" | "dialling" | "connected";
}

/** Decides when to dial which address. */
export class PeerBook {
  #dial: (address: string) => void;
  #entries = new Map<string, Entry>();
  /** Our own addresses, and those of peers that left on purpose. */
  #shunned = new Set<string>();
  #closed = false;

  /**
   * Knows no address.
   *
   * @param dial Dials an address, and then calls `connected` or `failed`.
   */
  constructor(dial: (address: string) => void) {
    this.#dial = dial;
  }

  /**
   * An address to which there should be a connection.
   *
   * @param address The address.
   * @param source Why; what the user wants is tried for ever.
   * @returns Whether there is room to remember it.
   */
  want(address: string, source: Source): boolean {
    if (source === "user") this.#shunned.delete(address);
    if (this.#closed || this.#shunned.has(address)) return true;
    let entry = this.#entries.get(address);
    if (entry === undefined) {
      const full = this.#entries.size >= MAX_ENTRIES;
      if (full && source !== "user") return false;
      entry = {
        source,
        backoff: new Backoff(),
        timer: undefined,
        state: "waiting",
      };
      this.#entries.set(address, entry);
      this.#try(address, entry);
    } else if (source === "user") {
      entry.source = "user";
      if (entry.state === "connected") return true;
      entry.backoff = new Backoff();
      if (entry.state === "waiting") this.#try(address, entry);
    }
    return true;
  }

  /**
   * There is a connection to a peer.
   *
   * @param address Where the peer says that it listens.
   * @param dialled Where it was dialled, if it was.
   */
  connected(address: string, dialled: string | null): void {
    this.#shunned.delete(address);
    let source: Source = "lost";
    for (const known of [address, dialled ?? address]) {
      const entry = this.#entries.get(known);
      if (entry?.source === "user") source = "user";
      clearTimeout(entry?.timer);
      this.#entries.delete(known);
    }
    this.#entries.set(address, {
      source,
      backoff: new Backoff(),
      timer: undefined,
      state: "connected",
    });
  }

  /** The addresses to which there is no connection, and what is done for one. */
  get missing(): { address: string; state: "dialling" | "waiting" }[] {
    return [...this.#entries].flatMap(([address, { state }]) =>
      state === "connected" ? [] : [{ address, state }]
    );
  }

  /** Whether the user waits for an address that is being tried the first time. */
  get hasNews(): boolean {
    return this.missing.some(({ address }) => this.isNews(address));
  }

  /** Whether the user waits for an address, and nothing was said of it yet. */
  isNews(address: string): boolean {
    const entry = this.#entries.get(address);
    return entry?.source === "user" && entry.backoff.failures === 0;
  }

  /** The connection to an address is gone: it is dialled again. */
  lost(address: string): void {
    const entry = this.#entries.get(address);
    if (entry === undefined) return;
    entry.state = "waiting";
    this.failed(address);
  }

  /** An address could not be dialled; it is again, unless there is a connection. */
  failed(address: string): void {
    const entry = this.#entries.get(address);
    if (entry === undefined || this.#closed) return;
    if (entry.state === "connected") return;
    entry.state = "waiting";
    const retries = entry.source === "user"
      ? Infinity
      : entry.source === "lost"
      ? LOST_RETRIES
      : HEARSAY_RETRIES;
    if (entry.backoff.failures >= retries) {
      this.#entries.delete(address);
      return;
    }
    clearTimeout(entry.timer);
    entry.timer = setTimeout(
      () => this.#try(address, entry),
      entry.backoff.nextMs(),
    );
  }

  /** An address is not to be dialled, until it connects or the user wants it. */
  shun(address: string): void {
    clearTimeout(this.#entries.get(address)?.timer);
    this.#entries.delete(address);
    this.#shunned.add(address);
    if (this.#shunned.size > MAX_ENTRIES) {
      this.#shunned.delete(this.#shunned.values().next().value!);
    }
  }

  /** Dials no more. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#entries.values()) clearTimeout(timer);
    this.#entries.clear();
  }

  #try(address: string, entry: Entry): void {
    clearTimeout(entry.timer);
    entry.state = "dialling";
    this.#dial(address);
  }
}
