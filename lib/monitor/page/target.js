// @ts-check
/// <reference lib="dom" />
/**
 * One target, or two side by side, over a time span. The span is in the URL; one
 * of words, as `3h`, ends now and is live.
 *
 * @module
 * @import { Series, TargetList } from "../api.ts"
 */

import { h } from "./elements.js";
import { panelOf } from "./panel.js";
import { listen, read } from "./server.js";
import { limitsOf } from "./smoke.js";

/** @type {[name: string, seconds: number, text: string][]} */
const SPANS = [
  ["3h", 10_800, "3 hours"],
  ["30h", 108_000, "30 hours"],
  ["10d", 864_000, "10 days"],
  ["1y", 31_536_000, "1 year"],
];
const MIN_SPAN_SEC = 60;
const MAX_SPAN_SEC = 5 * 31_536_000;
/** A live chart is drawn again after a column of it, but not more often. */
const MIN_REFRESH_SEC = 5;
const COLUMN_PIXELS = 2;

/** @typedef {{ from: number, to: number }} Range */

/**
 * Shows the targets of a query, and keeps them up to date.
 *
 * @param {HTMLElement} main
 * @param {URLSearchParams} query
 * @param {{ list: TargetList, live(isConnected: boolean): void }} context
 */
export async function showTarget(main, query, { list, live }) {
  const ids = query.getAll("target").slice(0, 2);
  const targets = ids.map((id) => {
    const found = list.targets.find((target) => target.id === id);
    if (found) return found;
    throw new Error(`The monitor has no target ${id}`);
  });
  document.title = `${
    targets.map(({ name }) => name).join(" and ")
  } · ${list.name}`;
  const { init } = await import(/** @type {any} */ ("./echarts.js"));
  const skew = list.now - Date.now() / 1000;
  const now = () => Date.now() / 1000 + skew;

  /** What the URL names. */
  const shown = () => {
    const words = new URLSearchParams(location.search);
    const [from = 0, to = 0] = ["from", "to"].map((name) =>
      Number(words.get(name))
    );
    if (from > 0 && to > from) return { from, to, span: "" };
    const name = words.get("span");
    const [span, seconds] = SPANS.find(([span]) => span === name) ??
      ["3h", 10_800];
    return { from: now() - seconds, to: now(), span };
  };
  /** The same view of another time. */
  const url = (/** @type {Record<string, string | number>} */ words) => {
    const next = new URLSearchParams(location.search);
    for (const name of ["from", "to", "span"]) next.delete(name);
    for (const [name, value] of Object.entries(words)) {
      next.set(name, `${value}`);
    }
    return `?${next}`;
  };
  /** A span that exists, with the same middle or one that is past. */
  const fitted = (/** @type {number} */ from, /** @type {number} */ to) => {
    const length = Math.min(Math.max(to - from, MIN_SPAN_SEC), MAX_SPAN_SEC);
    const end = Math.min((from + to + length) / 2, now());
    return { from: Math.round(end - length), to: Math.round(end) };
  };
  /** Moves by parts of the span, and changes its length by a factor. */
  const moved = (/** @type {number} */ part, /** @type {number} */ factor) => {
    const { from, to } = shown();
    const [middle, length] = [(from + to) / 2, to - from];
    const [start, end] = [-factor, factor].map((sign) =>
      middle + (part + sign / 2) * length
    );
    return fitted(start ?? from, end ?? to);
  };
  const go = (/** @type {Record<string, string | number>} */ words) => {
    history.pushState(null, "", url(words));
    draw();
  };

  const panels = targets.map((target) =>
    panelOf(target, {
      init,
      now,
      zoom: (from, to) => go(fitted(from, to)),
      key: (key) => {
        const move = MOVES.find(([, , , ...keys]) => keys.includes(key));
        if (move) go(moved(move[1], move[2]));
        else if (key === "Home") go({ span: "3h" });
        return move !== undefined || key === "Home";
      },
    })
  );
  const controls = controlsOf({ list, targets: ids, shown, url, go, moved });
  main.replaceChildren(
    controls.element,
    h(
      "div",
      { class: `panels of-${panels.length}` },
      panels.map(({ element }) => element),
    ),
  );

  let [drawnAt, step, turn] = [0, 0, 0];
  const draw = async () => {
    const mine = ++turn;
    const { from, to } = shown();
    drawnAt = now();
    controls.update();
    const width = panels[0]?.width() ?? 0;
    const columns = Math.min(
      2000,
      Math.max(100, Math.round(width / COLUMN_PIXELS)),
    );
    try {
      /** @type {Series[]} */
      const series = await Promise.all(
        ids.map((target) =>
          read("series", {
            target,
            from: Math.floor(from),
            to: Math.ceil(to),
            columns,
          })
        ),
      );
      if (mine !== turn) return;
      step = series[0]?.step ?? 0;
      const ways = series.flatMap(({ forward, backward }) =>
        [forward, backward].filter((way) => way !== null)
      );
      const limits = {
        rtt: limitsOf(series.map(({ rtt }) => rtt)),
        variation: ways.length > 0 ? limitsOf(ways, true) : null,
      };
      series.forEach((one, index) => panels[index]?.draw(one, limits));
    } catch (error) {
      controls.fail(error instanceof Error ? error.message : `${error}`);
    }
  };
  const redraw = () => void draw();
  addEventListener("popstate", redraw);
  addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(document.documentElement, {
    attributes: true,
  });
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
    outage: () => shown().span && redraw(),
  });
}

