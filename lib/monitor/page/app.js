// @ts-check
/// <reference lib="dom" />
/**
 * The page of the monitor: one document, whose query names the view.
 *
 * @module
 * @import { TargetList } from "../api.ts"
 */

import { showMesh, showOutages } from "./tables.js";
import { fill, markup } from "./markup.js";
import { showOverview } from "./overview.js";
import { read } from "./server.js";
import { showTarget } from "./target.js";

/** What a view gets; it shows itself, and says whether it is up to date.
 * @typedef {{
 *   main: HTMLElement,
 *   query: URLSearchParams,
 *   list: TargetList,
 *   live(isConnected: boolean): void,
 * }} View */

const SCHEMES = ["auto", "light", "dark"];
const query = new URLSearchParams(location.search);
/** @type {any[]} */
const [main, status, button] = ["main", "live", "scheme"]
  .map((id) => document.getElementById(id));

function setScheme(/** @type {string} */ scheme) {
  document.documentElement.dataset.scheme = scheme;
  button.textContent = `◐ ${scheme}`;
  localStorage.setItem("scheme", scheme);
}
setScheme(localStorage.getItem("scheme") ?? "auto");
button.onclick = () => {
  const at = SCHEMES.indexOf(document.documentElement.dataset.scheme ?? "");
  setScheme(SCHEMES[(at + 1) % SCHEMES.length] ?? "auto");
};

/** @param {boolean} isConnected */
function live(isConnected) {
  status.className = isConnected ? "on" : "off";
  fill(status, isConnected ? "live" : "no connection, trying again");
}

/** @type {[string, (view: View) => Promise<void> | void]} */
const [url, show] = query.has("target")
  ? ["", showTarget]
  : query.has("outages")
  ? ["?outages", showOutages]
  : query.has("mesh")
  ? ["?mesh", showMesh]
  : ["./", showOverview];
document.querySelector(`nav [href="${url}"]`)
  ?.setAttribute("aria-current", "page");
try {
  const list = await read("targets");
  document.querySelector('[href="?mesh"]')
    ?.toggleAttribute("hidden", !list.mesh);
  await show({ main, query, list, live });
} catch (error) {
  const message = error instanceof Error ? error.message : `${error}`;
  fill(
    main,
    markup`<h1>This cannot be shown</h1>
<p role="alert">${message}</p>
<p><a href="./">All targets</a></p>`,
  );
}
