/**
 * Playwright, which is named here alone: no program needs it.
 *
 * @module
 */

export * from "npm:playwright-core@^1.56.0";
