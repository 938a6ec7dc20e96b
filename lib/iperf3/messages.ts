/**
 * What iperf3 sends over its control connection, versions 3.1 to 3.21.
 *
 * The client opens a TCP connection and writes a cookie, 36 characters and a NUL.
 * After that both sides send state bytes. Some are followed by JSON: a 32-bit
 * length in network byte order, then as many bytes of text.
 *
 * ```
 * client                                server
 * cookie                ->
 *                       <-  9  PARAM_EXCHANGE
 * length, parameters    ->
 *                       <- 10  CREATE_STREAMS
 * N TCP connections, each with the cookie, or N UDP flows
 *                       <-  1  TEST_START, 2 TEST_RUNNING
 * data, in the direction asked for
 * 4  TEST_END           ->
 *                       <- 13  EXCHANGE_RESULTS
 * length, results       ->
 *                       <-  length, results, 14 DISPLAY_RESULTS
 * 16 IPERF_DONE         ->
 * ```
 *
 * @module
 */

import * as v from "npm:valibot@^1.1.0";
import { readUint32, writeUint32 } from "../framing/big_endian.ts";
import { StreamConnection } from "../net/stream_connection.ts";

/** The port of iperf3. */
export const IPERF3_PORT = 5201;

/** The states, as their bytes. */
export const STATE = {
  testStart: 1,
  testRunning: 2,
  testEnd: 4,
  paramExchange: 9,
  createStreams: 10,
  serverTerminate: 11,
  clientTerminate: 12,
  exchangeResults: 13,
  displayResults: 14,
  done: 16,
  serverError: 254,
  accessDenied: 255,
} as const;

/** The numbers by which iperf3 names errors in SERVER_ERROR. */
export const ERROR_NUMBER = {
  totalRate: 27,
  maxDuration: 37,
  unknownMessage: 110,
  parameters: 114,
  results: 117,
  authentication: 142,
  noData: 144,
  streams: 204,
} as const;

/** The length of a cookie, with its NUL. */
export const COOKIE_BYTES = 37;
/** The longest parameters accepted, in bytes. */
export const PARAMETERS_LIMIT_BYTES = 8192;
/** The longest results accepted, in bytes. */
export const RESULTS_LIMIT_BYTES = 1024 * 1024;
/** How long each message of the control connection may take, in milliseconds. */
export const CONTROL_TIMEOUT_MS = 10_000;

/** The kind of failure of a test. */
export type Iperf3Fault =
  | "busy"
  | "authentication"
  | "refused"
  | "terminated"
  | "closed"
  | "malformed"
  | "oneWay"
  | "overtime"
  | "silent";

/** Thrown if a test fails. */
export class Iperf3Error extends Error {
  /** Distinguishes it from other errors, also in a log. */
  override readonly name = "Iperf3Error";
  /** The kind of failure. */
  readonly fault: Iperf3Fault;
  /** The number by which iperf3 names the error. */
  readonly number: number;

  /**
   * Creates the error.
   *
   * @param fault The kind of failure.
   * @param message What happened, without a capital.
   * @param number The number by which iperf3 names the error; 0 for none.
   */
  constructor(fault: Iperf3Fault, message: string, number: number = 0) {
    super(message);
    this.fault = fault;
    this.number = number;
  }
}

const COOKIE_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/**
 * Makes a random cookie.
 *
 * @returns 36 characters and a NUL.
 *
 * @example Usage
 * ```ts
 * import { newCookie } from "./messages.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([newCookie().length, newCookie().at(-1)], [37, 0]);
 * ```
 */
export function newCookie(): Uint8Array<ArrayBuffer> {
  const cookie = crypto.getRandomValues(new Uint8Array(COOKIE_BYTES));
  for (const [at, random] of cookie.entries()) {
    cookie[at] = COOKIE_ALPHABET.charCodeAt(random % 32);
  }
  cookie[COOKIE_BYTES - 1] = 0;
  return cookie;
}

/**
 * The text of a cookie.
 *
 * @param cookie The cookie.
 * @returns Its characters before the first NUL, as real servers compare them.
 */
export function cookieText(cookie: Uint8Array): string {
  const end = cookie.indexOf(0);
  return String.fromCharCode(...cookie.subarray(0, end < 0 ? undefined : end));
}

/** The control connection: states and JSON, with a deadline on each. */
export class ControlConnection extends StreamConnection {
  /**
   * Takes ownership of a connection.
   *
   * @param conn The connection.
   * @param timeoutMs How long each message may take.
   */
  constructor(conn: Deno.Conn, timeoutMs: number = CONTROL_TIMEOUT_MS) {
    super(conn, {
      messageBytes: PARAMETERS_LIMIT_BYTES,
      readMs: timeoutMs,
      writeMs: timeoutMs,
    });
  }

