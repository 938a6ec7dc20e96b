/**
 * How a test is registered.
 *
 * @module
 */

/** When a test hangs; no rule depends on it. */
const TIMEOUT_MS = 60_000;

type Body = () => void | Promise<void>;

/** A test that may use sockets. */
export function test(name: string, fn: Body): void {
  Deno.test({ name, timeout: TIMEOUT_MS, fn });
}

/** A test without any permission. */
export function pureTest(name: string, fn: Body): void {
  Deno.test({ name, timeout: TIMEOUT_MS, permissions: "none", fn });
}
