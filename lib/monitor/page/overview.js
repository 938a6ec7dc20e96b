// @ts-check
/// <reference lib="dom" />
/**
 * The overview: whether all targets answer, and a row for each of them.
 *
 * @module
 * @import { Alert, LiveTarget, TargetList, TargetStatus } from "../api.ts"
 */

import {
  delay,
  h,
  loss,
  percent,
  shade,
  span,
  state,
  stripOf,
} from "./elements.js";
import { listen, read } from "./server.js";

/** As many rows stay quick to draw and to read. */
const PAGE = 100;
/** Strips and counters are read again after this time. */
const REFRESH_MS = 60_000;
const COLUMNS = [
  "Target",
  "State",
  "Last",
  "Lost",
  "Forward",
  "Backward",
  "Last hours",
];

/** @type {WeakMap<HTMLElement, TargetStatus["strip"]>} */
const drawn = new WeakMap();

/** @type {Record<string, (target: TargetStatus) => number>} */
const SORTS = {
  loss: ({ state, hour }) =>
    state === "down" ? -2 : -hour.lost / (hour.sent || 1),
  slowest: ({ hour }) => -(hour.rtt?.p50_us ?? 0),
  spread: ({ hour }) => -((hour.rtt?.p95_us ?? 0) - (hour.rtt?.p50_us ?? 0)),
};

/**
 * Shows the overview, and keeps it up to date.
 *
 * @param {HTMLElement} main
 * @param {URLSearchParams} query
 * @param {{ list: TargetList, live(isConnected: boolean): void }} context
 */
export function showOverview(main, query, { list, live }) {
  let shown = list;
  /** @type {Map<string, HTMLElement>} */
  const rows = new Map();
  const headline = h("div", { class: "headline" });
  const body = h("div", { class: "groups" });
  const controls = controlsOf(query, list, () => draw());
  main.replaceChildren(headline, controls, body);

  const summarize = () => headline.replaceChildren(...summaryOf(shown));
  const draw = () => {
    rows.clear();
    body.replaceChildren(...sectionsOf(shown, query, rows));
  };
  const refresh = async () => {
    shown = await read("targets").catch(() => shown);
    summarize();
    const ids = new Set(shown.targets.map(({ id }) => id));
    if ([...rows.keys()].some((id) => !ids.has(id)) || query.has("sort")) {
      draw();
    } else for (const target of shown.targets) update(rows, target, shown.now);
  };
  summarize();
  draw();
  setInterval(refresh, REFRESH_MS);
  listen([], {
    connected: live,
    status({ now, targets }) {
      shown.now = now;
      const byId = new Map(targets.map((target) => [target.id, target]));
      let hasChanged = false;
      for (const target of shown.targets) {
        const news = byId.get(target.id);
        if (news === undefined) continue;
        hasChanged = apply(target, news, now) || hasChanged;
        update(rows, target, now);
      }
      if (hasChanged) summarize();
    },
    targets: () => void refresh().then(draw),
    outage: refresh,
    alert: refresh,
    store: refresh,
  });
}

/**
 * @param {TargetStatus} target
 * @param {LiveTarget} news
 * @param {number} now
 * @returns {boolean} Whether the state is another.
 */
function apply(target, news, now) {
  const hasChanged = target.state !== news.state;
  if (hasChanged) target.since = now;
  target.state = news.state;
  target.last_rtt_us = news.last_rtt_us;
  target.last_at = news.last_at;
  for (
    const key of /** @type {const} */ ([
      "sent",
      "lost",
      "lost_forward",
      "lost_backward",
    ])
  ) {
    target.hour[key] += news[key];
  }
  return hasChanged;
}

