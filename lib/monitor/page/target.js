// @ts-check
/// <reference lib="dom" />
/**
 * One target, or two side by side, over a time span. The span is in the URL; one
 * of words, as `3h`, ends now and is live.
 *
 * @module
 * @import { Series } from "../api.ts"
 * @import { View } from "./app.js"
 */

import { fill, markup, time, titleOf } from "./markup.js";
import { panelOf } from "./panel.js";
import { listen, merged, read } from "./server.js";
import { limitsOf } from "./smoke.js";

/** @type {[span: string, seconds: number, text: string][]} */
const SPANS = [
  ["10m", 600, "10 min"],
  ["3h", 10_800, "3 h"],
  ["30h", 108_000, "30 h"],
  ["10d", 864_000, "10 d"],
  ["1y", 31_536_000, "1 y"],
];
/** By which part of the span, and factor of its length; with which keys.
 * @type {[text: string, part: number, factor: number, ...keys: string[]][]} */
const MOVES = [
  ["Earlier", -0.5, 1, "ArrowLeft"],
  ["Later", 0.5, 1, "ArrowRight"],
  ["Zoom in", 0, 0.5, "+", "="],
  ["Zoom out", 0, 2, "-"],
];
/** What is shown if the URL has no span; of a new target, the first. */
const DEFAULT = 1;
const MIN_SPAN_SEC = 60;
const MAX_SPAN_SEC = 5 * 31_536_000;
/** A live chart is drawn again after a column of it, but not more often. */
const MIN_REFRESH_SEC = 5;
const COLUMN_PIXELS = 2;
/** Many changes of the window's size are one. */
const MERGE_MS = 100;
/** A target is new if nothing is older. */
const NEW_SEC = 1800;