  /**
   * Reads the cookie of a new connection.
   *
   * @returns Its text; `null` if the peer does not send one in time.
   */
  async readCookie(): Promise<string | null> {
    const cookie = await this.readExactly(COOKIE_BYTES).catch(() => null);
    return cookie && cookieText(cookie);
  }

  /**
   * Reads a state.
   *
   * @returns Its byte; `null` at the end of the stream.
   */
  async readState(): Promise<number | null> {
    return (await this.readExactly(1))?.[0] ?? null;
  }

  /**
   * Reads the two numbers after SERVER_ERROR, of which old servers send one.
   *
   * @returns The number of the error; 0 if it is missing.
   */
  async readErrorNumber(): Promise<number> {
    const bytes = await this.readExactly(4).catch(() => null);
    return bytes === null ? 0 : readUint32(bytes, 0);
  }

  /**
   * Reads a JSON text.
   *
   * @param limitBytes The longest one accepted.
   * @param number The number by which iperf3 names an error of it.
   * @returns Its value, unchecked.
   * @throws {Iperf3Error} If it is too long, incomplete, or not JSON.
   */
  async readJson(limitBytes: number, number: number): Promise<unknown> {
    const head = await this.readExactly(4);
    if (head === null) throw closed();
    const length = readUint32(head, 0);
    if (length > limitBytes) {
      throw new Iperf3Error(
        "malformed",
        `the peer announces a message of ${length} bytes; the limit is ${limitBytes}`,
        number,
      );
    }
    this.messageLimitBytes = Math.max(length, 64);
    const body = await this.readExactly(length);
    if (body === null) throw closed();
    try {
      return JSON.parse(new TextDecoder().decode(body));
    } catch {
      throw new Iperf3Error(
        "malformed",
        "the peer sent text that is not JSON",
        number,
      );
    }
  }

  /**
   * Writes states, each one byte.
   *
   * @param states The states.
   */
  async writeStates(...states: number[]): Promise<void> {
    await this.writeAll(Uint8Array.from(states));
  }

  /**
   * Writes SERVER_ERROR.
   *
   * @param number The number of the error.
   */
  async writeError(number: number): Promise<void> {
    const bytes = new Uint8Array(9);
    bytes[0] = STATE.serverError;
    writeUint32(bytes, 1, number);
    await this.writeAll(bytes);
  }

  /**
   * Writes a value as JSON.
   *
   * @param value The value.
   */
  async writeJson(value: object): Promise<void> {
    const body = new TextEncoder().encode(JSON.stringify(value));
    const message = new Uint8Array(4 + body.length);
    writeUint32(message, 0, body.length);
    message.set(body, 4);
    await this.writeAll(message);
  }
}

function closed(): Iperf3Error {
  return new Iperf3Error("closed", "the peer closed the control connection");
}

/**
 * Checks every type and every range in a peer's JSON, before anything is
 * allocated or computed from it.
 *
 * @internal
 * @param schema What it must contain.
 * @param value Its value.
 * @param what What it is, for the error.
 * @param number The number by which iperf3 names the error.
 * @returns The checked value.
 * @throws {Iperf3Error} Names the first field that is invalid, not its content.
 */
export function checked<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  what: string,
  number: number,
): v.InferOutput<S> {
  const { success, output, issues } = v.safeParse(schema, value, {
    abortEarly: true,
  });
  if (success) return output;
  const [issue] = issues;
  const field = v.getDotPath(issue) ?? what;
  const problem = issue.expected === null
    ? issue.message
    : `expected ${issue.expected}`;
  throw new Iperf3Error(
    "malformed",
    `the peer's ${what} are invalid: ${field}: ${problem}`,
    number,
  );
}

/**
 * A schema for a number in a range. Versions before 3.14 print negative numbers
 * as unsigned ones of 64 bits.
 *
 * @internal
 * @param min The minimum.
 * @param max The maximum.
 */
export function numberIn(min: number, max: number) {
  return v.pipe(
    v.number(),
    v.transform((value) => value >= 2 ** 63 ? -1 : value),
    v.minValue(min),
    v.maxValue(max),
  );
}

/**
 * A schema for a whole number in a range; a fraction is cut off, as real servers
 * do.
 *
 * @internal
 * @param min The minimum.
 * @param max The maximum.
 */
export function integerIn(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  return v.pipe(numberIn(min, max), v.transform(Math.trunc));
}
