/**
 * One probe, as every measurement reports it.
 *
 * @module
 */

/** What became of one probe; moments are of the monotonic clock. */
export interface Sample {
  /** Its number in the session, from 1. */
  sequence: number;
  /** Whether it was sent to warm up, and counts in no figure. */
  warmup: boolean;
  /** When it was meant to be sent, in milliseconds. */
  intendedAtMs: number;
  /** When it was sent, in milliseconds. */
  sentAtMs: number;
  /** How long the call that sent it took, in milliseconds. */
  sendCallMs: number;
  /** Its round-trip time in milliseconds; `null` if it was lost. */
  rttMs: number | null;
}

/**
 * A probe about to be sent.
 *
 * @param sequence Its number in the session, from 1.
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
