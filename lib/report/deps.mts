/**
 * The libraries that draw the page and check what is on it. They are named here
 * and not in `deno.json`, and locked in `lib/report/deno.lock`: a task fetches
 * all that `deno.json` names, and no other program is to wait for these. (The
 * ending keeps their documentation from being taken for ours.)
 *
 * @module
 */

export * as Plot from "npm:@observablehq/plot@^0.6.17";
export * as v from "npm:valibot@^1.1.0";
export { parseHTML } from "npm:linkedom@0.18.9";
