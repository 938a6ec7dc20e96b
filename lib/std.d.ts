// deno-lint-ignore-file no-explicit-any
/**
 * Types of the `@std/*` functions used here, whose npm build carries none.
 * Not needed once they come from JSR; see "How to change it" in the README.
 */

declare module "@std/assert" {
  export function assert(
    condition: unknown,
    message?: string,
  ): asserts condition;
  export function assertEquals<T>(
    actual: T,
    expected: T,
    message?: string,
  ): void;
  export function assertStrictEquals<T>(
    actual: unknown,
    expected: T,
    message?: string,
  ): asserts actual is T;
  export function assertNotEquals<T>(
    actual: T,
    expected: T,
    message?: string,
  ): void;
  export function assertAlmostEquals(
    actual: number,
    expected: number,
    tolerance?: number,
    message?: string,
  ): void;
  export function assertGreater<T>(
    actual: T,
    expected: T,
    message?: string,
  ): void;
  export function assertGreaterOrEqual<T>(
    actual: T,
    expected: T,
    message?: string,
  ): void;
  export function assertLess<T>(actual: T, expected: T, message?: string): void;
  export function assertLessOrEqual<T>(
    actual: T,
    expected: T,
    message?: string,
  ): void;
  export function assertMatch(
    actual: string,
    expected: RegExp,
    message?: string,
  ): void;
  export function assertNotMatch(
    actual: string,
    expected: RegExp,
    message?: string,
  ): void;
  export function assertStringIncludes(
    actual: string,
    expected: string,
    message?: string,
  ): void;
  export function assertExists<T>(
    actual: T,
    message?: string,
  ): asserts actual is NonNullable<T>;
  export function assertInstanceOf<T extends new (...args: any[]) => unknown>(
    actual: unknown,
    expected: T,
    message?: string,
  ): asserts actual is InstanceType<T>;
  export function assertThrows<E extends Error = Error>(
    fn: () => unknown,
    errorClass?: new (...args: any[]) => E,
    messageIncludes?: string,
  ): E;
  export function assertRejects<E extends Error = Error>(
    fn: () => PromiseLike<unknown>,
    errorClass?: new (...args: any[]) => E,
    messageIncludes?: string,
  ): Promise<E>;
  export function fail(message?: string): never;
}

/** TypeScript 5.8, of Deno 2.4, leaves open what kind of buffer the bytes have. */
interface TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
}
