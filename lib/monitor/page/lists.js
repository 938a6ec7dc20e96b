// @ts-check
/// <reference lib="dom" />
/**
 * Outages as a list, and the mesh as a grid.
 *
 * @module
 * @import { Mesh, Outage, OutageList, TargetList, TargetStatus } from "../api.ts"
 */

import { delay, h, percent, shade, span, time } from "./elements.js";
import { listen, read } from "./server.js";

/** How much of the time around an outage its chart shows, as its multiple. */
const AROUND = 4;
const MIN_AROUND_SEC = 600;
const REFRESH_MS = 30_000;

/** @typedef {{ list: TargetList, live(isConnected: boolean): void }} Context */

/**
 * Shows the outages of all targets.
 *
 * @param {HTMLElement} main
 * @param {URLSearchParams} _
 * @param {Context} context
 */
export async function showOutages(main, _, { list, live }) {
  document.title = `Outages · ${list.name}`;
  const body = h("div");
  const refresh = async () => {
    /** @type {OutageList} */
    const { outages } = await read("outages");
    body.replaceChildren(outagesTable(outages, list.targets, list.now));
  };
  main.replaceChildren(
    h("h1", null, "Outages"),
    h(
      "p",
      { class: "quiet" },
      "Three or more lost probes in a row; the newest first.",
    ),
    body,
  );
  await refresh();
  listen([], {
    connected: live,
    status: ({ now }) => void (list.now = now),
    outage: refresh,
  });
}

/**
 * @param {Outage[]} outages
 * @param {TargetStatus[]} targets Those that may be named; one is not.
 * @param {number} now
 */
export function outagesTable(outages, targets, now) {
  if (outages.length === 0) return h("p", { class: "quiet" }, "None.");
  const byId = new Map(targets.map((target) => [target.id, target]));
  const heads = [
    ...(targets.length === 1 ? [] : ["Target"]),
    "Start",
    "Length",
    "Lost",
    "Forward",
    "Backward",
  ];
  return h(
    "div",
    { class: "scroll", role: "region", tabindex: 0, "aria-label": "Outages" },
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
        outages.map((outage) => {
          const {
            target,
            start,
            end,
            lost,
            lost_forward,
            lost_backward,
            end_unknown,
          } = outage;
          const length = (end ?? now) - start;
          const around = Math.max(MIN_AROUND_SEC, length * AROUND) / 2;
          const middle = start + length / 2;
          const words = new URLSearchParams({
            target,
            from: `${Math.floor(middle - around)}`,
            to: `${Math.ceil(Math.min(middle + around, now))}`,
          });
          const isOver = end !== null;
          return h(
            "tr",
            null,
            targets.length === 1
              ? null
              : h("th", { scope: "row" }, byId.get(target)?.name ?? target),
            h("td", null, h("a", { href: `?${words}` }, time(start))),
            h(
              "td",
              { class: isOver ? null : "ongoing" },
              end_unknown
                ? "end unknown"
                : isOver
                ? span(length)
                : `${span(length)}, lasts`,
            ),
            h("td", null, `${lost}`),
            h("td", null, lost_forward ? `${lost_forward}` : "–"),
            h("td", null, lost_backward ? `${lost_backward}` : "–"),
          );
        }),
      ),
    ),
  );
}

/**
 * Shows what each source sees of each target.
 *
 * @param {HTMLElement} main
 * @param {URLSearchParams} _
 * @param {Context} context
 */
export async function showMesh(main, _, { list, live }) {
  document.title = `Mesh · ${list.name}`;
  const body = h("div", {
    class: "scroll",
    role: "region",
    tabindex: 0,
    "aria-label": "Mesh",
  });
  const refresh = async () => {
    body.replaceChildren(meshTable(await read("mesh")));
    live(true);
  };
  main.replaceChildren(
    h("h1", null, "Mesh"),
    h(
      "p",
      { class: "quiet" },
      "Median round trip and loss of the last hour, from each source to each target.",
    ),
    body,
  );
  await refresh();
  setInterval(() => refresh().catch(() => live(false)), REFRESH_MS);
}

/** @param {Mesh} mesh */
function meshTable({ sources }) {
  const names = [
    ...new Set(
      sources.flatMap(({ targets }) => targets.map(({ name }) => name)),
    ),
  ];
  return h(
    "table",
    { class: "mesh" },
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        h("td", null),
        names.map((name) => h("th", { scope: "col" }, name)),
      ),
    ),
    h(
      "tbody",
      null,
      sources.map(({ name, url, error, targets }) =>
        h(
          "tr",
          null,
          h(
            "th",
            { scope: "row" },
            url === null ? name : h("a", { href: url }, name),
          ),
          error !== null
            ? h("td", { class: "unknown", colspan: names.length }, error)
            : names.map((column) => {
              const target = targets.find(({ name }) => name === column);
              if (target === undefined) return h("td", null);
              const { sent, lost, rtt } = target.hour;
              return h(
                "td",
                { class: sent === 0 ? "unknown" : `loss-${shade(lost, sent)}` },
                h(
                  "a",
                  {
                    href: `${url ?? ""}?target=${
                      encodeURIComponent(target.id)
                    }`,
                  },
                  delay(rtt?.p50_us),
                  h("small", null, percent(lost, sent)),
                ),
              );
            }),
        )
      ),
    ),
  );
}
