// @ts-check
/// <reference lib="dom" />
/**
 * The overview: whether all targets answer, and a row for each of them.
 *
 * @module
 * @import { TargetList, TargetStatus } from "../api.ts"
 * @import { View } from "./app.js"
 */

import {
  delay,
  fill,
  headOf,
  loss,
  markup,
  percent,
  shade,
  span,
  stateOf,
  stripOf,
} from "./markup.js";
import { listen, merged, read } from "./server.js";

/** As many rows stay quick to draw and to read. */
const PAGE = 100;
/** Strips are read again after this time. */
const REFRESH_MS = 60_000;
/** Many targets that go down together are read once. */
const MERGE_MS = 1000;
/** As many alerts are shown. */
const MAX_ALERTS = 20;
/** The cell of the strip. */
const STRIP = 6;
/** What increments of live counters add to. */
const COUNTED = /** @type {const} */ (
  ["sent", "lost", "lost_forward", "lost_backward"]
);
/** @type {[key: string, name: string, rank: (target: TargetStatus) => number][]} */
const ORDERS = [
  ["", "as configured", () => 0],
  [
    "loss",
    "most loss",
    ({ state, hour }) => state === "down" ? -2 : -hour.lost / (hour.sent || 1),
  ],
  ["rtt", "slowest", ({ hour }) => -(hour.rtt?.p50_us ?? 0)],
];

/** Shows the overview, and keeps it up to date. @param {View} view */
export function showOverview({ main, query, list, live }) {
  fill(
    main,
    markup`<div class="headline"></div>
<form class="controls" role="search">
<label>Filter <input type="search" name="filter" value="${
      query.get("filter")
    }" placeholder="name, group, host or label"></label>
<label>Order <select name="order">${
      ORDERS.map(([key, name]) =>
        markup`<option value="${key}" ${
          key === (query.get("order") ?? "") && "selected"
        }>${name}</option>`
      )
    }</select></label>
</form>
<div class="groups"></div>`,
  );
  const [headline, form, groups] = main.children;
  /** @type {Map<string, any>} */
  const rows = new Map();
  const drawn = new WeakMap();
  const update = () => {
    fill(headline, headlineOf(list));
    for (const target of list.targets) {
      const cells = rows.get(target.id)?.cells;
      if (!cells) continue;
      cellsOf(target, list.now).forEach((cell, at) =>
        fill(cells[at + 1], cell)
      );
      // Live events do not change it.
      if (drawn.get(cells) !== target.strip) {
        drawn.set(cells, target.strip);
        fill(cells[STRIP], stripOf(target.strip));
      }
    }
  };
  const draw = () => {
    fill(groups, groupsOf(list, query));
    rows.clear();
    for (const row of groups?.querySelectorAll("tr[data-id]") ?? []) {
      rows.set(row.getAttribute("data-id") ?? "", row);
    }
    update();
  };
  const refresh = merged(async () => {
    try {
      list = await read("targets");
      draw();
    } catch { // The next refresh may work.
    }
  }, MERGE_MS);
  form?.addEventListener("submit", (event) => event.preventDefault());
  form?.addEventListener("input", (/** @type {any} */ { target }) => {
    query.delete("page");
    query.set(target.name, target.value);
    if (target.value === "") query.delete(target.name);
    history.replaceState(null, "", query.size > 0 ? `?${query}` : "./");
    draw();
  });
  draw();
  setInterval(refresh, REFRESH_MS);
  listen([], {
    connected: live,
    status({ now, targets }) {
      list.now = now;
      const byId = new Map(list.targets.map((target) => [target.id, target]));
      for (const { id, state, last_rtt_us, last_at, ...counts } of targets) {
        const target = byId.get(id);
        if (!target) continue;
        if (state !== target.state) target.since = now;
        Object.assign(target, { state, last_rtt_us, last_at });
        for (const key of COUNTED) target.hour[key] += counts[key];
      }
      update();
    },
    targets: refresh,
    outage: refresh,
    alert: refresh,
    store: refresh,
  });
}

