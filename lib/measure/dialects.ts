/**
 * How other implementations deviate from the measure protocol: how a lenient
 * client reads the replies of such servers, and how a server speaks to such
 * clients. No IO.
 *
 * | deviation | read as |
 * |---|---|
 * | a reply without LF, or with a space, a NUL or a CR at its end | the reply |
 * | `200 OK: READY`, `200 Ready` | `200 OK: Ready` |
 * | only the payload is echoed | the echo |
 * | the echo has another number | the echo, if the difference is constant |
 *
 * @module
 */

import { equals } from "npm:deno-std@^1.4.0/bytes/equals.js";
import { ProbeBuilder } from "./probe.ts";

/** The form in which a server echoes probes. */
export interface EchoForm {
  /** Its number of a probe, less ours; `null` if it echoes the payload alone. */
  sequenceOffset: number | null;
  /** What follows the payload. */
  ending: Uint8Array<ArrayBuffer>;
}

/**
 * Learns from one echo in which form a server echoes.
 *
 * @param reply The echo of the probe.
 * @param sequence The probe's sequence number.
 * @param sizeBytes The payload's length.
 * @returns The form, or `null` if the reply is not an echo of that probe.
 *
 * @example Usage
 * ```ts
 * import { learnEchoForm } from "./dialects.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const reply = new TextEncoder().encode("m 0 abc");
 * assertEquals(learnEchoForm(reply, 1, 3), {
 *   sequenceOffset: -1,
 *   ending: new Uint8Array(0),
 * });
 * ```
 */
export function learnEchoForm(
  reply: Uint8Array<ArrayBuffer>,
  sequence: number,
  sizeBytes: number,
): EchoForm | null {
  const head = new TextDecoder("latin1").decode(reply.subarray(0, 16));
  const number = /^m (0|[1-9][0-9]{0,6}) /.exec(head);
  const payloadAt = number ? number[0].length : 0;
  const payload = new ProbeBuilder(sizeBytes, new Uint8Array(0)).payload();
  const echoed = reply.subarray(payloadAt, payloadAt + sizeBytes);
  const ending = reply.slice(payloadAt + sizeBytes);
  const isEnding = ending.every((byte) => " \0\r\n".includes(char(byte)));
  if (!isEnding || !equals(echoed, payload)) return null;
  const sequenceOffset = number ? Number(number[1]) - sequence : null;
  return { sequenceOffset, ending };
}

/**
 * Whether a status reply reports success, in any wording.
 *
 * @param reply The reply.
 * @returns Whether its code is 200.
 */
export function isSuccess(reply: Uint8Array): boolean {
  return hasCode(reply, "200");
}

/**
 * Whether a status reply reports an error, in any wording.
 *
 * @param reply The reply.
 * @returns Whether its code is 404.
 */
export function isError(reply: Uint8Array): boolean {
  return hasCode(reply, "404");
}

/** Intentional deviations of a server, for clients that expect them. */
export interface ServerDialect {
  /** The number of the first probe. */
  firstProbe: 0 | 1;
  /** The reply to a valid setup, without its LF. */
  ready: string;
  /** Whether status replies end without LF. */
  noLf: boolean;
  /** Whether an echo is the payload alone. */
  payloadOnly: boolean;
  /**
   * Whether messages need no LF. The setup and the termination then end at a
   * silence, and a probe at its length.
   */
  flush: boolean;
}

/** The protocol itself. */
export const NO_DIALECT: ServerDialect = {
  firstProbe: 1,
  ready: "200 OK: Ready",
  noLf: false,
  payloadOnly: false,
  flush: false,
};

/** The names of the deviations; `ready=` is followed by the text. */
const DEVIATIONS: Record<string, Partial<ServerDialect>> = {
  "from-zero": { firstProbe: 0 },
  "no-lf": { noLf: true },
  "payload-only": { payloadOnly: true },
  flush: { flush: true },
};

/**
 * Reads the name of a dialect.
 *
 * @param text Deviations with commas in between: `from-zero`, `ready=TEXT`,
 * `no-lf`, `payload-only` and `flush`.
 * @returns The dialect.
 * @throws {SyntaxError} If one is unknown.
 *
 * @example Usage
 * ```ts
 * import { parseServerDialect } from "./dialects.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { firstProbe, ready } = parseServerDialect("from-zero,ready=200 Ready");
 * assertEquals([firstProbe, ready], [0, "200 Ready"]);
 * ```
 */
export function parseServerDialect(text: string): ServerDialect {
  const dialect = { ...NO_DIALECT };
  for (const part of text.split(",")) {
    const ready = /^ready=([\x20-\x7e]{1,80})$/.exec(part)?.[1];
    const deviation = ready === undefined ? DEVIATIONS[part] : { ready };
    if (deviation === undefined) {
      throw new SyntaxError(
        "deviations with commas in between: from-zero, ready=TEXT, no-lf, " +
          `payload-only and flush, not "${part}"`,
      );
    }
    Object.assign(dialect, deviation);
  }
  return dialect;
}

function hasCode(reply: Uint8Array, code: string): boolean {
  const head = new TextDecoder("latin1").decode(reply.subarray(0, 4));
  return head.startsWith(code) && !/[0-9A-Za-z]/.test(head.slice(3));
}

function char(byte: number): string {
  return String.fromCharCode(byte);
}
