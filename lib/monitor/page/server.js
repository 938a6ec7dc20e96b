// @ts-check
/// <reference lib="dom" />
/**
 * The monitor's HTTP interface as the page uses it. The token, if the monitor
 * asks for one, is sent in a header and kept until the tab is closed.
 *
 * @module
 * @import { LiveEvents } from "../api.ts"
 */

const KEY = "token";
const RETRY_MS = 3000;
/** The monitor sends something every 15 s. */
const SILENCE_MS = 40_000;

/** @type {Promise<void> | null} */
let asking = null;

/**
 * @param {string} path
 * @param {AbortSignal | null} signal
 * @returns {Promise<Response>}
 */
async function request(path, signal = null) {
  const token = sessionStorage.getItem(KEY);
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`api/${path}`, { headers, signal });
  if (response.status !== 401) return response;
  await response.body?.cancel();
  if (sessionStorage.getItem(KEY) === token) {
    await (asking ??= askForToken(token !== null));
    asking = null;
  }
  return request(path, signal);
}

/** @param {boolean} wasRefused @returns {Promise<void>} */
function askForToken(wasRefused) {
  const dialog = /** @type {any} */ (document.getElementById("token"));
  const input = dialog.querySelector("input");
  dialog.querySelector(".error").textContent = wasRefused
    ? "The monitor refused this token."
    : "";
  input.value = "";
  dialog.oncancel = (/** @type {Event} */ event) => event.preventDefault();
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      sessionStorage.setItem(KEY, input.value.trim());
      resolve();
    };
  });
}

/**
 * Reads from the monitor.
 *
 * @param {string} path Below `api/`, without the query.
 * @param {Record<string, string | number>} query
 * @returns {Promise<any>} What `api.ts` says.
 */
export async function read(path, query = {}) {
  const words = new URLSearchParams(
    Object.entries(query).map(([key, value]) => [key, `${value}`]),
  );
  const response = await request(words.size > 0 ? `${path}?${words}` : path);
  const content = await response.json();
  if (!response.ok) throw new Error(content.error ?? response.statusText);
  return content;
}

/**
 * Calls back for each event, for ever. Connects again where it must; what was
 * missed is then read again, as after a change of the targets.
 *
 * @param {string[]} targets Whose status is wanted; none for that of all.
 * @param {{ [Name in keyof LiveEvents]?: (data: LiveEvents[Name]) => void } & {
 *   connected(isConnected: boolean): void,
 * }} listeners
 */
export async function listen(targets, listeners) {
  const query = new URLSearchParams(targets.map((id) => ["target", id]));
  for (let isAgain = false;; isAgain = true) {
    const silence = new AbortController();
    /** @type {any} */
    let timer;
    try {
      const response = await request(`events?${query}`, silence.signal);
      if (!response.ok || response.body === null) throw new Error("no events");
      listeners.connected(true);
      if (isAgain) listeners.targets?.({});
      const reader = response.body.pipeThrough(new TextDecoderStream())
        .getReader();
      let rest = "";
      for (
        let piece = await reader.read();
        !piece.done;
        piece = await reader.read()
      ) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        const blocks = (rest + piece.value).split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) dispatch(block, listeners);
      }
    } catch { // The connection ended: the monitor may be starting again.
    }
    clearTimeout(timer);
    listeners.connected(false);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/**
 * Makes a call that is done a little later, and once for many of them.
 *
 * @param {() => unknown} action
 * @param {number} ms
 */
export function merged(action, ms) {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      action();
    }, ms);
  };
}

/** @param {string} block @param {Record<string, any>} listeners */
function dispatch(block, listeners) {
  const name = /^event: ?(.*)$/m.exec(block)?.[1];
  const data = /^data: ?(.*)$/m.exec(block)?.[1];
  if (name !== undefined && data !== undefined) {
    listeners[name]?.(JSON.parse(data));
  }
}
