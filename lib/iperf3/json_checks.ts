/**
 * Checks of the numbers, flags and texts in a peer's JSON: every type and every
 * range, before anything is allocated or computed from it.
 *
 * @module
 */

import { Iperf3Error } from "./messages.ts";

/** The longest text accepted where no other limit is given. */
const TEXT_LIMIT = 4096;
/** From here on an unsigned 64-bit number stands for a negative one. */
const TWO_63 = 2 ** 63;

/** An object of a peer's JSON, whose fields are read with checks. */
export class CheckedObject {
  #fields: Record<string, unknown>;
  #what: string;
  #number: number;

  /**
   * Checks that a value is an object.
   *
   * @param value The value.
   * @param what What it is, for errors.
   * @param number By which number iperf3 names an error of it.
   * @throws {Iperf3Error} If it is something else.
   */
  constructor(value: unknown, what: string, number: number) {
    this.#what = what;
    this.#number = number;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.invalid("not an object");
    }
    this.#fields = { __proto__: null, ...value } as Record<string, unknown>;
  }

  /**
   * Reads a number; what old versions print as 2^64 - 1 is -1.
   *
   * @param key Its key.
   * @param range The range, inclusive, and what stands for a missing number;
   * without it the number is required.
   * @returns The number.
   * @throws {Iperf3Error} If it is missing, something else, or out of range.
   */
  number(
    key: string,
    { min, max, missing }: { min: number; max: number; missing?: number },
  ): number {
    const value = this.#fields[key];
    if (value === undefined && missing !== undefined) return missing;
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw this.invalid(`${key} is not a number`);
    }
    const signed = value >= TWO_63 ? -1 : value;
    if (signed < min || signed > max) {
      throw this.invalid(`${key} is ${signed}, not from ${min} to ${max}`);
    }
    return signed;
  }

  /**
   * Reads a whole number; a fraction is cut off, as real servers do.
   *
   * @param key Its key.
   * @param range As of {@linkcode CheckedObject.number}.
   * @returns The number.
   */
  integer(
    key: string,
    range: { min: number; max: number; missing?: number },
  ): number {
    return Math.trunc(this.number(key, range));
  }

  /**
   * Reads a flag: `true`, `false`, 1 or 0.
   *
   * @param key Its key.
   * @returns The flag; `false` if it is missing.
   * @throws {Iperf3Error} If it is something else.
   */
  flag(key: string): boolean {
    const value = this.#fields[key] ?? false;
    if (typeof value === "boolean") return value;
    if (value === 0 || value === 1) return value === 1;
    throw this.invalid(`${key} is not true or false`);
  }

  /**
   * Reads a text.
   *
   * @param key Its key.
   * @param limit The longest one accepted, in characters.
   * @returns The text; `null` if it is missing.
   * @throws {Iperf3Error} If it is something else, or too long.
   */
  text(key: string, limit: number = TEXT_LIMIT): string | null {
    const value = this.#fields[key] ?? null;
    if (value === null) return null;
    if (typeof value !== "string") throw this.invalid(`${key} is not a text`);
    if (value.length <= limit) return value;
    throw this.invalid(`${key} has more than ${limit} characters`);
  }

  /**
   * Reads a list of objects.
   *
   * @param key Its key.
   * @param limit The most entries accepted.
   * @returns The objects.
   * @throws {Iperf3Error} If it is missing, something else, or too long.
   */
  list(key: string, limit: number): CheckedObject[] {
    const value = this.#fields[key];
    if (!Array.isArray(value)) throw this.invalid(`${key} is not a list`);
    if (value.length > limit) {
      throw this.invalid(`${key} has more than ${limit} entries`);
    }
    return value.map((entry) =>
      new CheckedObject(entry, this.#what, this.#number)
    );
  }

  /**
   * Lists which of some keys are present.
   *
   * @param keys The keys.
   * @returns Those that are.
   */
  having(...keys: string[]): string[] {
    return keys.filter((key) => this.#fields[key] !== undefined);
  }

  /**
   * Makes the error for an invalid field.
   *
   * @param problem What is wrong with it.
   * @returns The error.
   */
  invalid(problem: string): Iperf3Error {
    return new Iperf3Error(
      "malformed",
      `the peer's ${this.#what} are invalid: ${problem}`,
      this.#number,
    );
  }
}
