// @ts-check
/// <reference lib="dom" />
/**
 * One target over a time span: its state, figures, chart, numbers and outages.
 *
 * @module
 * @import { LiveTarget, Series, SpanFigures, TargetStatus } from "../api.ts"
 * @import { Limits } from "./smoke.js"
 */

import { delay, h, loss, percent, span, state, time } from "./elements.js";
import { outagesTable } from "./lists.js";
import { read } from "./server.js";
import { smokeOption } from "./smoke.js";

/** The rows of the table of numbers. */
const ROWS = 40;
/** A shorter drag is a click. */
const MIN_DRAG_PIXELS = 6;
const HELP =
  "Drag across the chart to zoom. Left and right arrow keys move in time, + and - zoom, Home returns to the last 3 hours.";

/**
 * Makes the panel of a target.
 *
 * @param {TargetStatus} target
 * @param {{
 *   init(element: HTMLElement): any,
 *   now(): number,
 *   zoom(from: number, to: number): void,
 *   key(key: string): boolean,
 * }} context
 */
export function panelOf(target, { init, now, zoom, key }) {
  const { id, name, group, probe, host, port, family, address, interval_ms } =
    target;
  const status = h("p", { class: "now" });
  const figures = h("dl", { class: "figures" });
  const readout = h("p", { class: "readout", "aria-hidden": "true" });
  const canvas = h("div", { class: "chart", role: "img" });
  const selection = h("div", { class: "selection", hidden: true });
  const numbers = h("details", {
    class: "numbers",
    toggle: () => fillNumbers(),
  }, h("summary", null, "The numbers"));
  const outages = h("div", { class: "outages" });
  const hasWays = probe === "stamp";
  const element = h(
    "article",
    { "aria-label": name },
    h("h1", null, name),
    h(
      "p",
      { class: "quiet" },
      [
        group,
        `${probe} ${host}:${port}`,
        address === host ? null : address,
        `IPv${family}`,
        `every ${interval_ms / 1000} s`,
      ].filter(Boolean).join(" · "),
    ),
    status,
    figures,
    h(
      "figure",
      {
        tabindex: 0,
        "aria-label": `Chart of ${name}. ${HELP}`,
        keydown: (/** @type {KeyboardEvent} */ event) => {
          if (
            !event.ctrlKey && !event.metaKey && !event.altKey && key(event.key)
          ) event.preventDefault();
        },
      },
      readout,
      h("div", { class: "plot" }, canvas, selection),
      h("figcaption", { class: "quiet" }, keyOf(hasWays)),
    ),
    numbers,
    outages,
  );
  /** @type {any} */
  let chart = null;
  /** @type {Series | null} */
  let series = null;

  const timeAt = (/** @type {number} */ x) =>
    chart.convertFromPixel({ xAxisIndex: 0 }, x) / 1000;
  const point = (/** @type {number} */ x) => {
    if (series === null) return;
    const column = Math.floor((timeAt(x) - series.from) / series.step);
    if (column >= 0 && column < series.t.length) {
      readout.replaceChildren(columnText(series, column));
    }
  };
  drag(canvas, selection, {
    move: point,
    leave: () => series && readout.replaceChildren(totalText(series)),
    end: (left, right) => zoom(timeAt(left), timeAt(right)),
  });
  const fillNumbers = async () => {
    if (!numbers.open || series === null) return;
    const { from, to } = series;
    const few = await read("series", { target: id, from, to, columns: ROWS });
    numbers.replaceChildren(numbers.firstElementChild, numbersTable(few));
  };
  const showStatus = (/** @type {number} */ now) => {
    const { last_rtt_us, last_error } = target;
    status.replaceChildren(
      state(target, now),
      last_rtt_us === null
        ? ` ${last_error ?? ""}`
        : ` last ${delay(last_rtt_us)}`,
      ...target.alerts.map(({ message }) =>
        h("span", { class: "alert" }, message)
      ),
    );
  };
  showStatus(now());
  return {
    element,
    width: () => canvas.clientWidth,
    /** @param {LiveTarget} news @param {number} now */
    status({ state, last_rtt_us, last_at }, now) {
      if (state !== target.state) target.since = now;
      Object.assign(target, { state, last_rtt_us, last_at });
      showStatus(now);
    },
    /** @param {Series} next @param {{ rtt: Limits, variation: Limits | null }} limits */
    draw(next, { rtt, variation }) {
      series = next;
      const height = innerWidth < 600
        ? 200
        : Math.max(260, Math.min(innerHeight * 0.42, 620));
      canvas.style.height = `${
        Math.round(height * (variation ? 1.45 : 1) + (variation ? 76 : 44))
      }px`;
      chart ??= init(canvas);
      chart.resize();
      chart.setOption(
        smokeOption(series, { limits: rtt, variation, height, colour }),
        true,
      );
      canvas.setAttribute(
        "aria-label",
        `Round-trip time of ${name}, ${time(series.from)} to ${
          time(series.to)
        }: ${totalText(series)}`,
      );
      readout.replaceChildren(
        totalText(series),
        rtt.max > rtt.high
          ? `; the highest round trips are above the plot`
          : "",
      );
      figures.replaceChildren(...figuresOf(series.total, hasWays));
      outages.replaceChildren(
        h("h2", null, "Outages"),
        outagesTable(series.outages, [target], now()),
      );
      fillNumbers();
    },
  };
}

