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

import { CR, LF, lineContent } from "../framing/line_decoder.ts";

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

/** The longest setup message a server reads, in bytes; real ones are below 40. */
export const SETUP_BYTES = 128;

/** The replies, each with its LF. */
export const REPLIES = {
  ready: line("200 OK: Ready"),
  closing: line("200 OK: Closing Connection"),
  setupError: line("404 ERROR: Invalid Connection Setup Message"),
  probeError: line("404 ERROR: Invalid Measurement Message"),
  terminationError: line("404 ERROR: Invalid Connection Termination Message"),
};

/** The termination message. */
export const TERMINATION = line("t");

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
 * import { formatSetup } from "./measurement.ts";
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
 * import { parseSetup } from "./measurement.ts";
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

function within(what: string, value: number, least: number, most: number) {
  if (value >= least && value <= most) return value;
  throw new RangeError(`${what} is ${value}, not from ${least} to ${most}`);
}

/**
 * The longest probe message, its LF and a CR before it included.
 *
 * @param sizeBytes The payload's length.
 * @returns The length in bytes.
 */
export function maxProbeBytes(sizeBytes: number): number {
  return "m 1000000 ".length + sizeBytes + "\r\n".length;
}

/** A probe message cut to what its echo is, or why it is refused. */
export type CheckedProbe =
  | { echo: Uint8Array<ArrayBuffer>; refusal: null }
  | { echo: null; refusal: string };

/**
 * Checks a probe message. A CR before the LF is payload if the payload is
 * exactly as long as agreed with it, and else is stripped.
 *
 * @param line The message with its LF; if a CR has to go, it is cut in place.
 * @param sequence The sequence number that is due.
 * @param sizeBytes The payload's agreed length.
 * @returns The echo, a view of the line, or the reason of the refusal.
 *
 * @example Usage
 * ```ts
 * import { checkProbe } from "./measurement.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const probe = new TextEncoder().encode("m 7 a b\n");
 * assertEquals(checkProbe(probe, 7, 3), { echo: probe, refusal: null });
 * assertEquals(checkProbe(probe, 8, 3), {
 *   echo: null,
 *   refusal: "the sequence number is not 8",
 * });
 * ```
 */
export function checkProbe(
  line: Uint8Array<ArrayBuffer>,
  sequence: number,
  sizeBytes: number,
): CheckedProbe {
  if (line[0] !== 0x6d || line[1] !== SPACE) {
    return refused("it does not start with m and one space");
  }
  const payloadAt = afterNumber(line, 2, sequence);
  if (payloadAt < 0) return refused(`the sequence number is not ${sequence}`);
  if (line[payloadAt] !== SPACE) {
    return refused("no single space follows the sequence number");
  }
  const end = payloadAt + 1 + sizeBytes;
  if (line[end] === LF) return { echo: line, refusal: null };
  if (line[end] === CR && line[end + 1] === LF) {
    line[end] = LF;
    return { echo: line.subarray(0, end + 1), refusal: null };
  }
  const length = lineContent(line).length - payloadAt - 1;
  return refused(`the payload has ${length} bytes, not ${sizeBytes}`);
}

const SPACE = 0x20;

function refused(refusal: string): CheckedProbe {
  return { echo: null, refusal };
}

/** The offset after a number's decimal digits, or -1 if others stand there. */
function afterNumber(line: Uint8Array, at: number, value: number): number {
  let unit = 1;
  while (unit * 10 <= value) unit *= 10;
  for (; unit >= 1; unit = Math.floor(unit / 10)) {
    if (line[at++] !== 0x30 + Math.floor(value / unit) % 10) return -1;
  }
  return at;
}

/**
 * Whether a message is the termination message.
 *
 * @param line The message, with or without its LF.
 * @returns Whether it is exactly `t`.
 */
export function isTermination(line: Uint8Array<ArrayBuffer>): boolean {
  const content = lineContent(line);
  return content.length === 1 && content[0] === 0x74;
}

/**
 * Builds probe messages of one size around one payload, without copying it.
 *
 * @example Usage
 * ```ts
 * import { ProbeBuilder } from "./measurement.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const builder = new ProbeBuilder(3);
 * const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
 * assertEquals(text(builder.message(1)), "m 1 abc\n");
 * assertEquals(text(builder.message(10)), "m 10 abc\n");
 * ```
 */
export class ProbeBuilder {
  #buffer: Uint8Array<ArrayBuffer>;

  /**
   * @param sizeBytes The payload's length.
   * @param ending What follows the payload.
   */
  constructor(sizeBytes: number, ending: Uint8Array = Uint8Array.of(LF)) {
    this.#buffer = new Uint8Array(HEADER_BYTES + sizeBytes + ending.length);
    for (let index = 0; index < sizeBytes; index++) {
      this.#buffer[HEADER_BYTES + index] = 0x61 + index % 26;
    }
    this.#buffer.set(ending, HEADER_BYTES + sizeBytes);
  }

  /**
   * The payload with what follows it, alone.
   *
   * @returns A view of the builder's buffer.
   */
  payload(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(HEADER_BYTES);
  }

  /**
   * The probe with a sequence number.
   *
   * @param sequence From 0 to 9 999 999.
   * @returns The message with its ending, a view that is good until the next
   * call.
   */
  message(sequence: number): Uint8Array<ArrayBuffer> {
    let at = HEADER_BYTES;
    this.#buffer[--at] = SPACE;
    let rest = sequence;
    do {
      this.#buffer[--at] = 0x30 + rest % 10;
      rest = Math.floor(rest / 10);
    } while (rest > 0);
    this.#buffer[--at] = SPACE;
    this.#buffer[--at] = 0x6d;
    return this.#buffer.subarray(at);
  }
}

/** Room for `m`, two spaces and seven digits. */
const HEADER_BYTES = 10;
