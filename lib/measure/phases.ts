/**
 * The phases of a session as the server sees them: a state machine without IO.
 *
 * ```text
 *            s                m x PROBES             t
 *   start -------> measuring ------------> measured ---> closed
 *                      |        ^               |
 *                      | t      +------- s -----+
 *                      +-----------------------------> closed
 * ```
 *
 * Any other line is answered with the error of its phase, and closes.
 *
 * @module
 */

import { NO_DIALECT, type ServerDialect } from "./dialects.ts";
import { checkProbe, maxProbeBytes } from "./probe.ts";
import {
  isTermination,
  LETTERS,
  parseSetup,
  REPLIES,
  type Setup,
  SETUP_BYTES,
  SETUP_LIMITS,
  type SetupLimits,
} from "./messages.ts";

/** What the server does with one line. */
export interface Verdict {
  /** The reply; for a valid probe a view of the probe itself. */
  reply: Uint8Array;
  /** How long the reply is held, in milliseconds. */
  delayMs: number;
  /** Whether the server closes the connection after it. */
  closes: boolean;
  /** Why the line was refused; `null` if it was not. */
  refusal: string | null;
}

/**
 * The phases of one connection.
 *
 * @example Usage
 * ```ts
 * import { MeasurePhases } from "./phases.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const phases = new MeasurePhases();
 * const answer = (line: string) => {
 *   const { reply } = phases.accept(new TextEncoder().encode(line));
 *   return new TextDecoder().decode(reply);
 * };
 * assertEquals(answer("s rtt 1 5 0\n"), "200 OK: Ready\n");
 * assertEquals(answer("m 1 hello\n"), "m 1 hello\n");
 * assertEquals(answer("t\n"), "200 OK: Closing Connection\n");
 * ```
 */
export class MeasurePhases {
  #limits: SetupLimits;
  #dialect: ServerDialect;
  #ready: Uint8Array;
  #setup: Setup | null = null;
  #sequence = 0;

  /**
   * Starts in the setup phase.
   *
   * @param limits The upper limits of a client's setup.
   * @param dialect Intentional deviations of the server.
   */
  constructor(
    limits: SetupLimits = SETUP_LIMITS,
    dialect: ServerDialect = NO_DIALECT,
  ) {
    this.#limits = limits;
    this.#dialect = dialect;
    this.#ready = new TextEncoder().encode(`${dialect.ready}\n`);
  }

  /** The latest accepted setup; `null` before the first one. */
  get setup(): Setup | null {
    return this.#setup;
  }

  /** Whether there was a setup, and no probe after it. */
  get isWithoutProbe(): boolean {
    return this.#setup !== null && this.#sequence === 0;
  }

  /** The length of the next probe without its LF; 0 before a setup. */
  get bareProbeBytes(): number {
    if (this.#setup === null) return 0;
    const number = this.#sequence + this.#dialect.firstProbe;
    return `m ${number} `.length + this.#setup.sizeBytes;
  }

  /** The longest line that can be valid now, its LF included, in bytes. */
  get maxLineBytes(): number {
    return this.#setup === null
      ? SETUP_BYTES
      : Math.max(SETUP_BYTES, maxProbeBytes(this.#setup.sizeBytes));
  }

  /**
   * Takes the client's next line.
   *
   * @param line The line with its LF.
   * @returns What to do with it.
   */
  accept(line: Uint8Array<ArrayBuffer>): Verdict {
    const setup = this.#setup;
    if (setup === null) return this.#begin(line);
    if (line[0] === LETTERS.termination) {
      return isTermination(line)
        ? { reply: REPLIES.closing, delayMs: 0, closes: true, refusal: null }
        : refuse(REPLIES.terminationError, "Expected t alone");
    }
    if (this.#sequence < setup.probes) return this.#measure(line, setup);
    if (line[0] === LETTERS.probe) {
      const refusal = `Expected no probe after probe ${setup.probes}`;
      return refuse(REPLIES.probeError, refusal);
    }
    if (line[0] === LETTERS.setup) return this.#begin(line);
    return refuse(REPLIES.terminationError, "Expected t or a setup");
  }

  /**
   * Refuses the message that the client is sending, before it is complete.
   *
   * @param refusal The reason, for instance its length.
   * @returns What to do with it.
   */
  refuse(refusal: string): Verdict {
    const reply = this.#setup === null
      ? REPLIES.setupError
      : REPLIES.probeError;
    return refuse(reply, refusal);
  }

  #begin(line: Uint8Array<ArrayBuffer>): Verdict {
    try {
      this.#setup = parseSetup(line, this.#limits);
    } catch (error) {
      return refuse(REPLIES.setupError, (error as Error).message);
    }
    this.#sequence = 0;
    return answer(this.#ready);
  }

  #measure(line: Uint8Array<ArrayBuffer>, setup: Setup): Verdict {
    this.#sequence += 1;
    const { firstProbe, payloadOnly } = this.#dialect;
    const number = this.#sequence + firstProbe - 1;
    const { echo, refusal } = checkProbe(line, number, setup.sizeBytes);
    if (echo === null) {
      return refuse(REPLIES.probeError, `Probe ${number}: ${refusal}`);
    }
    const reply = payloadOnly
      ? echo.subarray(echo.length - setup.sizeBytes - 1)
      : echo;
    return answer(reply, setup.delayMs);
  }
}

function answer(reply: Uint8Array, delayMs = 0): Verdict {
  return { reply, delayMs, closes: false, refusal: null };
}

/**
 * The verdict that refuses a line and closes the connection.
 *
 * @param reply The error to answer with.
 * @param refusal The reason.
 * @returns The verdict.
 */
export function refuse(reply: Uint8Array, refusal: string): Verdict {
  return { reply, delayMs: 0, closes: true, refusal };
}