/** @type {[text: string, part: number, factor: number, ...keys: string[]][]} */
const MOVES = [
  ["Earlier", -0.5, 1, "ArrowLeft"],
  ["Later", 0.5, 1, "ArrowRight"],
  ["Zoom in", 0, 0.5, "+", "="],
  ["Zoom out", 0, 2, "-"],
];

/**
 * The spans, the moves, any two times, and the other target.
 *
 * @param {any} context
 */
function controlsOf({ list, targets, shown, url, go, moved }) {
  /** @type {[any, () => Record<string, string | number>][]} */
  const links = [];
  /** @param {string} text @param {() => Record<string, string | number>} words */
  const link = (text, words) => {
    const element = h("a", {
      click: (/** @type {MouseEvent} */ event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go(words());
      },
    }, text);
    links.push([element, words]);
    return element;
  };
  const spans = SPANS.map(([span, , text]) => link(text, () => ({ span })));
  const times = ["From", "To"].map((text) =>
    h(
      "label",
      null,
      text,
      h("input", {
        type: "datetime-local",
        name: text.toLowerCase(),
        required: true,
      }),
    )
  );
  const inputs = times.map((label) => label.querySelector("input"));
  const failure = h("p", { class: "warning", role: "alert", hidden: true });
  const element = h(
    "div",
    { class: "controls" },
    h("nav", { class: "segments", "aria-label": "Time span" }, spans),
    h(
      "nav",
      { class: "segments", "aria-label": "Move in time" },
      MOVES.map(([text, part, factor]) =>
        link(text, () => moved(part, factor))
      ),
    ),
    h(
      "form",
      {
        "aria-label": "Times",
        submit: (/** @type {Event} */ event) => {
          event.preventDefault();
          const [from, to] = inputs.map(({ value }) =>
            new Date(value).getTime() / 1000
          );
          if (from !== undefined && to !== undefined && from < to) {
            go({
              from,
              to,
            });
          }
        },
      },
      times,
      h("button", null, "Show"),
    ),
    h(
      "label",
      null,
      targets.length > 1 ? "Beside" : "Compare with",
      h(
        "select",
        {
          change: (/** @type {any} */ event) => {
            const next = new URLSearchParams(location.search);
            next.delete("target");
            for (const id of [targets[0], event.target.value]) {
              if (id) {
                next.append("target", id);
              }
            }
            location.search = `${next}`;
          },
        },
        h("option", { value: "" }, "no other target"),
        list.targets.filter((/** @type {any} */ { id }) => id !== targets[0])
          .map((/** @type {any} */ { id, name, group }) =>
            h(
              "option",
              { value: id, selected: id === targets[1] },
              group ? `${group}: ${name}` : name,
            )
          ),
      ),
    ),
    failure,
  );
  return {
    element,
    update() {
      const { from, to, span } = shown();
      failure.hidden = true;
      for (const [element, words] of links) {
        element.setAttribute("href", url(words()));
      }
      SPANS.forEach(([name], index) =>
        spans[index].setAttribute("aria-current", `${name === span}`)
      );
      [from, to].forEach((t, index) => {
        const input = inputs[index];
        if (input === document.activeElement) return;
        const local = t - new Date(t * 1000).getTimezoneOffset() * 60;
        input.value = new Date(local * 1000).toISOString().slice(0, 16);
      });
    },
    /** @param {string} message */
    fail(message) {
      failure.textContent = message;
      failure.hidden = false;
    },
  };
}
