// @ts-check
/// <reference lib="dom" />
/**
 * Elements of the page, and figures as its text. Text is never markup: all
 * elements are made by `h`.
 *
 * @module
 * @import { ProbeCounts, TargetStatus } from "../api.ts"
 */

const SVG = "http://www.w3.org/2000/svg";
const SVG_NAMES = ["svg", "path", "rect", "title"];
/** The share lost up to which each shade reaches; the last is everything. */
const SHADES = [0.01, 0.05, 0.2, 0.5, 0.999, 1];

/**
 * Makes an element.
 *
 * @param {string} name Its name.
 * @param {Record<string, any> | null} attributes A function is a listener; `null`
 * and `false` leave the attribute out.
 * @param {...any} children Elements and texts, also in lists; `null` is nothing.
 * @returns {any} The element.
 */
export function h(name, attributes = null, ...children) {
  const element = SVG_NAMES.includes(name)
    ? document.createElementNS(SVG, name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== null && value !== false) {
      element.setAttribute(key, value === true ? "" : `${value}`);
    }
  }
  element.append(...children.flat(3).filter((child) => child !== null));
  return element;
}

/**
 * A duration with three digits.
 *
 * @param {number | null | undefined} us Microseconds.
 */
export function delay(us) {
  if (us === null || us === undefined) return "–";
  const [value, unit] = us < 999.5
    ? [us, "us"]
    : us < 999.5e3
    ? [us / 1e3, "ms"]
    : [us / 1e6, "s"];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

/**
 * A share in percent; a loss is never rounded to 0 or to 100.
 *
 * @param {number} part
 * @param {number} whole
 */
export function percent(part, whole) {
  if (whole === 0) return "–";
  const value = 100 * part / whole;
  if (part > 0 && value < 0.01) return "< 0.01 %";
  if (part < whole && value > 99.9) return "> 99.9 %";
  return `${Number(value.toFixed(value < 1 ? 2 : 1))} %`;
}

/**
 * A time span, as `3 h 20 min`.
 *
 * @param {number} seconds
 */
export function span(seconds) {
  const rest = Math.max(0, Math.round(seconds));
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const at = units.findIndex(([, length]) => rest >= Number(length));
  if (at < 0) return seconds > 0 ? "< 1 s" : "0 s";
  return units.slice(at, at + 2).map(([unit, length], index) => {
    const above = index === 0 ? Infinity : Number(units[at]?.[1]);
    return [Math.floor(rest % above / Number(length)), unit];
  }).filter(([count]) => count !== 0).map((pair) => pair.join(" ")).join(" ");
}

/**
 * A time in the reader's own zone.
 *
 * @param {number} t Unix seconds.
 */
export function time(t) {
  const date = new Date(t * 1000);
  const two = (/** @type {number} */ value) => `${value}`.padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-` +
    `${two(date.getDate())} ${two(date.getHours())}:` +
    `${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/**
 * The shade of a share lost: 0 for none, to 6 for all.
 *
 * @param {number} lost
 * @param {number} sent
 */
export function shade(lost, sent) {
  if (lost === 0 || sent === 0) return 0;
  return SHADES.findIndex((limit) => lost / sent <= limit) + 1;
}

/**
 * What is known of the loss, as `12 of 3600 lost, 10 forward, 2 backward`.
 *
 * @param {Pick<ProbeCounts, "sent" | "lost"> & Partial<ProbeCounts>} counts
 */
export function loss({ sent, lost, lost_forward, lost_backward, unknown }) {
  const parts = sent === 0 ? [] : [`${lost} of ${sent} lost`];
  if (lost_forward) parts.push(`${lost_forward} forward`);
  if (lost_backward) parts.push(`${lost_backward} backward`);
  if (unknown) parts.push(`${unknown} unknown`);
  return parts.join(", ") || "nothing measured";
}

/**
 * Whether a target answers, in a word and a shape.
 *
 * @param {TargetStatus} target
 * @param {number} now
 */
export function state({ state, since }, now) {
  const forHowLong = state === "up" ? "" : ` ${span(now - since)}`;
  return h("span", { class: `state ${state}` }, `${state}${forHowLong}`);
}

/**
 * The last hours: the median as a line, loss as full-height colour.
 *
 * @param {TargetStatus["strip"]} strip
 */
export function stripOf({ sent, lost, unknown, p50_us }) {
  const known = p50_us.filter((us) => us !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const up = (/** @type {number} */ us) =>
    15 - 10 * (us - low * 0.8) / (high - low * 0.8 || 1);
  const line = p50_us.map((us, cell) =>
    us === null
      ? ""
      : `${p50_us[cell - 1] == null ? "M" : "L"}${cell} ${up(us)}h1`
  ).join("");
  const lossy = lost.filter((count) => count > 0).length;
  const blank = sent.filter((count) => count === 0).length;
  const label = [
    known.length === 0
      ? "no round trip"
      : `median ${delay(low)} to ${delay(high)}`,
    `loss in ${lossy} of ${sent.length} cells`,
    ...(blank > 0 ? [`${blank} unknown`] : []),
  ].join(", ");
  return h(
    "svg",
    {
      class: "strip",
      role: "img",
      "aria-label": label,
      viewBox: `0 0 ${sent.length} 20`,
      preserveAspectRatio: "none",
    },
    runs(
      sent.map((count, cell) =>
        count > 0
          ? `loss-${shade(lost[cell] ?? 0, count)}`
          : unknown[cell]
          ? "unknown"
          : "nothing"
      ),
    ).map(([kind, x, width]) =>
      h("rect", { class: kind, x, width, height: 20 })
    ),
    h("path", { d: line }),
    h("title", null, label),
  );
}

/**
 * Where equal values follow each other.
 *
 * @template T
 * @param {T[]} values
 * @returns {[value: T, start: number, length: number][]}
 */
export function runs(values) {
  /** @type {[T, number, number][]} */
  const found = [];
  values.forEach((value, index) => {
    const last = found.at(-1);
    if (last?.[0] === value) last[2]++;
    else found.push([value, index, 1]);
  });
  return found;
}
