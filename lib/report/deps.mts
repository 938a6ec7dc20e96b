/**
 * The library that checks results.
 *
 * @module
 */

export * as v from "npm:valibot@^1.1.0";
