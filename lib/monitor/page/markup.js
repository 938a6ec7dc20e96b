// @ts-check
/// <reference lib="dom" />
/**
 * Markup whose values are escaped, and figures as text.
 *
 * @module
 * @import { ProbeCounts, Strip, TargetStatus } from "../api.ts"
 */

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** The share lost up to which each shade reaches; the last is everything. */
const SHADES = [0.001, 0.01, 0.05, 0.25, 0.9999, 1];
/** @type {[number, string][]} */
const TIME_UNITS = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

/** Text that is markup already. */
class Markup {
  constructor(/** @type {string} */ text) {
    this.text = text;
  }
}

/** @type {WeakMap<Element, string>} */
const filled = new WeakMap();

/**
 * Makes markup of a template; what is put into it is text, markup, or a list.
 *
 * @param {TemplateStringsArray} parts
 * @param {...any} values `null`, `undefined` and `false` are nothing.
 */
export function markup(parts, ...values) {
  return new Markup(String.raw(parts, ...values.map(escaped)));
}

/** @returns {string} */
function escaped(/** @type {any} */ value) {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(escaped).join("");
  return value === null || value === undefined || value === false
    ? ""
    : `${value}`.replace(/[&<>"]/g, (it) => ESCAPES[/** @type {"&"} */ (it)]);
}

/**
 * Sets the content of an element, unless it is the same as the last time.
 *
 * @param {Element | null | undefined} element
 * @param {any} content
 */
export function fill(element, content) {
  const text = escaped(content);
  if (!element || filled.get(element) === text) return;
  filled.set(element, text);
  element.innerHTML = text;
}

/** The head of a table; an empty name is no column's. */
export function headOf(/** @type {(string | false | null)[]} */ names) {
  return markup`<thead><tr>${
    names.map((name) =>
      name === ""
        ? markup`<td></td>`
        : name && markup`<th scope="col">${name}</th>`
    )
  }</tr></thead>`;
}

/** Microseconds with three digits and a unit. */
export function delay(/** @type {number | null | undefined} */ us) {
  if (us === null || us === undefined) return "–";
  if (us === 0) return "0";
  const [value, unit] = us < 999.5
    ? [us, "us"]
    : us < 999.5e3
    ? [us / 1e3, "ms"]
    : [us / 1e6, "s"];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

/** A share in percent. A loss is never rounded to 0, nor to 100. */
export function percent(
  /** @type {number} */ part,
  /** @type {number} */ whole,
) {
  if (whole === 0) return "–";
  const value = 100 * part / whole;
  if (part > 0 && value < 0.01) return "< 0.01 %";
  if (part < whole && value > 99.9) return "> 99.9 %";
  return `${Number(value.toFixed(value < 1 ? 2 : 1))} %`;
}

/** A time span of seconds, as `3 h 20 min`. */
export function span(/** @type {number} */ seconds) {
  let rest = Math.max(0, Math.round(seconds));
  const parts = TIME_UNITS.map(([length, unit]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return count > 0 ? `${count} ${unit}` : "";
  });
  const first = parts.findIndex((part) => part !== "");
  return parts.slice(first, first + 2).join(" ").trim() || "0 s";
}

/** Unix seconds in the reader's own zone, as `2026-01-31 18:30:00`. */
export function time(/** @type {number} */ t) {
  // Swedish dates are those of ISO 8601.
  return new Date(t * 1000).toLocaleString("sv");
}

/** The shade of a share lost: 0 for none, to 6 for all. */
export function shade(/** @type {number} */ lost, /** @type {number} */ sent) {
  if (!(lost > 0 && sent > 0)) return 0;
  return SHADES.findIndex((limit) => lost / sent <= limit) + 1;
}

/** What is known of a loss, as `12 of 3600 lost, 10 forward, 2 backward`. */
export function loss(
  /** @type {Omit<ProbeCounts, "duplicate" | "reordered">} */ {
    sent,
    lost,
    lost_forward,
    lost_backward,
    unknown,
  },
) {
  return [
    sent > 0 ? `${lost} of ${sent} lost` : "",
    lost_forward > 0 ? `${lost_forward} forward` : "",
    lost_backward > 0 ? `${lost_backward} backward` : "",
    unknown > 0 ? `${unknown} unknown` : "",
  ].filter(Boolean).join(", ") || "nothing measured";
}

/** A name that also tells the two families of a host apart. */
export function titleOf(/** @type {TargetStatus} */ { name, family }) {
  return family === 6 ? `${name} (IPv6)` : name;
}

/** Whether a target answers, in a word and a shape. */
export function stateOf(
  /** @type {TargetStatus} */ { state, since },
  /** @type {number} */ now,
) {
  const [count, unit] = span(now - since).split(" ");
  return markup`<span class="state ${state}">${state}${
    state !== "up" && ` ${count} ${unit}`
  }</span>`;
}

/** The last hours: the median as a line, loss as full-height colour. */
export function stripOf(/** @type {Strip} */ { sent, lost, unknown, p50_us }) {
  const known = p50_us.filter((us) => us !== null);
  const [low, high] = [Math.min(...known) * 0.8, Math.max(...known)];
  const path = p50_us.map((us, cell) => {
    if (us === null) return "";
    const y = 15 - 10 * (us - low) / (high - low || 1);
    return `${(p50_us[cell - 1] ?? null) === null ? "M" : "L"}${cell} ${
      y.toFixed(1)
    }h1`;
  }).join("");
  const kinds = sent.map((count, cell) =>
    count > 0
      ? `loss-${shade(lost[cell] ?? 0, count)}`
      : unknown[cell]
      ? "unknown"
      : "nothing"
  );
  const label = [
    known.length === 0
      ? "no round trip"
      : `median ${delay(Math.min(...known))} to ${delay(high)}`,
    `loss in ${
      lost.filter((count) => count > 0).length
    } of ${sent.length} cells`,
  ].join(", ");
  return markup`<svg class="strip" role="img" aria-label="${label}"
    viewBox="0 0 ${sent.length} 20" preserveAspectRatio="none"><title>${label}</title>${
    runs(kinds).map(([kind, start, length]) =>
      markup`<rect class="${kind}" x="${start}" width="${length}" height="20"/>`
    )
  }<path d="${path}"/></svg>`;
}

/**
 * Where equal values follow each other.
 *
 * @template T
 * @param {T[]} values
 */
export function runs(values) {
  /** @type {[value: T, start: number, length: number][]} */
  const found = [];
  values.forEach((value, index) => {
    const last = found.at(-1);
    if (last?.[0] === value) last[2]++;
    else found.push([value, index, 1]);
  });
  return found;
}
