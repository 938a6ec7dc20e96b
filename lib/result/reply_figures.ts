/**
 * What is known of a session's replies beside its samples, for the result.
 *
 * @module
 */

import { errorMessage } from "../net/errors.ts";
import type { ReplyStats } from "../stamp/outstanding_probes.ts";

/** The counters of a result that only datagrams have. */
export interface ArrivalFigures {
  /** Probes that did not reach the far end; `null` if that is not known. */
  lost_forward: number | null;
  /** Probes whose reply did not come back; `null` if that is not known. */
  lost_backward: number | null;
  /** Lost probes whose reply came after all, too late. */
  late: number;
  /** Replies after the first to the same probe. */
  duplicate: number;
  /** Replies that came after the reply to a later probe. */
  reordered: number;
  /** Replies whose content is not that of an answer to what was sent. */
  corrupt: number;
}

/**
 * The counters as a result shows them.
 *
 * @param report What the session reports.
 * @returns The counters.
 */
export function arrivalFigures(report: ReplyStats): ArrivalFigures {
  const { lostForward, lostBackward, late, duplicate, reordered } =
    report.counts;
  const known = report.directionsKnown === true;
  return {
    lost_forward: known ? lostForward : null,
    lost_backward: known ? lostBackward : null,
    late,
    duplicate,
    reordered,
    corrupt: report.faults.corrupt,
  };
}

/**
 * What a reader of the counters should know.
 *
 * @param report What the session reports.
 * @param lost How many probes were lost.
 * @returns Sentences.
 */
export function arrivalNotes(report: ReplyStats, lost: number): string[] {
  const { counts, faults } = report;
  const gone = lost - counts.late;
  const undecided = gone - counts.lostForward - counts.lostBackward;
  const notes: [boolean | number, string][] = [
    [
      gone > 0 && report.directionsKnown === false,
      "the reflector copies sequence numbers (it is stateless), so nobody can " +
      "tell in which direction probes were lost",
    ],
    [
      gone > 0 && report.directionsKnown === null,
      "in which direction probes were lost, the replies that came do not tell",
    ],
    [
      report.directionsKnown === true && undecided,
      `${count(undecided, "probe")} lost at the end, in an unknown direction`,
    ],
    [
      report.outstanding,
      `${
        count(report.outstanding, "probe")
      } under way when it was interrupted, ` +
      "left out of every figure",
    ],
    [
      report.failedSends,
      `${count(report.failedSends, "probe")} not sent, and counted as lost: ${
        errorMessage(report.failure)
      }`,
    ],
    [
      report.strays.count,
      `${count(report.strays.count, "datagram")} from elsewhere passed over, ` +
      `the first from ${report.strays.from}: a reflector with several addresses ` +
      "may answer from another one than was asked",
    ],
    [
      faults.corrupt,
      `${
        count(faults.corrupt, "reply", "replies")
      } not used, being no answer to ` +
      "what was sent: damaged on the way, signed with another key, or forged",
    ],
    [
      faults.short,
      "the reflector returns no padding: the way back carried smaller packets",
    ],
    [
      faults.implausible,
      `${
        count(faults.implausible, "reply", "replies")
      } by which the reflector ` +
      "took a negative time, or more than the round trip: nothing is taken off",
    ],
  ];
  return notes.filter(([applies]) => applies).map(([, note]) => note);
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
