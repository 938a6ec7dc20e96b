/**
 * The course's measurement protocol: round-trip time and throughput over TCP in
 * three phases. ASCII, fields separated by exactly one space, each message
 * ended by one LF. Replies always end in LF. No IO.
 *
 * | phase | client sends | server answers |
 * |---|---|---|
 * | CSP, connection setup | `s TYPE PROBES SIZE DELAY` | `200 OK: Ready` |
 * | MP, measurement | `m SEQ PAYLOAD` | the whole message, DELAY later |
 * | CTP, termination | `t` | `200 OK: Closing Connection`, and closes |
 *
 * TYPE is `rtt` or `tput`; SEQ runs from 1 to PROBES; PAYLOAD is exactly SIZE
 * bytes, any but LF; DELAY is in milliseconds, decimals allowed. Numbers are
 * plain decimal without sign or leading zeros. What breaks a rule is answered by
 * its phase's error, and the server closes:
 *
 * ```text
 * 404 ERROR: Invalid Connection Setup Message
 * 404 ERROR: Invalid Measurement Message
 * 404 ERROR: Invalid Connection Termination Message
 * ```
 *
 * @module
 */

import { lineContent } from "../framing/line_ending.ts";

/** What is measured; the wire is the same for both. */
export type MeasurementType = "rtt" | "tput";

/** What a client asks for in the setup phase. */
export interface Setup {
  /** What is measured. */
  type: MeasurementType;
  /** How many probes will follow. */
  probes: number;
  /** The length of each payload, in bytes. */
  sizeBytes: number;
  /** How long the server holds each echo, in milliseconds. */
  delayMs: number;
}

/** The most a setup may ask for. */
export interface SetupLimits {
  /** The most probes. */
  probes: number;
  /** The longest payload, in bytes. */
  sizeBytes: number;
  /** The longest delay, in milliseconds. */
  delayMs: number;
}

/** The protocol's own limits; a server may set lower ones. */
export const SETUP_LIMITS: SetupLimits = {
  probes: 1_000_000,
  sizeBytes: 1_048_576,
  delayMs: 60_000,
};

/** The letter with which each kind of message begins. */
export const LETTERS: Readonly<
  Record<"setup" | "probe" | "termination", number>
> = { setup: 0x73, probe: 0x6d, termination: 0x74 };

/** The longest setup message a server reads, in bytes; real ones are below 40. */
export const SETUP_BYTES = 128;

/** The replies, each with its LF. */
export const REPLIES: Readonly<
  Record<
    "ready" | "closing" | "setupError" | "probeError" | "terminationError",
    Uint8Array<ArrayBuffer>
  >
> = {
  ready: line("200 OK: Ready"),
  closing: line("200 OK: Closing Connection"),
  setupError: line("404 ERROR: Invalid Connection Setup Message"),
  probeError: line("404 ERROR: Invalid Measurement Message"),
  terminationError: line("404 ERROR: Invalid Connection Termination Message"),
};

/** The termination message. */
export const TERMINATION: Uint8Array<ArrayBuffer> = line("t");

const NUMBER = "(0|[1-9][0-9]*)";
const SETUP = new RegExp(
  `^s (rtt|tput) ${NUMBER} ${NUMBER} (${NUMBER}(?:\\.[0-9]+)?)$`,
);

function line(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\n`);
}

/**
 * Writes a setup message.
 *
 * @param setup What to ask for.
 * @param delayUnit `"s"` for servers that take the delay in seconds.
 * @returns The message with its LF.
 *
 * @example Usage
 * ```ts
 * import { formatSetup } from "./messages.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const message = formatSetup(
 *   { type: "rtt", probes: 10, sizeBytes: 100, delayMs: 0 },
 * );
 * assertEquals(new TextDecoder().decode(message), "s rtt 10 100 0\n");
 * ```
 */
export function formatSetup(
  setup: Setup,
  delayUnit: "ms" | "s" = "ms",
): Uint8Array<ArrayBuffer> {
  const { type, probes, sizeBytes, delayMs } = setup;
  const delay = delayUnit === "s" ? delayMs / 1000 : delayMs;
  return line(`s ${type} ${probes} ${sizeBytes} ${decimal(delay)}`);
}

/** A number in plain decimal, never as `1e-7`. */
function decimal(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, "");
}

/**
 * Reads a setup message.
 *
 * @param line The message, with or without its LF.
 * @param limits The most it may ask for.
 * @returns What is asked for.
 * @throws {SyntaxError} If it is no setup message.
 * @throws {RangeError} If it asks for nothing, or for more than the limits.
 *
 * @example Usage
 * ```ts
 * import { parseSetup } from "./messages.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const message = new TextEncoder().encode("s tput 10 1024 0.5\n");
 * assertEquals(parseSetup(message), {
 *   type: "tput",
 *   probes: 10,
 *   sizeBytes: 1024,
 *   delayMs: 0.5,
 * });
 * ```
 */
export function parseSetup(
  line: Uint8Array<ArrayBuffer>,
  limits: SetupLimits = SETUP_LIMITS,
): Setup {
  const found = SETUP.exec(ascii(lineContent(line)));
  if (!found) throw new SyntaxError("it is not s TYPE PROBES SIZE DELAY");
  const [, type, probes, size, delay] = found;
  return {
    type: type as MeasurementType,
    probes: within("PROBES", Number(probes), 1, limits.probes),
    sizeBytes: within("SIZE", Number(size), 1, limits.sizeBytes),
    delayMs: within("DELAY", Number(delay), 0, limits.delayMs),
  };
}

/** Text in which every byte that is not ASCII is a character no rule allows. */
function ascii(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

function within(
  what: string,
  value: number,
  least: number,
  most: number,
): number {
  if (value >= least && value <= most) return value;
  throw new RangeError(`${what} is ${value}, not from ${least} to ${most}`);
}

/**
 * Whether a message is the termination message.
 *
 * @param line The message, with or without its LF.
 * @returns Whether it is exactly `t`.
 */
export function isTermination(line: Uint8Array<ArrayBuffer>): boolean {
  const content = lineContent(line);
  return content.length === 1 && content[0] === LETTERS.termination;
}
