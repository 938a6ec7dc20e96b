/**
 * The HTTP interface of the monitor, as its page and its tests use it. All of it
 * is GET and JSON.
 *
 * | path | query | content |
 * |---|---|---|
 * | `/api/targets` | | {@linkcode TargetList} |
 * | `/api/series` | `target` (an `id`), `from`, `to`, `columns` | {@linkcode Series} |
 * | `/api/outages` | `target`, `from`, `to`, all optional | {@linkcode OutageList} |
 * | `/api/events` | `target`, optional, repeatable | server-sent events, see {@linkcode LiveEvents} |
 * | `/api/mesh` | | {@linkcode Mesh} |
 *
 * Times are Unix seconds, in the query too. A figure that is unknown is `null`.
 * An error is `{ "error": "sentence" }` with its status: 400 for the query, 401
 * without the token, 404, 503 while the store cannot be read.
 *
 * With a token file each request under `/api` needs the header
 * `Authorization: Bearer TOKEN`. `EventSource` sends no headers, so a page reads
 * the events by `fetch`. The page's own files need no token.
 *
 * @module
 */

/** How a target is probed. */
export type ProbeKind = "stamp" | "measure" | "connect";

/**
 * Whether a target answers: down after three lost probes in a row, unknown while
 * nothing can be sent or no probe is complete.
 */
export type TargetState = "up" | "down" | "unknown";

/** Counters of probes; `sent` is the number whose outcome is known. */
export interface ProbeCounts {
  /** Probes sent, answered or lost. */
  sent: number;
  /** Those without a reply in time. */
  lost: number;
  /** Those of the lost that did not reach the target, as far as it is known. */
  lost_forward: number;
  /** Those of the lost whose reply was lost, as far as it is known. */
  lost_backward: number;
  /**
   * Probes that were due and not sent, or whose outcome is unknown: the monitor was
   * asleep, could not send, or had no address. Never part of `sent` or `lost`.
   */
  unknown: number;
  /** Second replies. */
  duplicate: number;
  /** Replies that were overtaken by a later probe's. */
  reordered: number;
}

/** The names of the counters. */
export const COUNTERS = [
  "sent",
  "lost",
  "lost_forward",
  "lost_backward",
  "unknown",
  "duplicate",
  "reordered",
] as const satisfies (keyof ProbeCounts)[];

/** The distribution of a delay, within 1.1 %; `null` if there is none. */
export interface DelayFigures {
  /** The number of probes. */
  count: number;
  /** The minimum, exactly. */
  min_us: number;
  /** The mean, exactly. */
  mean_us: number;
  /** The median. */
  p50_us: number;
  /** Percentiles that too few probes carry are `null`. */
  p90_us: number | null;
  /** Likewise. */
  p95_us: number | null;
  /** Likewise. */
  p99_us: number | null;
  /** The maximum, exactly. */
  max_us: number;
}

/** The figures of one target over some time. */
export interface SpanFigures extends ProbeCounts {
  /** The round trip. */
  rtt: DelayFigures | null;
  /** The forward delay above its minimum; only STAMP knows it. */
  forward: DelayFigures | null;
  /** The backward delay above its minimum. */
  backward: DelayFigures | null;
}

/** The last hours in cells: parallel arrays, one entry a cell. */
export interface Strip {
  /** When the first cell starts. */
  t: number;
  /** The length of a cell, in seconds. */
  step: number;
  /** See {@linkcode ProbeCounts}. */
  sent: number[];
  /** Likewise. */
  lost: number[];
  /** Likewise. */
  unknown: number[];
  /** The median round trip. */
  p50_us: (number | null)[];
}

/** An alert rule that fires or fired. */
export interface Alert {
  /** The rule's name. */
  rule: string;
  /** The target's `id`. */
  target: string;
  /** When it started. */
  start: number;
  /** When it ended; `null` while it lasts. */
  end: number | null;
  /** What was found, in one sentence. */
  message: string;
}

/** One target: a probe to one address family of one host. */
export interface TargetStatus {
  /** Names it in queries, as in `gateway~stamp~4`; stable over restarts. */
  id: string;
  /** As the configuration names it. */
  name: string;
  /** Its group; empty for none. */
  group: string;
  /** Its labels. */
  labels: Record<string, string>;
  /** How it is probed. */
  probe: ProbeKind;
  /** The host as configured. */
  host: string;
  /** The port. */
  port: number;
  /** The address family: two families of a host are two targets. */
  family: 4 | 6;
  /** The address now; `null` if the name has none. */
  address: string | null;
  /** The time between probes. */
  interval_ms: number;
  /** A probe without a reply is lost after this time. */
  timeout_ms: number;
  /** Whether it answers. */
  state: TargetState;
  /** Since when. */
  since: number;
  /** The last round trip; `null` if the last probe was lost, or none was sent. */
  last_rtt_us: number | null;
  /** When the last probe was completed. */
  last_at: number | null;
  /** Why the last probe failed or was not sent; `null` if it did not. */
  last_error: string | null;
  /** The last hour. */
  hour: SpanFigures;
  /** The last six hours in 72 cells of 5 minutes, oldest first. */
  strip: Strip;
  /** The alerts that last. */
  alerts: Alert[];
}

