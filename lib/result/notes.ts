/**
 * The notes for the reader of a measurement.
 *
 * @module
 */

import { errorMessage } from "../net/errors.ts";
import type { ReplyStats } from "../stamp/outstanding_probes.ts";
import type { OneWayResult } from "../stats/one_way.ts";
import type { SkippedEvents } from "../timing/pacer.ts";
import type { Named } from "./figures.ts";
import { formatCount, formatDuration } from "./quantities.ts";
import type { Section } from "./section.ts";

/** The observations from which the notes are derived. */
export interface Observations {
  /** How many probes were lost. */
  lost: number;
  /** The time from one probe to the next in microseconds; 0 for none. */
  intervalUs: number;
  /** The 99th percentile of the lateness of sending; `null` if unknown. */
  latenessP99Us: number | null;
  /** The one-way figures; `null` without any. */
  oneWay: OneWayResult | null;
  /** The slots that were missed in a pause of this process. */
  skipped?: SkippedEvents | undefined;
  /** How many lost replies this program may have dropped; `null` if unknown. */
  maybeDropped?: number | null;
  /** The reply statistics of a datagram session. */
  replies: ReplyStats | undefined;
}

/**
 * The notes on a measurement: sentences without a capital and a period.
 *
 * @internal
 */
export function measurementNotes(observed: Observations): string[] {
  const { intervalUs, latenessP99Us, oneWay, skipped, replies } = observed;
  const isLate = intervalUs > 0 && (latenessP99Us ?? 0) > intervalUs;
  const late = replies
    ? "a late timer or on a busy machine"
    : "a late echo or timer";
  const { count: missed = 0, longestPauseMs = 0 } = skipped ?? {};
  const { maybeDropped = 0 } = observed;
  return [
    ...applying([
      [
        missed,
        `this program did not run for up to ${
          formatDuration(longestPauseMs * 1000)
        } (it was stopped, or the machine was busy): ${
          formatCount(missed, "probe")
        } not sent; the RTT of an outstanding probe includes the pause`,
      ],
      [
        isLate,
        `the schedule was not kept: probes were sent late, after ${late}; use the ` +
        "figures from the intended time",
      ],
      [
        oneWay !== null && oneWay.clock_offset_us === null,
        "one of the two clocks was set, or did not drift steadily: offset and " +
        "drift are unknown, and one-way figures are valid for short times only",
      ],
      [
        oneWay !== null && isNegative(oneWay),
        "according to the clocks, packets arrived before they were sent: the " +
        "clocks differ by more than their stated errors",
      ],
      [
        maybeDropped,
        `up to ${maybeDropped} of the lost probes may have been dropped by ` +
        "this program, which did not read its replies in time; the reflector " +
        "may have dropped others",
      ],
    ]),
    ...(replies ? replyNotes(replies, observed.lost) : []),
  ];
}

/** @internal The notes that apply. */
export function applying(
  notes: [applies: boolean | number | null, note: string][],
): string[] {
  return notes.filter(([applies]) => applies).map(([, note]) => note);
}

/** Whether a delay by trusted clocks is negative by more than their error. */
function isNegative(
  { forward, backward, clock_error_us }: OneWayResult,
): boolean {
  return [forward, backward].some(({ delay_us }) =>
    delay_us && delay_us.min < -(clock_error_us ?? 0)
  );
}

function replyNotes(replies: ReplyStats, lost: number): string[] {
  const { counts, directionsKnown, countRestarted, faults, strays } = replies;
  const gone = lost - counts.late;
  const undecided = gone - counts.lostForward - counts.lostBackward;
  return applying([
    [
      gone > 0 && directionsKnown === false,
      "the reflector is stateless (it copies sequence numbers): the " +
      "direction of the losses is unknown",
    ],
    [
      gone > 0 && countRestarted,
      "the reflector restarted its count during the run (it was restarted, or " +
      `forgot this session): until then ${
        formatCount(counts.lostForward, "probe")
      } lost forward and ${counts.lostBackward} backward, from there on the ` +
      "directions are unknown",
    ],
    [
      gone > 0 && directionsKnown === null && !countRestarted,
      "the replies do not show in which direction probes were lost",
    ],
    [
      directionsKnown === true && undecided,
      `${
        formatCount(undecided, "probe")
      } lost at the beginning or the end, in an unknown direction`,
    ],
    [
      replies.outstanding,
      `${
        formatCount(replies.outstanding, "probe")
      } outstanding when the run was interrupted, left out of every figure`,
    ],
    [
      replies.failedSends,
      `${
        formatCount(replies.failedSends, "probe")
      } not sent, and counted as lost: ${errorMessage(replies.failure)}`,
    ],
    [
      strays.count,
      `${
        formatCount(strays.count, "datagram")
      } from other addresses ignored, the ` +
      `first from ${strays.from}: a reflector with several addresses may ` +
      "answer from another address",
    ],
    [
      faults.corrupt,
      `${formatCount(faults.corrupt, "reply", "replies")} not used: damaged ` +
      "on the way, signed with another key, or forged",
    ],
    [
      faults.twampLight,
      "the reflector speaks TWAMP-Light, or STAMP without session identifiers",
    ],
    [
      faults.short,
      "the reflector returns less padding or none: packets on the way back were " +
      "smaller",
    ],
    [
      faults.long,
      "the reflector adds padding: packets on the way back were larger",
    ],
    [
      faults.implausible,
      `${formatCount(faults.implausible, "reply", "replies")} with a ` +
      "reflector time that is negative or exceeds the round trip: it is not " +
      "subtracted",
    ],
  ]);
}

/** @internal Sentences on each result; on several results with their names. */
export function namedSentences<R>(
  results: Named<R>[],
  sentences: (result: R) => string[],
): string[] {
  return results.flatMap(({ name, result }) =>
    sentences(result).map((sentence) =>
      results.length === 1 ? sentence : `${name}: ${sentence}`
    )
  );
}

function noteSentences(results: Named<{ notes: string[] }>[]): string[] {
  const mark = results.length === 1 ? "note: " : "";
  return namedSentences(
    results,
    ({ notes }) => notes.map((note) => mark + note),
  );
}

/** @internal The notes of results as a section; none without a note. */
export function notesSection(
  results: Named<{ notes: string[] }>[],
): Section[] {
  const sentences = noteSentences(results);
  if (sentences.length === 0) return [];
  return [{ title: "Notes", role: "notes", sentences }];
}

/** @internal How good measurements were: sentences on each, and their notes. */
export function qualitySection<R extends { notes: string[] }>(
  results: Named<R>[],
  sentences: (result: R) => string[],
): Section {
  return {
    title: "Quality",
    role: "quality",
    sentences: [
      ...namedSentences(results, sentences),
      ...noteSentences(results),
    ],
  };
}
