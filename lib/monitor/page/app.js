// @ts-check
/// <reference lib="dom" />
/**
 * The page of the monitor: one document, whose query names the view.
 *
 * @module
 * @import { TargetList } from "../api.ts"
 */

import { h } from "./elements.js";
import { showMesh, showOutages } from "./lists.js";
import { showOverview } from "./overview.js";
import { read } from "./server.js";
import { showTarget } from "./target.js";

const SCHEMES = ["auto", "light", "dark"];
const query = new URLSearchParams(location.search);
const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const status = /** @type {HTMLElement} */ (document.getElementById("live"));
const button = /** @type {HTMLElement} */ (document.getElementById("scheme"));

/** @param {boolean} isConnected */
function live(isConnected) {
  status.className = isConnected ? "on" : "off";
  const text = isConnected ? "live" : "no connection, trying again";
  if (status.textContent !== text) status.textContent = text;
}

/** @param {string} scheme */
function setScheme(scheme) {
  document.documentElement.dataset.scheme = scheme;
  button.textContent = `Colours: ${scheme}`;
  localStorage.setItem("scheme", scheme);
}

setScheme(localStorage.getItem("scheme") ?? "auto");
button.addEventListener("click", () => {
  const at = SCHEMES.indexOf(document.documentElement.dataset.scheme ?? "auto");
  setScheme(SCHEMES[(at + 1) % SCHEMES.length] ?? "auto");
});

const [view, show] = query.has("target")
  ? /** @type {const} */ (["./", showTarget])
  : query.has("outages")
  ? /** @type {const} */ (["?outages", showOutages])
  : query.has("mesh")
  ? /** @type {const} */ (["?mesh", showMesh])
  : /** @type {const} */ (["./", showOverview]);
document.querySelector(`nav [href="${view}"]`)?.setAttribute(
  "aria-current",
  "page",
);
try {
  /** @type {TargetList} */
  const list = await read("targets");
  document.querySelector('nav [href="?mesh"]')?.toggleAttribute(
    "hidden",
    !list.mesh,
  );
  await show(main, query, { list, live });
} catch (error) {
  const message = error instanceof Error ? error.message : `${error}`;
  main.replaceChildren(
    h("h1", null, "This cannot be shown"),
    h("p", { role: "alert" }, message),
    h("p", null, h("a", { href: "./" }, "All targets")),
  );
}
