/**
 * Tests of code that needs no permission.
 *
 * @module
 */

/** Declares a test that runs without permissions. */
export function pureTest(
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  Deno.test({ name, permissions: "none", fn });
}
