import {
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "@std/assert";
import { PeerBook } from "../../lib/peer/book.ts";

const A = "192.0.2.1:5000";
const B = "192.0.2.2:5000";
/** The most addresses known at a time. */
const MAX_ENTRIES = 1024;
/** The longest wait between two tries, in milliseconds. */
const LONGEST_MS = 30_000;

/** Timers that go off when they are told to; of the system's none is left. */
class FakeTimers implements Disposable {
  #timers = new Map<number, { atMs: number; run: () => void }>();
  #nowMs = 0;
  #last = 0;
  #before = [globalThis.setTimeout, globalThis.clearTimeout] as const;

  constructor() {
    const set = (run: () => void, ms = 0) => {
      this.#timers.set(++this.#last, { atMs: this.#nowMs + ms, run });
      return this.#last;
    };
    const clear = (id?: number) => void this.#timers.delete(id ?? 0);
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  }

  /** How many are set. */
  get count(): number {
    return this.#timers.size;
  }

  /** Lets time pass until the next goes off; says how long, or `null`. */
  next(): number | null {
    const [first] = [...this.#timers].sort(([, one], [, other]) =>
      one.atMs - other.atMs
    );
    if (first === undefined) return null;
    const [id, { atMs, run }] = first;
    const passedMs = atMs - this.#nowMs;
    this.#timers.delete(id);
    this.#nowMs = atMs;
    run();
    return passedMs;
  }

  [Symbol.dispose](): void {
    const [setTimeout, clearTimeout] = this.#before;
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
}

/** A book, and what it has dialled since it was last asked. */
function open() {
  let dialled: string[] = [];
  const book = new PeerBook((address) => dialled.push(address));
  const dials = () => {
    const before = dialled;
    dialled = [];
    return before;
  };
  return { book, dials };
}

/** Fails an address until it is not dialled again; says how often it was. */
function triesOf(
  timers: FakeTimers,
  { book, dials }: ReturnType<typeof open>,
  address: string,
  most = 100,
): number {
  let tries = 0;
  for (; tries < most; tries++) {
    assertEquals(dials(), [address], `try ${tries}`);
    book.failed(address);
    if (timers.next() === null) return tries + 1;
  }
  return tries;
}

Deno.test({
  name: "PeerBook.want() dials once, and not while there is a connection",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const { book, dials } = open();
    for (const source of ["user", "hearsay", "lost"] as const) {
      const address = `${source}:1`;
      assertEquals(book.want(address, source), true);
      assertEquals(dials(), [address]);
      // It is busy: nobody dials it a second time.
      for (const again of ["user", "hearsay", "lost"] as const) {
        assertEquals(book.want(address, again), true);
      }
      assertEquals(dials(), []);
      book.connected(address, address);
      book.want(address, "hearsay");
      book.want(address, "user");
      assertEquals(dials(), []);
    }
    assertEquals(timers.count, 0);
  },
});

Deno.test({
  name: "PeerBook.failed() has an address dialled again, each time later",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const { book, dials } = open();
    book.want(A, "user");
    for (const ceilingMs of [500, 1000, 2000, 4000, 8000, 16_000, LONGEST_MS]) {
      assertEquals(dials(), [A]);
      book.failed(A);
      assertEquals([dials(), timers.count], [[], 1]);
      const waitedMs = timers.next()!;
      assertGreaterOrEqual(waitedMs, ceilingMs / 2);
      assertLessOrEqual(waitedMs, ceilingMs);
    }
  },
});

Deno.test({
  name: "PeerBook.failed() twice sets one timer, and none for the unknown",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const { book, dials } = open();
    book.failed(A);
    assertEquals(timers.count, 0);
    book.want(A, "user");
    book.failed(A);
    book.failed(A);
    assertEquals(timers.count, 1);
    timers.next();
    assertEquals(dials(), [A, A]);
  },
});

