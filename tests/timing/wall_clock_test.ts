import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
} from "@std/assert";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { WallClock } from "../../lib/timing/wall_clock.ts";
import { pureTest as test } from "../testing.ts";

/** 2026-01-01T00:00:00Z, in milliseconds since 1970. */
const NEW_YEAR_MS = 1_767_225_600_000;
const NEW_YEAR_SECONDS = NEW_YEAR_MS / 1000;

/** A monotonic clock that moves on with every look, and one for the day. */
class FakeTime {
  nowMs: number;
  looks = 0;
  #tickMs: number;
  #dayAtZeroMs: number;

  constructor(dayAtZeroMs: number, startMs: number, tickMs: number) {
    this.#dayAtZeroMs = dayAtZeroMs;
    this.nowMs = startMs;
    this.#tickMs = tickMs;
  }

  readonly clock = { now: () => this.#look() };
  readonly systemMs = () => Math.floor(this.#dayAtZeroMs + this.#look());

  /** Sets the time of day; the monotonic clock does not care. */
  setForward(byMs: number): void {
    this.#dayAtZeroMs += byMs;
  }

  /** What the time of day would be to a clock without steps. */
  dayMs(atMs: number): number {
    return this.#dayAtZeroMs + atMs;
  }

  #look(): number {
    this.looks += 1;
    return this.nowMs += this.#tickMs;
  }
}

/** The moment read last, in milliseconds since the new year. */
function sinceNewYearMs(wall: WallClock): number {
  return (wall.seconds - NEW_YEAR_SECONDS) * 1000 + wall.nanoseconds / 1e6;
}

/** A wall clock by which it was a time of day when the other showed 0. */
function heldClock(dayAtZeroMs: number): WallClock {
  const steps = [dayAtZeroMs - 1];
  return new WallClock({ now: () => 0 }, () => steps.pop() ?? dayAtZeroMs);
}

test("WallClock.constructor() anchors on a step, wherever in one it starts", () => {
  for (let startMs = 1000; startMs < 1002; startMs += 0.07) {
    const time = new FakeTime(NEW_YEAR_MS, startMs, 0.001);
    const wall = new WallClock(time.clock, time.systemMs);
    wall.read(5000);
    // The looks between the step and its reading cost 0.001 ms each.
    assertAlmostEquals(sinceNewYearMs(wall), 5000, 0.005);
    const errorMs = Math.abs(sinceNewYearMs(wall) - 5000);
    assert(errorMs <= wall.errorMs + 1e-9 && wall.errorMs <= 0.005);
    assertLess(time.nowMs, startMs + 21);
  }
});

test("WallClock.constructor() gives up on a system clock that stands still", () => {
  let nowMs = 0;
  const clock = { now: () => nowMs += 0.1 };
  const wall = new WallClock(clock, () => NEW_YEAR_MS);
  assertLess(nowMs, 100);
  wall.read(nowMs);
  assertAlmostEquals(sinceNewYearMs(wall), 0, 1);
  wall.read(nowMs + 1234);
  assertAlmostEquals(sinceNewYearMs(wall), 1234, 1);
});

test("WallClock.constructor() takes a clock that is set while it looks", () => {
  for (const jumpMs of [-3_600_000, 3_600_000]) {
    const days = [NEW_YEAR_MS, NEW_YEAR_MS, NEW_YEAR_MS + jumpMs];
    const systemMs = () => days.length > 1 ? days.shift()! : days[0]!;
    const wall = new WallClock({ now: () => 0 }, systemMs);
    wall.read(0);
    assertAlmostEquals(sinceNewYearMs(wall), jumpMs, 1);
  }
});

test("WallClock.read() is exact where one second ends and the next begins", () => {
  for (const inSecondMs of [0, 1, 250, 999]) {
    const wall = heldClock(NEW_YEAR_MS + inSecondMs);
    for (const second of [1, 2, 60, 3600, 86_400]) {
      const atMs = second * 1000 - inSecondMs;
      wall.read(atMs);
      assertEquals(wall.seconds, NEW_YEAR_SECONDS + second);
      assertEquals(wall.nanoseconds, 0);
      // A quarter of a microsecond, which a double holds without error.
      wall.read(atMs - 2 ** -12);
      assertEquals(wall.seconds, NEW_YEAR_SECONDS + second - 1);
      assertEquals(wall.nanoseconds, 1e9 - 245); // of 244.14
      wall.read(atMs + 2 ** -12);
      assertEquals(wall.seconds, NEW_YEAR_SECONDS + second);
      assertEquals(wall.nanoseconds, 244);
    }
  }
});

test("WallClock.read() gives whole numbers within their range, to 1 ns", () => {
  const random = seededRandom(12);
  for (let round = 0; round < 20_000; round++) {
    const inSecondMs = Math.floor(1000 * random());
    const wall = heldClock(NEW_YEAR_MS + inSecondMs);
    // Near the ends of seconds, and anywhere.
    const atMs = round % 2 === 0
      ? 1000 * Math.floor(1000 * random()) + (random() - 0.5) * 1e-5
      : 1e6 * random();
    wall.read(atMs);
    assert(Number.isInteger(wall.seconds));
    assert(Number.isInteger(wall.nanoseconds));
    assert(wall.nanoseconds >= 0 && wall.nanoseconds < 1e9, `${atMs}`);
    assertAlmostEquals(sinceNewYearMs(wall), inSecondMs + atMs, 1.001e-6);
  }
});

test("WallClock.follow() leaves a small drift alone, however often it looks", () => {
  for (const driftMs of [0, 0.4, 1.4, -0.4, -1.4]) {
    const time = new FakeTime(NEW_YEAR_MS, 0, 0.001);
    const wall = new WallClock(time.clock, time.systemMs);
    wall.read(0);
    const before = sinceNewYearMs(wall);
    time.setForward(driftMs);
    for (let looks = 0; looks < 5000; looks++) wall.follow();
    wall.read(0);
    assertEquals(sinceNewYearMs(wall), before);
  }
});

test("WallClock.follow() follows a clock that was set, either way", () => {
  const hourMs = 3_600_000;
  for (const setMs of [2.6, -2.6, 100, -100, hourMs, -hourMs, 1e12, -1e12]) {
    const time = new FakeTime(NEW_YEAR_MS, 0, 0.001);
    const wall = new WallClock(time.clock, time.systemMs);
    time.setForward(setMs);
    wall.read(0);
    assertAlmostEquals(sinceNewYearMs(wall), 0, 0.01);
    wall.follow();
    wall.read(time.nowMs);
    const errorMs = wall.seconds * 1000 + wall.nanoseconds / 1e6 -
      time.dayMs(time.nowMs);
    assertAlmostEquals(errorMs, 0, 0.6);
    // There it stays.
    wall.read(0);
    const after = sinceNewYearMs(wall);
    for (let looks = 0; looks < 5000; looks++) wall.follow();
    wall.read(0);
    assertEquals(sinceNewYearMs(wall), after);
  }
});

test("WallClock.read() of the system's clocks tells the time of day", () => {
  const wall = new WallClock();
  const beforeMs = Date.now();
  wall.read(performance.now());
  const ownMs = wall.seconds * 1000 + wall.nanoseconds / 1e6;
  assertAlmostEquals(ownMs, beforeMs, 100);
});

test("WallClock.constructor() takes the step that it saw best", () => {
  // The process loses its processor for 0.4 ms at each step but the third.
  let nowMs = 100;
  let looks = 0;
  let steps = 0;
  const clock = { now: () => nowMs += 0.001 };
  const systemMs = () => {
    const before = Math.floor(nowMs);
    nowMs += 0.001;
    looks += 1;
    const shown = Math.floor(nowMs);
    if (shown > before && ++steps !== 3) nowMs += 0.4;
    return NEW_YEAR_MS + shown;
  };
  const wall = new WallClock(clock, systemMs);
  wall.read(5000);
  assertAlmostEquals(sinceNewYearMs(wall), 5000, 0.01);
  assertLess(looks, 100_000);
});
