/**
 * Evaluates alert rules, and sends a message when an alert starts and when it
 * ends.
 *
 * A state changes when the condition has been different for the rule's hold
 * time. A condition that is unknown, because there are too few probes, changes
 * nothing. At most one message a minute is sent for a rule and a target: an alert
 * that starts and ends within that minute is not reported.
 *
 * @module
 */

import { formatDuration, formatValue } from "../result/quantities.ts";
import type { AlertRule } from "./alert_rule.ts";
import type { Alert } from "./api.ts";
import type { LiveSeries } from "./live_series.ts";
import { Slot } from "./slot.ts";

/** Between two messages of one rule and target, in seconds. */
const QUIET = 60;
/** A webhook answers within this time, in milliseconds. */
const WEBHOOK_MS = 10_000;
/** The share of a window's probes that is needed to judge it. */
const NEEDED_SHARE = 0.5;

/** A message about an alert. */
export interface AlertMessage extends Alert {
  /** Whether it starts or ends. */
  state: "firing" | "resolved";
  /** The monitor's name. */
  monitor: string;
  /** The target's name. */
  name: string;
  /** The target's group. */
  group: string;
  /** The target's labels. */
  labels: Record<string, string>;
  /** The rule's condition. */
  when: string;
  /** The whole message as a sentence, as chat systems show it. */
  text: string;
}

/** Where alerts get the monitor's name and the last day, and where they report. */
export interface AlertCallbacks {
  /** The monitor's name. */
  monitor(): string;
  /** The slot of a target's last day; `null` if there is too little. */
  lastDay(live: LiveSeries): Slot | null;
  /** Receives each change at once. */
  changed(alert: Alert): void;
  /** Receives messages of rules without a webhook, as a line of JSON. */
  print(line: string): void;
  /** Receives what an operator should know. */
  log(line: string): void;
}

interface State {
  rule: AlertRule;
  live: LiveSeries;
  /** The alert that lasts. */
  alert: Alert | null;
  /** Since when the condition is different from the state; NaN: it is not. */
  differsSince: number;
  /** The alert that was reported last; it may have ended since. */
  reported: Alert | null;
  reportedAt: number;
}

/** The state of all rules for all targets. */
export class Alerts {
  #callbacks: AlertCallbacks;
  #rules: AlertRule[] = [];
  #states = new Map<string, State>();

  /**
   * Starts without a rule.
   *
   * @param callbacks Gives figures, and receives changes and messages.
   */
  constructor(callbacks: AlertCallbacks) {
    this.#callbacks = callbacks;
  }

  /** The longest time that a rule looks back, in seconds. */
  get windowSeconds(): number {
    return Math.max(0, ...this.#rules.map((rule) => rule.windowSeconds));
  }

  /** Sets the rules; the alerts of rules that are gone end. */
  setRules(rules: AlertRule[]): void {
    this.#rules = rules;
  }

  /** The alerts of a target that last. */
  of(id: string): Alert[] {
    return [...this.#states.values()].flatMap(({ alert, live }) =>
      alert !== null && live.info.id === id ? [alert] : []
    );
  }

  /**
   * Evaluates all rules.
   *
   * @param targets All targets.
   * @param now The time, in Unix seconds.
   */
  evaluate(targets: Iterable<LiveSeries>, now: number): void {
    const before = this.#states;
    this.#states = new Map();
    for (const live of targets) {
      for (const rule of this.#rules) {
        const { name, group, id } = live.info;
        if (
          rule.targets &&
          !rule.targets.some((one) => one === name || one === group)
        ) {
          continue;
        }
        const key = `${rule.name} ${id}`;
        const state = before.get(key) ?? {
          ...{ rule, live, alert: null, reported: null },
          ...{ differsSince: NaN, reportedAt: -Infinity },
        };
        state.rule = rule;
        state.live = live;
        before.delete(key);
        this.#states.set(key, state);
        this.#update(state, now);
      }
    }
    for (const state of before.values()) {
      if (state.alert) this.#change(state, null, now);
      if (state.reported && state.reported.end !== null) {
        this.#report(state, now);
      }
    }
  }

  #update(state: State, now: number): void {
    const { rule, live, alert } = state;
    const found = this.#judge(rule, live, now);
    if (found !== null) {
      const { holds, message } = found;
      if (holds === (alert !== null)) {
        state.differsSince = NaN;
        if (alert) alert.message = message;
      } else {
        if (!(state.differsSince <= now)) state.differsSince = now;
        if (now - state.differsSince >= rule.holdSeconds) {
          this.#change(state, holds ? message : null, now);
        }
      }
    }
    const isReported = state.reported === state.alert ||
      state.alert === null && state.reported === null;
    if (!isReported && Math.abs(now - state.reportedAt) >= QUIET) {
      this.#report(state, now);
    }
  }

