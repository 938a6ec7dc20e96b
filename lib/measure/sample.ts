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