/** @param {TargetList} list @returns {HTMLElement[]} */
function summaryOf({ name, targets, now, store_error }) {
  const down = targets.filter(({ state }) => state === "down");
  const unknown = targets.filter(({ state }) => state === "unknown");
  const all = targets.length;
  const answer = all - down.length - unknown.length;
  document.title = `${down.length > 0 ? `${down.length} down · ` : ""}${name}`;
  const alerts = targets.flatMap((target) =>
    target.alerts.map((alert) => ({ alert, target }))
  );
  return [
    h(
      "h1",
      { class: down.length > 0 ? "down" : answer === all ? "up" : "unknown" },
      down.length === 0 && answer === all
        ? all === 1 ? "The target answers" : `All ${all} targets answer`
        : down.length > 0
        ? `${down.length} of ${all} targets ${
          down.length === 1 ? "does" : "do"
        } not answer`
        : `${answer} of ${all} targets answer`,
    ),
    h(
      "p",
      { class: "quiet" },
      `${name}. Loss is that of the last hour, by direction where the probe knows it`,
      unknown.length > 0 ? `; ${unknown.length} unknown.` : ".",
    ),
    ...(store_error === null ? [] : [
      h(
        "p",
        { class: "warning", role: "alert" },
        `Measurements are not being kept: ${store_error}`,
      ),
    ]),
    ...(alerts.length === 0 ? [] : [
      h(
        "ul",
        { class: "alerts", "aria-label": "Alerts" },
        alerts.map(({ alert, target }) =>
          h(
            "li",
            null,
            h("a", { href: linkTo(target.id) }, target.name),
            ` ${alert.message} `,
            h(
              "span",
              { class: "quiet" },
              `${alert.rule}, for ${span(now - alert.start)}`,
            ),
          )
        ),
      ),
    ]),
  ];
}

/** @param {string} id */
const linkTo = (id) => `?target=${encodeURIComponent(id)}`;

/**
 * A filter and an order, which are part of the URL.
 *
 * @param {URLSearchParams} query
 * @param {TargetList} list
 * @param {() => void} draw
 */
function controlsOf(query, list, draw) {
  const change = (/** @type {any} */ event) => {
    const { name, value } = event.target;
    if (value === "") query.delete(name);
    else query.set(name, value);
    query.delete("page");
    history.replaceState(null, "", query.size > 0 ? `?${query}` : "./");
    draw();
  };
  /** @param {string} name @param {[string, string][]} choices */
  const select = (name, choices) =>
    h(
      "select",
      { name, input: change },
      choices.map(([value, text]) =>
        h("option", { value, selected: query.get(name) === value }, text)
      ),
    );
  const groups = [...new Set(list.targets.map(({ group }) => group))].filter(
    Boolean,
  );
  return h(
    "form",
    {
      class: "controls",
      role: "search",
      submit: (/** @type {Event} */ event) => event.preventDefault(),
    },
    h(
      "label",
      null,
      "Filter",
      h("input", {
        type: "search",
        name: "filter",
        value: query.get("filter") ?? "",
        placeholder: "name, host or label",
        input: change,
      }),
    ),
    groups.length > 1
      ? h(
        "label",
        null,
        "Group",
        select("group", [
          ["", "all"],
          ...groups.map((
            name,
          ) => /** @type {[string, string]} */ ([name, name])),
        ]),
      )
      : null,
    h(
      "label",
      null,
      "Order",
      select("sort", [["", "as configured"], ["loss", "most loss"], [
        "slowest",
        "slowest",
      ], ["spread", "widest spread"]]),
    ),
  );
}

/**
 * @param {TargetList} list
 * @param {URLSearchParams} query
 * @param {Map<string, HTMLElement>} rows Gets the rows that are shown.
 * @returns {HTMLElement[]}
 */