/** The answer of `/api/targets`. */
export interface TargetList {
  /** The monitor's name. */
  name: string;
  /** The program's version. */
  version: string;
  /** The monitor's time. */
  now: number;
  /** Whether agents are configured, so that `/api/mesh` has more sources. */
  mesh: boolean;
  /** Why measurements are not being kept; `null` if they are. */
  store_error: string | null;
  /** All targets, in the order of the configuration. */
  targets: TargetStatus[];
}

/** The quantiles of {@linkcode SeriesDelay}, in percent. */
export const QUANTILES = [0, 5, 10, 25, 50, 75, 90, 95, 100] as const;

/** The quantiles of a delay in each column. */
export interface SeriesDelay {
  /** How many probes each column has. */
  count: number[];
  /**
   * For each of {@linkcode QUANTILES}, one value a column, in microseconds;
   * `null` in a column without probes.
   */
  quantiles_us: (number | null)[][];
}

/** The answer of `/api/series`: parallel arrays, one entry a column. */
export interface Series {
  /** The target's `id`. */
  target: string;
  /** The start of the first column. */
  from: number;
  /** The end of the last column. */
  to: number;
  /** The length of a column, in seconds. */
  step: number;
  /** The length of the stored slots that were merged, in seconds. */
  slot: number;
  /** When each column starts. */
  t: number[];
  /** The counters of {@linkcode ProbeCounts}; all 0 where nothing was kept. */
  counts: Record<typeof COUNTERS[number], number[]>;
  /** The round trip. */
  rtt: SeriesDelay;
  /** The forward delay above its minimum; `null` if the probe cannot know it. */
  forward: SeriesDelay | null;
  /** The backward delay, likewise. */
  backward: SeriesDelay | null;
  /** The whole span. */
  total: SpanFigures;
  /** The outages that overlap the span. */
  outages: Outage[];
}

/** A time without any answer: three or more lost probes in a row. */
export interface Outage {
  /** The target's `id`. */
  target: string;
  /** When its first lost probe was sent. */
  start: number;
  /** When the first probe after it was answered; `null` while it lasts. */
  end: number | null;
  /** Probes lost. */
  lost: number;
  /** Those of the lost that did not reach the target, as far as it is known. */
  lost_forward: number;
  /** Those of the lost whose reply was lost, as far as it is known. */
  lost_backward: number;
  /** Whether it has no known end: the monitor stopped during it. */
  end_unknown: boolean;
}

/** The answer of `/api/outages`: newest first, at most 1000. */
export interface OutageList {
  /** The outages. */
  outages: Outage[];
}

/** What changed in one target since the last event. */
export interface LiveTarget extends ProbeCounts {
  /** The target's `id`. */
  id: string;
  /** See {@linkcode TargetStatus}. */
  state: TargetState;
  /** See {@linkcode TargetStatus}. */
  last_rtt_us: number | null;
  /** See {@linkcode TargetStatus}. */
  last_at: number | null;
}

/**
 * The events of `/api/events`, by their name; the data is JSON. A comment comes
 * every 15 s in between.
 */
export interface LiveEvents {
  /** Once a second: the targets with completed probes; counters are increments. */
  status: { now: number; targets: LiveTarget[] };
  /** At the start and at the end of an outage. */
  outage: Outage;
  /** At the start and at the end of an alert. */
  alert: Alert;
  /** When targets were added or removed: read `/api/targets` again. */
  targets: Record<never, never>;
  /** When the store fails or works again. */
  store: { error: string | null };
}

/** A monitor and what it sees. */
export interface MeshSource {
  /** Its name. */
  name: string;
  /** Its URL; `null` for this monitor. */
  url: string | null;
  /** Why it could not be read; `null` if it could. */
  error: string | null;
  /** Its targets; empty if it could not be read. */
  targets: TargetStatus[];
}

/** The answer of `/api/mesh`: this monitor first, then its agents. */
export interface Mesh {
  /** The sources. */
  sources: MeshSource[];
}
