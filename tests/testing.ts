/**
 * How a test is registered.
 *
 * @module
 */

/** When a test hangs; no rule depends on it. */
const TIMEOUT_MS = 60_000;
/** How often a test runs that a busy machine can spoil. */
const MAX_RUNS = 5;

type Body = () => void | Promise<void>;

/** A test that may use sockets. */
export function test(name: string, fn: Body): void {
  Deno.test({ name, timeout: TIMEOUT_MS, fn });
}

/** A test without any permission. */
export function pureTest(name: string, fn: Body): void {
  Deno.test({ name, timeout: TIMEOUT_MS, permissions: "none", fn });
}

/**
 * A test of a rule about time. A busy machine may stall this process at any
 * point, so one run of five has to pass; where the rule is broken, none does.
 */
export function timedTest(name: string, fn: Body): void {
  test(name, async () => {
    for (let run = 1;; run++) {
      try {
        return await fn();
      } catch (error) {
        if (run === MAX_RUNS) throw error;
      }
    }
  });
}

/** Tests cases side by side, and waits for all of them before it fails. */
export async function together<T>(
  cases: T[],
  check: (one: T) => Promise<void>,
): Promise<void> {
  for (const outcome of await Promise.allSettled(cases.map(check))) {
    if (outcome.status === "rejected") throw outcome.reason;
  }
}