  #change(state: State, message: string | null, now: number): void {
    const { rule, live } = state;
    if (message === null) {
      const ended = state.alert!;
      ended.end = now;
      state.alert = null;
      this.#callbacks.changed(ended);
    } else {
      state.alert = {
        ...{ rule: rule.name, target: live.info.id, message },
        ...{ start: now, end: null },
      };
      this.#callbacks.changed(state.alert);
    }
    state.differsSince = NaN;
  }

  /** Reports the end of what was reported, or else what has started. */
  #report(state: State, now: number): void {
    const { rule, live: { info } } = state;
    const isEnd = state.reported !== null;
    const alert = state.reported ?? state.alert!;
    // Another alert of the rule has started since: it goes on.
    if (isEnd && state.alert !== null) {
      state.reported = state.alert;
      return;
    }
    const { name, group, labels } = info;
    const ended = isEnd
      ? ` ended after ${formatDuration((alert.end! - alert.start) * 1e6)}`
      : "";
    const message: AlertMessage = {
      state: isEnd ? "resolved" : "firing",
      monitor: this.#callbacks.monitor(),
      ...alert,
      ...{ name, group, labels, when: rule.when },
      text: `${rule.name} of ${name}${ended}: ${alert.message} (${rule.when})`,
    };
    state.reported = isEnd ? null : alert;
    state.reportedAt = now;
    const line = JSON.stringify(message);
    if (rule.webhook === null) return this.#callbacks.print(line);
    this.#post(rule.webhook, line).catch((error: Error) => {
      state.reported = isEnd ? alert : null; // reported again a minute later
      this.#callbacks.log(
        `cannot send the alert ${rule.name} to ${
          new URL(rule.webhook!).host
        }: ${error.message}; it is sent again in a minute`,
      );
    });
  }

  async #post(url: string, body: string): Promise<void> {
    const response = await fetch(url, {
      ...{ method: "POST", body, redirect: "error" },
      headers: { "content-type": "application/json" },
      signal: AbortSignal.timeout(WEBHOOK_MS),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`it answered ${response.status}`);
  }

  /** Whether a condition holds; `null` if that cannot be known. */
  #judge(
    rule: AlertRule,
    live: LiveSeries,
    now: number,
  ): { holds: boolean; message: string } | null {
    const { figure, limit, unit, windowSeconds } = rule;
    if (figure === null) {
      const seconds = now - live.answeredAt;
      if (live.state === "unknown") return null;
      return {
        holds: live.state === "down" && seconds > windowSeconds,
        message: `no answer for ${formatDuration(seconds * 1e6)}`,
      };
    }
    const window = new Slot();
    for (const [t, slot] of live.recent) {
      if (t > now - windowSeconds - 10) window.merge(slot);
    }
    const expected = windowSeconds * 1000 / live.info.intervalMs;
    if (window.sent < Math.max(1, NEEDED_SHARE * expected)) return null;
    if (unit === "share") {
      const share = lossShare(figure, window);
      return {
        holds: share > limit,
        message: `${figure} is ${formatValue(100 * share, "percent")}`,
      };
    }
    const quantile = Number(figure.slice(1)) / 100;
    const us = window.rtt.quantile(quantile);
    const day = unit === "us" ? null : this.#callbacks.lastDay(live);
    const usual = day?.rtt.quantile(quantile) ?? null;
    if (us === null || unit === "baseline" && usual === null) return null;
    return {
      holds: us > (unit === "us" ? limit : limit * usual!),
      message: `${figure} is ${formatDuration(us)}${
        unit === "us" ? "" : `, ${formatDuration(usual)} in the last day`
      }`,
    };
  }
}

function lossShare(figure: string, window: Slot): number {
  const { sent, lost, lost_forward, lost_backward } = window;
  const directions = [lost_forward, lost_backward];
  const [less, more] = directions.toSorted((one, other) => one - other);
  const count = figure === "loss"
    ? lost
    : figure === "loss-forward"
    ? lost_forward
    : figure === "loss-backward"
    ? lost_backward
    : less === 0
    ? more!
    : 0;
  return count / sent;
}