Deno.test({
  name: "PeerBook forgets hearsay after few tries, and dials it if told again",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const opened = open();
    const { book } = opened;
    for (let told = 0; told < 2; told++) {
      book.want(A, "hearsay");
      const tries = triesOf(timers, opened, A);
      // The first one, and what HEARSAY_TRIES says.
      assertGreaterOrEqual(tries, 3);
      assertLessOrEqual(tries, 4);
      assertEquals(book.missing, []);
    }
  },
});

Deno.test({
  name: "PeerBook dials for minutes an address to which the connection is lost",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const opened = open();
    const { book, dials } = opened;
    book.connected(A, null);
    book.lost(A);
    assertEquals([dials(), timers.count], [[], 1]);
    assertLessOrEqual(timers.next()!, 500);
    assertEquals(triesOf(timers, opened, A), 14);
    assertEquals(book.missing, []);
  },
});

Deno.test({
  name: "PeerBook dials for ever what the user wants, lost or not",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const opened = open();
    const { book } = opened;
    book.want(A, "user");
    assertEquals(triesOf(timers, opened, A, 50), 50);
    book.connected(A, A);
    book.lost(A);
    opened.dials();
    timers.next();
    assertEquals(triesOf(timers, opened, A, 50), 50);
  },
});

Deno.test({
  name: "PeerBook.want() of the user turns hearsay into it, and dials at once",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const opened = open();
    const { book, dials } = opened;
    book.want(A, "hearsay");
    book.failed(A);
    dials();
    book.want(A, "hearsay");
    assertEquals([dials(), timers.count], [[], 1], "others do not hurry it");
    book.want(A, "user");
    assertEquals(timers.count, 0);
    assertEquals(triesOf(timers, opened, A, 50), 50);
    // And not the other way round.
    book.want(A, "hearsay");
    assertEquals(triesOf(timers, opened, A, 50), 50);
  },
});

Deno.test({
  name: "PeerBook.connected() ends the retries, and starts them anew if lost",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const { book, dials } = open();
    book.want(A, "user");
    for (let fails = 0; fails < 6; fails++) {
      book.failed(A);
      timers.next();
    }
    book.failed(A);
    assertEquals(timers.count, 1);
    book.connected(A, null); // it dialled us meanwhile
    assertEquals(timers.count, 0);
    dials();
    book.lost(A);
    assertLessOrEqual(timers.next()!, 500, "as after the first failure");
    assertEquals(dials(), [A]);
  },
});

Deno.test({
  name: "PeerBook.failed() leaves an address alone to which there is another",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const { book } = open();
    book.want(A, "hearsay");
    book.connected(A, null);
    book.failed(A); // the dial, which the peer's own has overtaken
    assertEquals([timers.count, book.missing], [0, []]);
    book.lost(A);
    assertEquals(timers.count, 1);
    book.lost(B);
    assertEquals(timers.count, 1);
  },
});

Deno.test({
  name: "PeerBook.connected() goes on under the address that a peer announces",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const opened = open();
    const { book, dials } = opened;
    book.want("alias:5000", "user");
    assertEquals(dials(), ["alias:5000"]);
    book.connected(A, "alias:5000");
    assertEquals(book.missing, []);
    book.want(A, "hearsay");
    assertEquals(dials(), []);
    // The alias is forgotten; what the user wanted is not.
    book.failed("alias:5000");
    assertEquals(timers.count, 0);
    book.lost(A);
    timers.next();
    assertEquals(triesOf(timers, opened, A, 50), 50);
  },
});

Deno.test({
  name: "PeerBook.connected() ends the retries of alias and address alike",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const { book } = open();
    book.want(A, "hearsay");
    book.failed(A);
    book.want(B, "hearsay");
    book.failed(B);
    assertEquals(timers.count, 2);
    book.connected(A, B);
    assertEquals([timers.count, book.missing], [0, []]);
  },
});

Deno.test({
  name: "PeerBook.shun() dials no more until the user wants it",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const { book, dials } = open();
    book.want(A, "user");
    book.failed(A);
    book.shun(A);
    assertEquals([timers.count, book.missing], [0, []]);
    dials();
    assertEquals(book.want(A, "hearsay"), true);
    book.failed(A);
    book.lost(A);
    assertEquals([dials(), timers.count], [[], 0]);
    book.want(A, "user");
    assertEquals(dials(), [A]);
  },
});

