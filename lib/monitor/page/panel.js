// @ts-check
/// <reference lib="dom" />
/**
 * One target over a time span: its state, figures, chart, numbers and outages.
 *
 * @module
 * @import { LiveTarget, Series, TargetStatus } from "../api.ts"
 * @import { Limits } from "./smoke.js"
 */

import { figuresOf, numbersOf, outagesOf } from "./tables.js";
import {
  delay,
  fill,
  loss,
  markup,
  span,
  stateOf,
  time,
  titleOf,
} from "./markup.js";
import { read } from "./server.js";
import { heightOf, smokeOption } from "./smoke.js";

/** The rows of the table of numbers. */
const ROWS = 40;
/** A shorter drag is a click. */
const MIN_DRAG_PIXELS = 6;

const HELP =
  "Drag across the chart to zoom. The left and right arrow keys move " +
  "in time, + and - zoom, Home returns to now.";
const KEY =
  markup`<span class="key smoke">all, 90, 80 and 50 % of the round trips</span>
<span class="key median">median</span>
<span class="key loss-2">lost: up to 1 %</span>
<span class="key loss-4">up to 25 %</span>
<span class="key loss-6">all</span>
<span class="key unknown">unknown</span>`;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const WAYS =
  markup`<span>Lower plot: how far the forward delay (up) and the backward delay (down) are above their minimum, and the loss in each direction.</span>`;

/**
 * Makes the panel of a target.
 *
 * @param {TargetStatus} target
 * @param {{
 *   init(element: Element): any,
 *   now(): number,
 *   zoom(from: number, to: number): void,
 *   key(key: string): boolean,
 * }} context What draws a chart, tells the time, and changes the span.
 */
export function panelOf(target, { init, now, zoom, key }) {
  const { id, name, group, probe, host, port, address } = target;
  const hasWays = probe === "stamp";
  const path = [
    group,
    `${probe} ${host}:${port}`,
    address !== host && address,
    `every ${target.interval_ms / 1000} s`,
  ].filter(Boolean).join(" · ");
  const element = document.createElement("article");
  element.ariaLabel = name;
  fill(
    element,
    markup`<h1>${titleOf(target)}</h1>
<p class="quiet">${path}</p>
<p class="now"></p>
<dl class="figures"></dl>
<figure tabindex="0" role="group" aria-label="Chart of ${name}. ${HELP}">
<p class="readout"></p>
<div class="plot"><div class="chart" role="img"></div><div class="selection" hidden></div></div>
<figcaption class="quiet">${KEY}${
      hasWays && WAYS
    }<span>Times are those of ${ZONE}.</span></figcaption>
</figure>
<details><summary>The numbers</summary><div></div></details>
<h2>Outages</h2><div class="outages"></div>`,
  );
  /** @returns {any} */
  const part = (/** @type {string} */ name) => element.querySelector(name);
  const [figure, canvas] = [part("figure"), part(".chart")];
  const [readout, details] = [part(".readout"), part("details")];
  /** @type {any} */
  let chart = null;
  /** @type {Series | null} */
  let series = null;
  /** Where the pointer is. */
  let pointed = NaN;
  let note = "";

  const timeAt = (/** @type {number} */ x) =>
    chart.convertFromPixel({ xAxisIndex: 0 }, x) / 1000;
  const showStatus = (/** @type {number} */ now) =>
    fill(
      part(".now"),
      markup`${stateOf(target, now)} · ${
        target.last_rtt_us === null
          ? target.last_error ?? "no answer"
          : `last ${delay(target.last_rtt_us)}`
      }${
        target.alerts.map(({ message }) =>
          markup` · <strong>${message}</strong>`
        )
      }`,
    );
  /** Of the column at a place, or of the whole span. */
  const showFigures = (/** @type {number} */ x) => {
    pointed = x;
    if (series === null) return;
    const column = Math.floor((timeAt(x) - series.from) / series.step);
    fill(
      readout,
      column in series.t
        ? columnText(series, column)
        : totalText(series) + note,
    );
  };
  const showNumbers = async () => {
    if (!details.open || series === null) return;
    const { from, to } = series;
    const few = await read("series", { target: id, from, to, columns: ROWS })
      .catch(() => null);
    if (few) fill(details.lastElementChild, numbersOf(few));
  };
  figure.onkeydown = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === figure && key(event.key)) event.preventDefault();
  };
  details.ontoggle = showNumbers;
  onDrag(canvas, part(".selection"), {
    move: showFigures,
    leave: () => showFigures(NaN),
    end: (left, right) => zoom(timeAt(left), timeAt(right)),
  });
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
      // Not by the window's height, which changes as a phone scrolls.
      const height = Math.min(Math.max(220, canvas.clientWidth * 0.28), 700);
      const fontSize = 0.75 *
        parseFloat(getComputedStyle(document.body).fontSize);
      canvas.style.height = `${heightOf(height, variation !== null)}px`;
      chart ??= init(canvas);
      chart.resize();
      const colour = coloursNow();
      chart.setOption(
        smokeOption(series, { rtt, variation, height, fontSize, colour }),
        true,
      );
      canvas.ariaLabel = `Round-trip time, ${totalText(series)}`;
      note = rtt.max > rtt.high
        ? ` · up to ${delay(rtt.max)}, above the plot`
        : "";
      showFigures(pointed);
      fill(part(".figures"), figuresOf(series.total, hasWays));
      fill(part(".outages"), outagesOf(series.outages, now()));
      showNumbers();
    },
  };
}