/** Shows the targets of a query, and keeps them up to date. @param {View} view */
export async function showTarget({ main, query, list, live }) {
  const ids = query.getAll("target").slice(0, 2);
  const targets = ids.map((id) => {
    const found = list.targets.find((target) => target.id === id);
    if (found) return found;
    throw new Error(`The monitor has no target ${id}`);
  });
  const names = targets.map(titleOf).join(" and ");
  document.title = `${names} · ${list.name}`;
  const { init } = await import(/** @type {any} */ ("./echarts.js"));
  const skewSec = list.now - Date.now() / 1000;
  const now = () => Date.now() / 1000 + skewSec;

  let initial = DEFAULT;

  /** What the URL says. */
  const shown = () => {
    const words = new URLSearchParams(location.search);
    const [from, to] = [Number(words.get("from")), Number(words.get("to"))];
    if (from > 0 && to > from) return { from, to, span: "" };
    const name = words.get("span");
    const [span = "", seconds = 0] = SPANS.find(([span]) => span === name) ??
      SPANS[initial] ?? [];
    return { from: now() - seconds, to: now(), span };
  };
  /** @param {Record<string, string | number>} words */
  const url = (words) => {
    const next = new URLSearchParams(ids.map((id) => ["target", id]));
    for (const [key, word] of Object.entries(words)) next.set(key, `${word}`);
    return `?${next}`;
  };
  /** A span that can be shown, with these ends or near them. */
  const fitted = (/** @type {number} */ from, /** @type {number} */ to) => {
    const length = Math.min(Math.max(to - from, MIN_SPAN_SEC), MAX_SPAN_SEC);
    const end = Math.min((from + to + length) / 2, now());
    return { from: Math.round(end - length), to: Math.round(end) };
  };
  const moved = (/** @type {number} */ part, /** @type {number} */ factor) => {
    const { from, to } = shown();
    const middle = (from + to) / 2 + part * (to - from);
    const half = factor * (to - from) / 2;
    return fitted(middle - half, middle + half);
  };
  const go = (/** @type {Record<string, string | number>} */ words) => {
    history.pushState(null, "", url(words));
    draw();
  };

  /** @type {{ text: string, keys: string[], words(): Record<string, string | number> }[]} */
  const links = [
    ...SPANS.map(([span, , text]) => ({
      text,
      keys: [],
      words: () => ({ span }),
    })),
    ...MOVES.map(([text, part, factor, ...keys]) => ({
      text,
      keys,
      words: () => moved(part, factor),
    })),
    { text: "Now", keys: ["Home"], words: () => ({}) },
  ];
  const texts = links.map(({ text }) => markup`<a>${text}</a>`);
  fill(
    main,
    markup`<div class="bar controls">
<nav class="segments" aria-label="Time span">${
      texts.slice(0, SPANS.length)
    }</nav>
<nav class="segments" aria-label="Move in time">${
      texts.slice(SPANS.length)
    }</nav>
<p class="error" role="alert"></p>
</div>
<div class="panels ${targets.length > 1 && "two"}"></div>
<form class="controls" aria-label="Times and comparison">
<label>From <input type="datetime-local" name="from" step="1"></label>
<label>To <input type="datetime-local" name="to" step="1"></label>
<button>Show</button>
<label>Compare with <select name="beside"><option value="">no other target</option>${
      list.targets.filter(({ id }) => id !== ids[0]).map((target) =>
        markup`<option value="${target.id}" ${
          target.id === ids[1] && "selected"
        }>${titleOf(target)}</option>`
      )
    }</select></label>
</form>`,
  );
  /** @type {any[]} */
  const [bar, places, form] = [...main.children];
  const anchors = [...bar.querySelectorAll("a")];
  const panels = targets.map((target) =>
    panelOf(target, {
      init,
      now,
      zoom: (from, to) => go(fitted(from, to)),
      key(key) {
        const link = links.find(({ keys }) => keys.includes(key));
        if (link) go(link.words());
        return link !== undefined;
      },
    })
  );
  places.append(...panels.map(({ element }) => element));
  // The name of a single target stands above the controls.
  if (panels.length === 1) {
    panels[0]?.element.querySelector("figure")?.before(bar);
  }
  bar.onclick = (/** @type {MouseEvent} */ event) => {
    const link = links[anchors.indexOf(event.target)];
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.words());
  };
  form.onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const [from, to] = [form.from, form.to]
      .map(({ value }) => new Date(value).getTime() / 1000);
    if (from !== undefined && to !== undefined && from < to) go({ from, to });
  };
  form.beside.onchange = () => {
    const next = new URLSearchParams(location.search);
    next.delete("target");
    for (const id of [ids[0], form.beside.value]) {
      if (id) next.append("target", id);
    }
    location.search = `${next}`;
  };

  let [drawnAt, step, turn, width] = [0, 0, 0, 0];
  const draw = async () => {
    const mine = ++turn;
    const { from, to, span } = shown();
    drawnAt = now();
    links.forEach(({ words }, index) => {
      anchors[index].href = url(words());
      anchors[index].ariaCurrent = `${SPANS[index]?.[0] === span}`;
    });
    for (const [input, t] of [[form.from, from], [form.to, to]]) {
      if (input !== document.activeElement) {
        input.value = time(t).replace(" ", "T");
      }
    }
    width = panels[0]?.width() ?? 0;
    const columns = Math.min(Math.max(100, width / COLUMN_PIXELS), 2000);
    try {
      /** @type {Series[]} */
      const series = await Promise.all(ids.map((target) =>
        read("series", {
          target,
          from: Math.floor(from),
          to: Math.ceil(to),
          columns: Math.round(columns),
        })
      ));
      if (mine !== turn) return;
      step = series[0]?.step ?? 0;
      if (
        !location.search.includes("span=") && initial > 0 && series.every(isNew)
      ) {
        initial = 0;
        return draw();
      }
      const ways = series.flatMap(({ forward, backward }) =>
        forward && backward ? [forward, backward] : []
      );
      const rtt = limitsOf(series.map(({ rtt }) => rtt));
      const variation = ways.length > 0 ? limitsOf(ways, true) : null;
      series.forEach((one, index) =>
        panels[index]?.draw(one, { rtt, variation })
      );
      fill(bar.lastElementChild, "");
    } catch (error) {
      fill(bar.lastElementChild, error instanceof Error && error.message);
    }
  };
  /** Whether nothing was kept before the last part of a series. */
  const isNew = (/** @type {Series} */ { counts, to, t }) => {
    const first = counts.sent.findIndex((count) => count > 0);
    return first >= 0 && to - (t[first] ?? 0) < NEW_SEC;
  };
  const redraw = merged(draw, MERGE_MS);
  addEventListener("popstate", redraw);
  addEventListener("resize", () => panels[0]?.width() !== width && redraw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw)
    .observe(document.documentElement, { attributes: true });
  await draw();
  listen(ids, {
    connected: live,
    status(event) {
      for (const news of event.targets) {
        panels[ids.indexOf(news.id)]?.status(news, event.now);
      }
      const isDue = now() - drawnAt >= Math.max(step, MIN_REFRESH_SEC);
      if (shown().span && isDue && !document.hidden) redraw();
    },
    outage: () => void (shown().span && redraw()),
    targets: redraw,
  });
}