function sectionsOf(list, query, rows) {
  const words = (query.get("filter") ?? "").toLowerCase().split(/\s+/);
  const group = query.get("group");
  const rank = SORTS[query.get("sort") ?? ""];
  const found = list.targets.filter((target) =>
    (group === null || target.group === group) &&
    words.every((word) => textOf(target).includes(word))
  );
  if (rank) found.sort((one, other) => rank(one) - rank(other));
  const pages = Math.ceil(found.length / PAGE);
  const page = Math.min(
    Math.max(1, Number(query.get("page")) || 1),
    pages || 1,
  );
  const part = found.slice((page - 1) * PAGE, page * PAGE);
  const groups = Map.groupBy(part, (target) => rank ? "" : target.group);
  const sections = [...groups].map(([name, targets]) =>
    h(
      "section",
      null,
      name === "" && groups.size === 1
        ? null
        : h("h2", null, name || "Other targets"),
      tableOf(name || "Targets", targets, list.now, rows),
    )
  );
  if (part.length === 0) {
    return [
      h(
        "p",
        { class: "quiet" },
        list.targets.length === 0
          ? "The monitor has no targets yet."
          : "No target fits the filter.",
      ),
    ];
  }
  return pages > 1
    ? [...sections, pagesOf(query, page, pages, found.length)]
    : sections;
}

/** @param {TargetStatus} target */
function textOf({ name, group, host, address, labels }) {
  return [
    name,
    group,
    host,
    address ?? "",
    ...Object.entries(labels).map((pair) => pair.join("=")),
  ]
    .join(" ").toLowerCase();
}

/**
 * @param {URLSearchParams} query
 * @param {number} page
 * @param {number} pages
 * @param {number} count
 */
function pagesOf(query, page, pages, count) {
  const link = (/** @type {number} */ number) => {
    const words = new URLSearchParams(query);
    words.set("page", `${number}`);
    return h("a", {
      href: `?${words}`,
      "aria-current": number === page && "page",
    }, `${number}`);
  };
  return h(
    "nav",
    { class: "pages", "aria-label": "Pages" },
    Array.from({ length: pages }, (_, index) => link(index + 1)),
    h("span", { class: "quiet" }, `${count} targets`),
  );
}

/**
 * @param {string} name
 * @param {TargetStatus[]} targets
 * @param {number} now
 * @param {Map<string, HTMLElement>} rows
 */
function tableOf(name, targets, now, rows) {
  return h(
    "table",
    { class: "targets", "aria-label": name },
    h(
      "thead",
      null,
      h("tr", null, COLUMNS.map((column) => h("th", { scope: "col" }, column))),
    ),
    h(
      "tbody",
      null,
      targets.map((target) => {
        const row = h(
          "tr",
          null,
          h(
            "th",
            { scope: "row" },
            h("a", { href: linkTo(target.id) }, target.name),
            h(
              "span",
              { class: "quiet" },
              `${target.probe} ${target.address ?? target.host}`,
            ),
          ),
          COLUMNS.slice(1).map((column) => h("td", { "data-label": column })),
        );
        rows.set(target.id, row);
        update(rows, target, now);
        return row;
      }),
    ),
  );
}

/**
 * Fills the cells of a row, if it is shown.
 *
 * @param {Map<string, HTMLElement>} rows
 * @param {TargetStatus} target
 * @param {number} now
 */
function update(rows, target, now) {
  const row = rows.get(target.id);
  if (row === undefined) return;
  const { hour, strip } = target;
  const lostOf = (/** @type {number} */ lost) =>
    h(
      "span",
      { class: `share loss-${shade(lost, hour.sent)}` },
      percent(lost, hour.sent),
    );
  const knows = target.probe === "stamp";
  const cells = [
    state(target, now),
    target.last_rtt_us === null
      ? h(
        "span",
        { class: "quiet", title: target.last_error },
        target.last_error === null ? "–" : "no answer",
      )
      : delay(target.last_rtt_us),
    lostOf(hour.lost),
    knows ? lostOf(hour.lost_forward) : "–",
    knows ? lostOf(hour.lost_backward) : "–",
  ];
  cells.forEach((cell, index) =>
    row.children[index + 1]?.replaceChildren(cell)
  );
  row.children[3]?.setAttribute("title", loss(hour));
  if (drawn.get(row) !== strip) {
    drawn.set(row, strip);
    row.children[6]?.replaceChildren(stripOf(strip));
  }
}
