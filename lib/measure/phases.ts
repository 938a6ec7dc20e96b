/**
 * What the server of the measurement protocol answers to each line, without any
 * socket.
 *
 * ```text
 *            s                m x PROBES             t
 *   start -------> measuring ------------> measured ---> closed
 *                      |        ^               |
 *                      | t      +------- s -----+
 *                      +-----------------------------> closed
 * ```
 *
 * Every other line is answered by its phase's error, and closes.
 *
 * @module
 */

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

/** What the server does about one line. */
export interface Verdict {
  /** The answer; for a good probe a view of the probe itself. */
  reply: Uint8Array;
  /** How long the answer is held, in milliseconds. */
  delayMs: number;
  /** Whether the connection is closed after it. */
  closes: boolean;
  /** Why the line was refused; `null` if it was not. */
  refusal: string | null;
}

/**
 * The conversation with one client, a state machine without IO.
 *
 * @example Usage
 * ```ts
 * import { MeasurementPhases } from "./phases.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const phases = new MeasurementPhases();
 * const say = (text: string) => {
 *   const verdict = phases.accept(new TextEncoder().encode(text));
 *   return new TextDecoder().decode(verdict.reply);
 * };
 * assertEquals(say("s rtt 1 5 0\n"), "200 OK: Ready\n");
 * assertEquals(say("m 1 hello\n"), "m 1 hello\n");
 * assertEquals(say("t\n"), "200 OK: Closing Connection\n");
 * ```
 */
export class MeasurementPhases {
  #limits: SetupLimits;
  #setup: Setup | null = null;
  #sequence = 0;

  /**
   * Waits for a setup.
   *
   * @param limits The most that a client may ask for.
   */
  constructor(limits: SetupLimits = SETUP_LIMITS) {
    this.#limits = limits;
  }

  /** What the client asked for last; `null` before its first setup. */
  get setup(): Setup | null {
    return this.#setup;
  }

  /** The longest line that can be right now, its LF included, in bytes. */
  get maxLineBytes(): number {
    return this.#setup === null
      ? SETUP_BYTES
      : Math.max(SETUP_BYTES, maxProbeBytes(this.#setup.sizeBytes));
  }

  /**
   * Takes the client's next line.
   *
   * @param line The line with its LF.
   * @returns What to do about it.
   */
  accept(line: Uint8Array<ArrayBuffer>): Verdict {
    const setup = this.#setup;
    if (setup === null) return this.#begin(line);
    if (line[0] === LETTERS.termination) return this.#terminate(line);
    if (this.#sequence < setup.probes || line[0] === LETTERS.probe) {
      return this.#measure(line, setup);
    }
    if (line[0] === LETTERS.setup) return this.#begin(line);
    return refuse(REPLIES.terminationError, "it is neither t nor a new setup");
  }

  /**
   * Refuses whatever the client is sending now, as when it is too long.
   *
   * @param refusal Why.
   * @returns What to do about it.
   */
  refuse(refusal: string): Verdict {
    return this.#setup === null
      ? refuse(REPLIES.setupError, refusal)
      : refuse(REPLIES.probeError, refusal);
  }

  #begin(line: Uint8Array<ArrayBuffer>): Verdict {
    try {
      this.#setup = parseSetup(line, this.#limits);
    } catch (error) {
      return refuse(REPLIES.setupError, (error as Error).message);
    }
    this.#sequence = 0;
    return answer(REPLIES.ready);
  }

  #measure(line: Uint8Array<ArrayBuffer>, setup: Setup): Verdict {
    if (this.#sequence === setup.probes) {
      const refusal = `probe ${setup.probes} was the last`;
      return refuse(REPLIES.probeError, refusal);
    }
    this.#sequence += 1;
    const probe = checkProbe(line, this.#sequence, setup.sizeBytes);
    return probe.echo === null
      ? refuse(REPLIES.probeError, `probe ${this.#sequence}: ${probe.refusal}`)
      : answer(probe.echo, setup.delayMs);
  }

  #terminate(line: Uint8Array<ArrayBuffer>): Verdict {
    return isTermination(line)
      ? { reply: REPLIES.closing, delayMs: 0, closes: true, refusal: null }
      : refuse(REPLIES.terminationError, "a termination message is t alone");
  }
}

function answer(reply: Uint8Array, delayMs = 0): Verdict {
  return { reply, delayMs, closes: false, refusal: null };
}

/**
 * The verdict that refuses a line and closes.
 *
 * @param reply The error to answer.
 * @param refusal Why.
 * @returns The verdict.
 */
export function refuse(reply: Uint8Array, refusal: string): Verdict {
  return { reply, delayMs: 0, closes: true, refusal };
}
