/**
 * Elements of a page, made by a DOM, so that no text can become markup.
 *
 * Texts go into text nodes and nowhere else: never into an attribute, a title, a
 * style or a comment, which the DOM used here does not escape in full.
 *
 * @module
 */

import { parseHTML } from "./deps.mts";
import { escapeControls } from "../result/escape.ts";

/** What is used of an element. */
export interface Element {
  /** Adds to its content. */
  append(...content: (Element | string)[]): void;
  /** Gives it an attribute. */
  setAttribute(name: string, value: string): void;
  /** Takes one away. */
  removeAttribute(name: string): void;
  /** The first element inside of it that a selector fits. */
  querySelector(selector: string): Element | null;
  /** Takes it out of where it is. */
  remove(): void;
  /** Its content, if that is text alone. */
  textContent: string | null;
  /** It and its content as HTML. */
  readonly outerHTML: string;
}

/** What is used of a document. */
export interface Document {
  /** Makes an element. */
  createElement(name: string): Element;
}

/** Makes elements; none is ever put into it. */
export const document: Document =
  (parseHTML("<!doctype html><html></html>") as unknown as {
    document: Document;
  }).document;

/** The most characters of a text that are shown. */
const MOST_CHARACTERS = 600;

/**
 * Makes a text that may come from anywhere fit to be shown: nothing in it turns
 * the line around, and its length has an end.
 *
 * @param text Any text.
 * @param most How many characters at most.
 * @returns The text as it is shown.
 *
 * @example Usage
 * ```ts
 * import { shown } from "./html.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(shown("\u202egnp.exe"), "\\u202egnp.exe");
 * assertEquals(shown("a long story", 6), "a lon…");
 * ```
 */
export function shown(text: string, most: number = MOST_CHARACTERS): string {
  const safe = escapeControls(text.slice(0, 2 * most)).toWellFormed();
  return safe.length <= most ? safe : `${safe.slice(0, most - 1)}…`;
}

/**
 * Makes an element.
 *
 * @param name Its name.
 * @param attributes Its attributes; never a text of a file.
 * @param content What is in it; texts are made fit to be shown.
 * @returns The element.
 *
 * @example Usage
 * ```ts
 * import { element } from "./html.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const paragraph = element("p", { class: "note" }, "1 < 2");
 * assertEquals(paragraph.outerHTML, '<p class="note">1 &lt; 2</p>');
 * ```
 */
export function element(
  name: string,
  attributes: Record<string, string> = {},
  ...content: (Element | string)[]
): Element {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(
    ...content.map((part) => typeof part === "string" ? shown(part) : part),
  );
  return made;
}
