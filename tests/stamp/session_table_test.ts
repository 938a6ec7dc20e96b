import { assertEquals } from "@std/assert";
import { SessionTable } from "../../lib/stamp/session_table.ts";
import { pureTest as test } from "../testing.ts";

/** Answers a request of a port, and gives the number of the answer. */
function answer(sessions: SessionTable, port: number, nowMs: number): number {
  return sessions.find({ hostname: "192.0.2.1", port }, 7, nowMs).answered++;
}

test("SessionTable.find() keeps a running session in a flood of new ones", () => {
  const sessions = new SessionTable();
  let nowMs = 0;
  let forged = 0;
  for (let number = 0; number < 100; number++) {
    nowMs += 100;
    assertEquals(answer(sessions, 1, nowMs), number);
    if (number < 15) continue; // it has run for more than a second
    for (let each = 0; each < 1100; each++) {
      answer(sessions, 1024 + forged++ % 60_000, nowMs);
    }
  }
});

test("SessionTable.find() keeps a running session beside others that last", () => {
  const sessions = new SessionTable();
  for (let number = 0; number < 100; number++) {
    const nowMs = number * 500;
    assertEquals(answer(sessions, 1, nowMs), number);
    if (number < 3) continue; // it is established first
    for (let port = 1024; port < 2124; port++) answer(sessions, port, nowMs);
  }
});

test("SessionTable.find() lets a new session last in a flood", () => {
  const sessions = new SessionTable(100);
  for (let round = 0; round < 50; round++) {
    const nowMs = round * 100;
    assertEquals(answer(sessions, 1, nowMs), round);
    for (let each = 0; each < 45; each++) {
      answer(sessions, 1024 + round * 45 + each, nowMs);
    }
  }
});

test("SessionTable.find() forgets an established session after a minute of silence", () => {
  for (const [silentMs, number] of [[59_000, 2], [61_000, 0]] as const) {
    const sessions = new SessionTable(2); // one of them established
    for (const nowMs of [0, 1000]) answer(sessions, 1, nowMs);
    for (const agoMs of [2000, 0]) {
      answer(sessions, 2, 1000 + silentMs - agoMs);
    }
    answer(sessions, 3, 1000 + silentMs);
    assertEquals(answer(sessions, 1, 1000 + silentMs), number);
  }
});
