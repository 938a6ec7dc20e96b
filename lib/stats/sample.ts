/**
 * One probe, as every measurement reports it.
 *
 * @module
 */

/** What became of one probe; moments are of the monotonic clock. */
export interface Sample {
  /** Its number in the session: from 1, or with STAMP from 0. */
  sequence: number;
  /** Whether it was sent to warm up, and counts in no figure. */
  warmup: boolean;
  /** When it was meant to be sent, in milliseconds. */
  intendedAtMs: number;
  /** When it was sent, in milliseconds. */
  sentAtMs: number;
  /** How long the call that sent it took, in milliseconds. */
  sendCallMs: number;
  /**
   * Its round-trip time in milliseconds, without the time that the far end says
   * it took; `null` if it was lost.
   */
  rttMs: number | null;
  /** How long the far end says it took, in milliseconds, where it says so. */
  reflectorMs?: number;
  /** The way there, in milliseconds, by two clocks, their offset included. */
  forwardMs?: number;
  /** The way back, likewise. */
  backwardMs?: number;
}

/**
 * A probe about to be sent.
 *
 * @param sequence Its number in the session.
 * @param warmup Whether it only warms up.
 * @param intendedAtMs When it is meant to be sent.
 * @returns A sample that is lost until it is completed.
 */
export function newSample(
  sequence: number,
  warmup: boolean,
  intendedAtMs: number,
): Sample {
  return {
    sequence,
    warmup,
    intendedAtMs,
    sentAtMs: intendedAtMs,
    sendCallMs: 0,
    rttMs: null,
  };
}
