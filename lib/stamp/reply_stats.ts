/**
 * What a session knows of its replies beside its samples.
 *
 * @module
 */

import type { ArrivalCounts } from "../stats/sequence_window.ts";
import type { ReplyFaults } from "./outstanding_probes.ts";

/** What a session reports; complete when it has ended. */
export interface ReplyStats {
  /** The counters of what was late, duplicate and so on. */
  counts: Readonly<ArrivalCounts>;
  /** Replies that were not as they should be. */
  faults: Readonly<ReplyFaults>;
  /**
   * Whether the counters by direction mean something: `false` if the far end
   * does not count by itself, `null` if nobody knows.
   */
  directionsKnown: boolean | null;
  /** Probes under way when it was interrupted; they count in no figure. */
  underWay: number;
  /** Datagrams that did not come from the target, and whence the first came. */
  strays: { count: number; from: string };
  /** How many calls to send failed. */
  failedSends: number;
  /** The last failure. */
  failure: unknown;
}