/** The colour that a variable of the page has now. @param {string} name */
function colour(name) {
  const probe = h("i", { hidden: true });
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/**
 * Selects a part of the chart with a mouse, a pen or a finger.
 *
 * @param {HTMLElement} element
 * @param {HTMLElement} selection
 * @param {{ move(x: number): void, leave(): void, end(left: number, right: number): void }} listeners
 */
function drag(element, selection, { move, leave, end }) {
  /** @type {number | null} */
  let start = null;
  const at = (/** @type {PointerEvent} */ event) =>
    event.clientX - element.getBoundingClientRect().left;
  const stop = () => {
    start = null;
    selection.hidden = true;
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    start = at(event);
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    const x = at(event);
    move(x);
    if (start === null) return;
    selection.hidden = Math.abs(x - start) < MIN_DRAG_PIXELS;
    selection.style.left = `${Math.min(start, x)}px`;
    selection.style.width = `${Math.abs(x - start)}px`;
  });
  element.addEventListener("pointerup", (event) => {
    const [x, from] = [at(event), start];
    stop();
    if (from !== null && Math.abs(x - from) >= MIN_DRAG_PIXELS) {
      end(Math.min(from, x), Math.max(from, x));
    }
  });
  element.addEventListener("pointercancel", stop);
  element.addEventListener("pointerleave", leave);
}

/** @param {boolean} hasWays */
function keyOf(hasWays) {
  const item = (/** @type {string} */ kind, /** @type {string} */ text) =>
    h("span", { class: `key ${kind}` }, text);
  return [
    item("smoke", "all, 90, 80 and 50 % of the round trips"),
    item("median", "median"),
    ...[1, 3, 6].map((level) =>
      item(
        `loss-${level}`,
        ["", "lost up to 1 %", "", "20 %", "", "", "100 %"][level] ?? "",
      )
    ),
    item("unknown", "unknown"),
    ...(hasWays
      ? [
        h(
          "span",
          null,
          "Below: how far the forward delay (up) and the backward delay (down) are above their minimum, and their losses.",
        ),
      ]
      : []),
  ];
}

/** @param {Series} series @param {number} column */
function columnText({ t, step, rtt, counts }, column) {
  const q = rtt.quantiles_us.map((row) => row[column]);
  const at = (/** @type {number[]} */ row) => row[column] ?? 0;
  return [
    time(t[column] ?? 0) + ` + ${span(step)}`,
    ...(q[4] == null
      ? []
      : [`median ${delay(q[4])}`, `90 % ${delay(q[1])} to ${delay(q[7])}`]),
    loss({
      sent: at(counts.sent),
      lost: at(counts.lost),
      lost_forward: at(counts.lost_forward),
      lost_backward: at(counts.lost_backward),
      unknown: at(counts.unknown),
    }),
  ].join(" · ");
}

/** @param {Series} series */
function totalText({ from, to, total }) {
  return [
    `${time(from).slice(0, 16)} to ${time(to).slice(0, 16)}`,
    ...(total.rtt === null ? [] : [`median ${delay(total.rtt.p50_us)}`]),
    loss(total),
  ].join(" · ");
}

/** @param {SpanFigures} total @param {boolean} hasWays */
function figuresOf(total, hasWays) {
  const { rtt, sent, lost, lost_forward, lost_backward, unknown } = total;
  /** @type {[string, string][]} */
  const pairs = [
    ["Minimum", delay(rtt?.min_us)],
    ["Median", delay(rtt?.p50_us)],
    ["p95", delay(rtt?.p95_us)],
    ["p99", delay(rtt?.p99_us)],
    ["Maximum", delay(rtt?.max_us)],
    ["Lost", percent(lost, sent)],
    .../** @type {[string, string][]} */ (hasWays
      ? [["forward", percent(lost_forward, sent)], [
        "backward",
        percent(lost_backward, sent),
      ]]
      : []),
    ["Probes", `${sent}`],
    ["Unknown", `${unknown}`],
  ];
  return pairs.map(([name, text]) =>
    h("div", null, h("dt", null, name), h("dd", null, text))
  );
}

/** @param {Series} series */
function numbersTable({ t, rtt, counts }) {
  const heads = [
    "From",
    "Probes",
    "Lost",
    "Forward",
    "Backward",
    "Unknown",
    "Minimum",
    "5 %",
    "Median",
    "95 %",
    "Maximum",
  ];
  return h(
    "div",
    {
      class: "scroll",
      role: "region",
      tabindex: 0,
      "aria-label": "The numbers",
    },
    h(
      "table",
      null,
      h(
        "thead",
        null,
        h("tr", null, heads.map((text) => h("th", { scope: "col" }, text))),
      ),
      h(
        "tbody",
        null,
        t.map((start, column) =>
          h(
            "tr",
            null,
            h("th", { scope: "row" }, time(start)),
            /** @type {const} */ ([
              "sent",
              "lost",
              "lost_forward",
              "lost_backward",
              "unknown",
            ]).map((key) => h("td", null, `${counts[key][column]}`)),
            [0, 1, 4, 7, 8].map((quantile) =>
              h("td", null, delay(rtt.quantiles_us[quantile]?.[column]))
            ),
          )
        ),
      ),
    ),
  );
}
