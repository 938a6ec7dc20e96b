/**
 * Chromium, driven by Playwright.
 *
 * @module
 */

import type { Browser } from "./playwright.ts";

const CHROMIUM = "/usr/bin/chromium";

/** Starts a browser without a window. */
export async function openBrowser(): Promise<Browser> {
  // At its start Playwright looks for WSL below /proc/sys, where Deno lets
  // nobody look without --allow-all; this keeps it from that.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("./playwright.ts");
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox"],
  });
}
