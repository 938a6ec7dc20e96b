/**
 * Chromium, driven by Playwright.
 *
 * @module
 */

import { SCRATCH } from "../scratch.ts";
import type { Browser } from "./playwright.ts";

const CHROMIUM = "/usr/bin/chromium";

/** Starts a browser without a window. */
export async function openBrowser(): Promise<Browser> {
  // Playwright looks for WSL below /proc/sys, which Deno forbids without
  // --allow-all. This variable skips the look.
  Deno.env.set("__IS_WSL_TEST__", "1");
  // It writes to the system's temporary folder, where tests may not.
  await Deno.mkdir(SCRATCH, { recursive: true });
  Deno.env.set("TMPDIR", await Deno.realPath(SCRATCH));
  const { chromium } = await import("./playwright.ts");
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox"],
  });
}