/** Gives the colour that a variable of the page has now. */
function coloursNow() {
  /** @type {Map<string, string>} */
  const found = new Map();
  return (/** @type {string} */ name) => {
    const known = found.get(name);
    if (known !== undefined) return known;
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = `var(--${name})`;
    const { color } = getComputedStyle(probe);
    probe.remove();
    found.set(name, color);
    return color;
  };
}

/**
 * Selects a part of an element with a mouse, a pen or a finger.
 *
 * @param {HTMLElement} element
 * @param {HTMLElement} selection
 * @param {{
 *   move(x: number): void,
 *   leave(): void,
 *   end(left: number, right: number): void,
 * }} listeners
 */
function onDrag(element, selection, { move, leave, end }) {
  let start = NaN;
  const at = (/** @type {PointerEvent} */ event) =>
    event.clientX - element.getBoundingClientRect().left;
  const stop = () => {
    start = NaN;
    selection.hidden = true;
  };
  element.onpointerdown = (event) => {
    if (event.button !== 0) return;
    start = at(event);
    element.setPointerCapture(event.pointerId);
  };
  element.onpointermove = (event) => {
    const x = at(event);
    move(x);
    selection.hidden = !(Math.abs(x - start) >= MIN_DRAG_PIXELS);
    selection.style.left = `${Math.min(start, x)}px`;
    selection.style.width = `${Math.abs(x - start)}px`;
  };
  element.onpointerup = (event) => {
    const [one, other] = [start, at(event)].sort((one, other) => one - other);
    const isDrag = !selection.hidden;
    stop();
    if (isDrag) end(one ?? 0, other ?? 0);
  };
  element.onpointercancel = stop;
  element.onpointerleave = leave;
}

/** @param {Series} series @param {number} column */
function columnText({ t, step, rtt, counts }, column) {
  const [low, median, high] = [1, 4, 7].map((quantile) =>
    rtt.quantiles_us[quantile]?.[column] ?? null
  );
  const at = (/** @type {keyof typeof counts} */ key) =>
    counts[key][column] ?? 0;
  return [
    `${time(t[column] ?? 0)} + ${span(step)}`,
    ...(median === null
      ? []
      : [`median ${delay(median)}`, `90 % ${delay(low)} to ${delay(high)}`]),
    loss({
      sent: at("sent"),
      lost: at("lost"),
      lost_forward: at("lost_forward"),
      lost_backward: at("lost_backward"),
      unknown: at("unknown"),
    }),
  ].join(" · ");
}

/** @param {Series} series */
function totalText({ from, to, total }) {
  const times = [from, to].map((t) => time(t).slice(0, 16)).join(" to ");
  const median = total.rtt ? ` · median ${delay(total.rtt.p50_us)}` : "";
  return `${times}${median} · ${loss(total)}`;
}
