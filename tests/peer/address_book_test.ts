import {
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "@std/assert";
import { AddressBook } from "../../lib/peer/address_book.ts";
import { pureTest } from "../testing.ts";

const A = "192.0.2.1:5000";
const TELLER = "198.51.100.1";
const HOUR_MS = 3_600_000;

/** A book with timers that go off when told to. */
class Fixture implements Disposable {
  readonly dials: string[] = [];
  readonly connected = new Set<string>();
  readonly book: AddressBook;
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
    this.book = new AddressBook({
      dial: (address) => this.dials.push(address),
      isConnected: (id) => this.connected.has(id),
    }, { now: () => this.#nowMs });
  }

  /** Lets time pass until the next timer; gives how long, or `null`. */
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

  pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** Fails an address whenever it is dialled; gives the waits, 40 at most. */
  fail(address: string): number[] {
    const waits = [];
    while (waits.length < 40) {
      this.book.failed(address);
      const waitMs = this.next();
      if (waitMs === null) break;
      waits.push(waitMs);
    }
    return waits;
  }

  /** A dialled or accepted peer joins. */
  join(id: string, address: string, source: string | null = null): void {
    this.connected.add(id);
    this.book.leadsTo(address, id, source);
  }

  lose(id: string): void {
    this.connected.delete(id);
    this.book.lost(id);
  }

  [Symbol.dispose](): void {
    const [setTimeout, clearTimeout] = this.#before;
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
}

function test(name: string, fn: (fixture: Fixture) => void): void {
  pureTest(`AddressBook ${name}`, () => {
    using fixture = new Fixture();
    fn(fixture);
  });
}

test("dials what the user wants for ever, with waits that double", (f) => {
  assertEquals(f.book.want(A), true);
  assertEquals([f.book.isNews(A), f.book.isBusy], [true, true]);
  assertEquals(f.book.missing, [{ address: A, state: "dialling" }]);
  const waits = f.fail(A);
  assertEquals([waits.length, f.dials.length], [40, 41]);
  for (const [at, waitMs] of waits.entries()) {
    const maxMs = Math.min(30_000, 500 * 2 ** (at + 1));
    assertGreaterOrEqual(waitMs, maxMs / 2);
    assertLessOrEqual(waitMs, maxMs);
  }
  assertEquals([f.book.isNews(A), f.book.isBusy], [false, false]);
  f.book.failed(A);
  assertEquals(f.book.missing, [{ address: A, state: "waiting" }]);
  f.book.want(A); // at once, and as if it were new
  assertEquals([f.dials.length, f.book.isNews(A)], [42, true]);
});

test("dials an address that a peer told twice, however often it is told", (f) => {
  for (let at = 0; at < 300; at++) {
    f.book.offer(A, TELLER);
    if (at % 50 === 1) f.fail(A);
  }
  assertEquals(f.dials, [A, A]);
  f.pass(HOUR_MS + 1);
  for (let at = 0; at < 300; at++) {
    f.book.offer("192.0.2.9:1", TELLER); // makes the book look for old ones
    f.book.offer(A, TELLER);
    f.fail(A);
  }
  assertEquals(f.dials.filter((address) => address === A).length, 4);
});

test("dials the port that peers announce twice, however many come and go", (f) => {
  for (let at = 0; at < 300; at++) {
    f.join(`id${at}`, A, "192.0.2.1");
    if (at % 2 === 1) f.book.forget(`id${at}`); // it said bye
    f.lose(`id${at}`);
    if (f.next() !== null) f.fail(A);
  }
  assertEquals(f.dials, [A, A]);
});

test("dials a proven peer 14 times after each loss", (f) => {
  f.book.offer(A, TELLER);
  for (let round = 1; round <= 3; round++) {
    f.join("id", A);
    assertEquals([f.book.missing, f.next()], [[], null]);
    f.lose("id");
    assertLessOrEqual(f.next()!, 500);
    if (round < 3) continue;
    assertEquals(f.fail(A).length, 13);
    assertEquals(f.dials.length, 1 + 2 + 14);
    assertEquals(f.book.missing, []);
  }
});

test("dials no peer that was parted from, even if it is told, until it is wanted", (f) => {
  f.book.want(A);
  f.join("id", A);
  f.book.forget("id");
  f.lose("id");
  f.book.offer(A, TELLER);
  f.join("other", A, "192.0.2.1");
  f.lose("other");
  assertEquals([f.next(), f.dials], [null, [A]]);
  f.book.want(A);
  assertEquals(f.dials, [A, A]);
  f.book.failed(A);
  f.book.forget(A); // while it waits
  assertEquals([f.next(), f.dials.length, f.book.missing], [null, 2, []]);
});

test("does not dial a peer that came by itself meanwhile", (f) => {
  f.book.want(A);
  f.join("id", A);
  f.lose("id");
  f.connected.add("id"); // the same one, by another connection
  f.next();
  assertEquals([f.dials.length, f.book.missing], [1, []]);
  f.lose("id");
  f.next();
  assertEquals(f.dials.length, 2);
});

test("binds no address to a peer that only announces its port", (f) => {
  f.book.want(A);
  f.join("bob", A);
  f.join("eve", A, "192.0.2.1");
  f.book.forget("eve");
  f.lose("eve");
  assertEquals(f.next(), null);
  f.lose("bob");
  f.next();
  f.join("eve2", A, "192.0.2.1"); // while bob is being dialled
  f.book.forget("eve2");
  assertEquals(f.fail(A).length, 40);
});

test("keeps 64 addresses of a source, 256 of all, and 256 of the user", (f) => {
  let port = 0;
  const offer = (count: number, teller: string) => {
    for (let at = 0; at < count; at++) {
      f.book.offer(`192.0.2.1:${++port}`, teller);
    }
    return f.dials.length;
  };
  assertEquals(offer(1000, TELLER), 64);
  assertEquals(offer(1000, "2001:db8::1"), 128);
  assertEquals(offer(1000, "2001:db8::2"), 128); // the same network
  for (let at = 0; at < 9; at++) offer(100, `198.51.100.${10 + at}`);
  assertEquals(f.dials.length, 256);
  f.join("id", "203.0.113.1:1", "203.0.113.1"); // no room to dial it again
  f.lose("id");
  assertEquals(f.next(), null);
  const wanted = Array.from({ length: 300 }, (_, at) => f.book.want(`h:${at}`));
  assertEquals(wanted.filter((hasRoom) => hasRoom).length, 256);
  assertEquals(f.dials.length, 512);
  assertEquals(f.book.want("h:0"), true);
});

test("dials nothing after close()", (f) => {
  f.book.want(A);
  f.book.failed(A);
  f.book.close();
  f.book.failed(A);
  assertEquals(f.book.want(A), false);
  f.book.offer(A, TELLER);
  assertEquals([f.next(), f.dials, f.book.missing], [null, [A], []]);
});
