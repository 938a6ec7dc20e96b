/**
 * The course's measurement protocol over TCP. ASCII text, fields separated by
 * exactly one space, each message ends in one LF. No IO.
 *
 * | phase | client sends | server answers |
 * |---|---|---|
 * | CSP, connection setup | `s TYPE PROBES SIZE DELAY` | `200 OK: Ready` |
 * | MP, measurement | `m SEQ PAYLOAD` | the whole message, DELAY later |
 * | CTP, termination | `t` | `200 OK: Closing Connection`, and closes |
 *
 * TYPE is `rtt` or `tput`; SEQ runs from 1 to PROBES; PAYLOAD is exactly SIZE
 * bytes, any but LF; DELAY is in milliseconds, decimals allowed. Numbers are
 * plain decimal without sign or leading zeros. The server answers an invalid
 * message with the error of its phase, and closes:
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

/** What is measured; the messages are the same for both. */
export type MeasurementType = "rtt" | "tput";

/** The request of a client in the setup phase. */
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

/** The upper limits of a setup's numbers. */
export type SetupLimits = Omit<Setup, "type">;

/** The protocol's own limits; a server may set lower ones. */
export const SETUP_LIMITS: SetupLimits = {
  probes: 1_000_000,
  sizeBytes: 1_048_576,
  delayMs: 60_000,
};

/** The first letter of each kind of message. */
export const LETTERS: Readonly<
  Record<"setup" | "probe" | "termination", number>
> = { setup: 0x73, probe: 0x6d, termination: 0x74 };

/** The longest setup message a server reads; valid ones are below 40 bytes. */
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

/** The most bytes of a reply that an error keeps. */
const MAX_QUOTED_BYTES = 200;

/** A hint at the cause of an unexpected reply. */
export type ProtocolHint =
  /** A lenient session may accept it. */
  | "dialect"
  /** The server may number probes from 0. */
  | "first_probe"
  /** No echo came in time: the server may take its delay in seconds. */
  | "delay_unit"
  /** The peer sent the setup back: it is an echo server. */
  | "echo_server"
  /** The server rejects the setup: it exceeds a limit, or a key is required. */
  | "setup";

/** Thrown when a reply does not conform to the protocol. */
export class ProtocolError extends Error {
  /** Distinguishes it from other errors, also in a log. */
  override readonly name = "ProtocolError";
  /** The expected reply, as in `the echo of probe 1`. */
  readonly expected: string;
  /** The reply, at most 200 bytes; `null` if the connection was closed. */
  readonly reply: Uint8Array | null;
  /** The likely cause, if it is known. */
  readonly hint: ProtocolHint | null;

  /**
   * Describes a reply that is not the expected one.
   *
   * @param expected The expected reply.
   * @param reply The reply; `null` if the connection was closed instead.
   * @param hint The likely cause.
   */
  constructor(
    expected: string,
    reply: Uint8Array | null,
    hint: ProtocolHint | null = null,
  ) {
    const kept = reply?.slice(0, MAX_QUOTED_BYTES) ?? null;
    const instead = hint === "delay_unit"
      ? "but it did not arrive in time"
      : kept === null
      ? "but the peer closed the connection"
      : hint === "echo_server"
      ? `but the peer is an echo server: it sent the setup back: ${quote(kept)}`
      : `received ${quote(kept)}`;
    super(`Expected ${expected}, ${instead}`);
    this.expected = expected;
    this.reply = kept;
    this.hint = hint;
  }
}

const NUMBER = "(0|[1-9][0-9]*)";
const SETUP = new RegExp(
  `^s (rtt|tput) ${NUMBER} ${NUMBER} (${NUMBER}(?:\\.[0-9]+)?)$`,
);

function line(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\n`);
}

/**
 * Quotes bytes for an error or a note.
 *
 * @param bytes The bytes.
 * @returns A JSON string.
 */
export function quote(bytes: Uint8Array): string {
  return JSON.stringify(new TextDecoder().decode(bytes));
}

/**
 * Writes a setup message.
 *
 * @param setup The request.
 * @param delayUnit `"s"` for servers that take the delay in seconds.
 * @returns The message with its LF.
 */
export function formatSetup(
  setup: Setup,
  delayUnit: "ms" | "s" = "ms",
): Uint8Array<ArrayBuffer> {
  const { type, probes, sizeBytes, delayMs } = setup;
  const delay = delayUnit === "s" ? delayMs / 1000 : delayMs;
  // No exponent, as in 1e-7.
  const decimal = delay.toFixed(9).replace(/\.?0+$/, "");
  return line(`s ${type} ${probes} ${sizeBytes} ${decimal}`);
}

/**
 * Reads a setup message.
 *
 * @param message The message, with or without its LF.
 * @param limits The upper limits of its numbers.
 * @returns The request.
 * @throws {SyntaxError} If it is not a setup message.
 * @throws {RangeError} If a number is out of range.
 *
 * @example Usage
 * ```ts
 * import { formatSetup, parseSetup } from "./messages.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const setup = { type: "tput", probes: 10, sizeBytes: 1024, delayMs: 0.5 } as const;
 * const message = formatSetup(setup);
 * assertEquals(new TextDecoder().decode(message), "s tput 10 1024 0.5\n");
 * assertEquals(parseSetup(message), setup);
 * ```
 */
export function parseSetup(
  message: Uint8Array<ArrayBuffer>,
  limits: SetupLimits = SETUP_LIMITS,
): Setup {
  // As latin1, a byte that is not ASCII matches nothing.
  const text = new TextDecoder("latin1").decode(lineContent(message));
  const found = SETUP.exec(text);
  if (!found) throw new SyntaxError("Expected s TYPE PROBES SIZE DELAY");
  const [, type, probes, size, delay] = found;
  return {
    type: type as MeasurementType,
    probes: inRange("PROBES", Number(probes), 1, limits.probes),
    sizeBytes: inRange("SIZE", Number(size), 1, limits.sizeBytes),
    delayMs: inRange("DELAY", Number(delay), 0, limits.delayMs),
  };
}

function inRange(
  field: string,
  value: number,
  min: number,
  max: number,
): number {
  if (value >= min && value <= max) return value;
  throw new RangeError(`${field} must be from ${min} to ${max}: ${value}`);
}

/**
 * Whether a message is the termination message.
 *
 * @param message The message, with or without its LF.
 * @returns Whether it is exactly `t`.
 */
export function isTermination(message: Uint8Array<ArrayBuffer>): boolean {
  const content = lineContent(message);
  return content.length === 1 && content[0] === LETTERS.termination;
}