Deno.test({
  name: "PeerBook.shun() dials no more until there is a connection",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const { book, dials } = open();
    book.shun(A);
    book.connected(A, null);
    book.lost(A);
    timers.next();
    assertEquals(dials(), [A]);
  },
});

Deno.test({
  name: "PeerBook.shun() remembers as many addresses as there may be",
  permissions: "none",
  fn() {
    const { book, dials } = open();
    for (let port = 1; port <= MAX_ENTRIES + 1; port++) book.shun(`a:${port}`);
    for (let port = 2; port <= MAX_ENTRIES + 1; port++) {
      book.want(`a:${port}`, "hearsay");
    }
    assertEquals(dials(), []);
    book.want("a:1", "hearsay");
    assertEquals(dials(), ["a:1"], "the oldest is forgotten");
    book.close();
  },
});

Deno.test({
  name: "PeerBook.want() says when there is no room for an address",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const { book, dials } = open();
    for (let port = 1; port <= MAX_ENTRIES; port++) {
      assertEquals(book.want(`a:${port}`, "hearsay"), true);
    }
    assertEquals(dials().length, MAX_ENTRIES);
    assertEquals(book.want(A, "hearsay"), false);
    assertEquals(book.want("a:1", "hearsay"), true, "it is known already");
    assertEquals(dials(), []);
    assertEquals(book.want("b:1", "user"), true, "the user may always");
    assertEquals(dials(), ["b:1"]);
    book.shun("b:1");
    // Where one is forgotten, there is room again.
    book.shun("a:7");
    assertEquals(book.want(A, "hearsay"), true);
    assertEquals([dials(), timers.count], [[A], 0]);
  },
});

Deno.test({
  name: "PeerBook.hasNews until the first try of the user's address has ended",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const { book } = open();
    const news = () => [book.hasNews, book.isNews(A)];
    assertEquals(news(), [false, false]);
    book.want(A, "hearsay");
    assertEquals(news(), [false, false]);
    book.want(A, "user");
    assertEquals(news(), [true, true]);
    book.want(B, "user");
    book.failed(A);
    assertEquals([...news(), book.isNews(B)], [true, false, true]);
    book.connected(B, B);
    assertEquals(news(), [false, false]);
    timers.next();
    assertEquals(news(), [false, false], "a second try is no news");
  },
});

Deno.test({
  name: "PeerBook.missing tells what is dialled and what waits",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const { book } = open();
    assertEquals(book.missing, []);
    book.want(A, "user");
    book.want(B, "hearsay");
    book.failed(B);
    assertEquals(book.missing, [
      { address: A, state: "dialling" },
      { address: B, state: "waiting" },
    ]);
    timers.next();
    book.connected(A, A);
    assertEquals(book.missing, [{ address: B, state: "dialling" }]);
  },
});

Deno.test({
  name: "PeerBook.close() dials no more, and leaves no timer",
  permissions: "none",
  fn() {
    using timers = new FakeTimers();
    const { book, dials } = open();
    book.want(A, "user");
    book.failed(A);
    book.want(B, "hearsay");
    dials();
    book.close();
    assertEquals([timers.count, book.hasNews], [0, false]);
    // What was under way ends later.
    book.failed(B);
    book.connected(B, B);
    book.lost(B);
    book.want("c:1", "user");
    book.close();
    assertEquals([dials(), timers.count], [[], 0]);
  },
});

Deno.test({
  name: "PeerBook dials again by itself, and close() stops that",
  permissions: "none",
  async fn() {
    const again = Promise.withResolvers<void>();
    let dials = 0;
    const startMs = performance.now();
    const book = new PeerBook((address) => {
      dials += 1;
      if (dials === 1) book.failed(address);
      else again.resolve();
    });
    book.want(A, "hearsay");
    await again.promise;
    assertGreaterOrEqual(performance.now() - startMs, 245);
    book.failed(A);
    book.close(); // or the sanitizer finds the timer
    assertEquals(dials, 2);
  },
});