/** @param {TargetList} list */
function headlineOf({ name, targets, now, store_error }) {
  const count = (/** @type {string} */ wanted) =>
    targets.filter(({ state }) => state === wanted).length;
  const [all, up, down] = [targets.length, count("up"), count("down")];
  document.title = `${down > 0 ? `${down} down · ` : ""}${name}`;
  const [kind, title] = all === 0 ? ["unknown", "No targets yet"] : down > 0
    ? [
      "down",
      `${down} of ${all} targets ${down === 1 ? "does" : "do"} not answer`,
    ]
    : up < all
    ? ["unknown", `${up} of ${all} targets answer, ${all - up} unknown`]
    : ["up", all === 1 ? "The target answers" : `All ${all} targets answer`];
  const alerts = targets.flatMap(({ id, name, alerts }) =>
    alerts.map(({ message, rule, start }) =>
      markup`<li><a href="${
        linkTo(id)
      }">${name}</a> ${message} <span class="quiet">${rule}, for ${
        span(now - start)
      }</span></li>`
    )
  );
  return markup`<h1 class="${kind}">${title}</h1>
<p class="quiet">Seen from ${name}. Loss of the last hour, by direction where the probe knows it.</p>
${
    store_error &&
    markup`<p class="warning" role="alert">Measurements are not being kept: ${store_error}</p>`
  }${
    alerts.length > 0 &&
    markup`<ul class="warning" aria-label="Alerts">${
      alerts.slice(0, MAX_ALERTS)
    }${
      alerts.length > MAX_ALERTS &&
      markup`<li>and ${alerts.length - MAX_ALERTS} more</li>`
    }</ul>`
  }`;
}

/** @param {string} id */
const linkTo = (id) => `?target=${encodeURIComponent(id)}`;

/** @param {TargetList} list @param {URLSearchParams} query */
function groupsOf({ targets }, query) {
  const words = (query.get("filter") ?? "").toLowerCase().split(/\s+/);
  const [order, , rank] = ORDERS.find(([key]) => key === query.get("order")) ??
    ORDERS[0] ?? ["", "", () => 0];
  const found = targets.filter(({ name, group, host, address, labels }) => {
    const pairs = Object.entries(labels).map((pair) => pair.join("="));
    const text = [name, group, host, address, ...pairs].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  }).sort((one, other) => rank(one) - rank(other));
  const pages = Math.ceil(found.length / PAGE);
  const page = Math.min(Math.max(1, Number(query.get("page")) || 1), pages);
  const shown = found.slice((page - 1) * PAGE, page * PAGE);
  const groups = Map.groupBy(shown, ({ group }) => order === "" ? group : "");
  const link = (/** @type {number} */ number) => {
    const next = new URLSearchParams(query);
    next.set("page", `${number}`);
    return markup`<a href="?${next}" ${
      number === page && markup`aria-current="page"`
    }>${number}</a>`;
  };
  return [
    found.length === 0 && targets.length > 0 &&
    markup`<p class="quiet">No target fits the filter.</p>`,
    [...groups].map(([name, targets]) => tableOf(name, targets)),
    pages > 1 &&
    markup`<nav class="pages" aria-label="Pages">${
      Array.from({ length: pages }, (_, index) => link(index + 1))
    }<span class="quiet">${found.length} targets</span></nav>`,
  ];
}

/** @param {string} name @param {TargetStatus[]} targets */
function tableOf(name, targets) {
  return markup`<section>${name && markup`<h2>${name}</h2>`}
<table class="targets" aria-label="${name || "Targets"}">
${
    headOf([
      ...[
        "Target",
        "State",
        "Last",
        "Lost",
        "Forward",
        "Backward",
        "Last hours",
      ],
    ])
  }<tbody>${
    targets.map(({ id, name, probe, address, host }) =>
      markup`<tr data-id="${id}"><th scope="row"><a href="${
        linkTo(id)
      }">${name}</a><span class="quiet">${probe} ${address ?? host}</span></th>
<td></td><td></td><td data-label="lost"></td><td data-label="forward"></td><td data-label="backward"></td><td></td></tr>`
    )
  }</tbody></table></section>`;
}

/** @param {TargetStatus} target @param {number} now */
function cellsOf(target, now) {
  const { hour, last_rtt_us, last_error, probe } = target;
  const lostOf = (/** @type {number} */ lost, isKnown = probe === "stamp") =>
    isKnown
      ? markup`<span class="share loss-${shade(lost, hour.sent)}" title="${
        loss(hour)
      }">${percent(lost, hour.sent)}</span>`
      : "–";
  return [
    stateOf(target, now),
    last_rtt_us === null
      ? markup`<span class="quiet" title="${last_error}">${
        target.last_at === null ? "–" : "no answer"
      }</span>`
      : delay(last_rtt_us),
    lostOf(hour.lost, true),
    lostOf(hour.lost_forward),
    lostOf(hour.lost_backward),
  ];
}
