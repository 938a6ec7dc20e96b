/**
 * The files of the monitor's page, from memory: no permission, no build step and
 * no other host. The page draws in the browser, because a chart of the library
 * takes tens of milliseconds, and probes share the event loop with the server.
 *
 * Each view is a query of `/`: the overview `/`, a target `/?target=ID`, two side
 * by side `/?target=ID&beside=ID`, `/?outages` and `/?mesh`; a time is `span=3h`
 * or `from=` and `to=` in Unix seconds.
 *
 * @module
 */

import chartLibrary from "npm:echarts@^6.1.0/dist/echarts.esm.min.mjs" with {
  type: "text",
};
import { STYLE } from "./page_style.ts";
import app from "./page/app.js" with { type: "text" };
import icon from "./page/icon.svg" with { type: "text" };
import index from "./page/index.html" with { type: "text" };
import markup from "./page/markup.js" with { type: "text" };
import overview from "./page/overview.js" with { type: "text" };
import panel from "./page/panel.js" with { type: "text" };
import server from "./page/server.js" with { type: "text" };
import smoke from "./page/smoke.js" with { type: "text" };
import tables from "./page/tables.js" with { type: "text" };
import target from "./page/target.js" with { type: "text" };

const MODULES = { app, markup, overview, panel, server, smoke, tables, target };

/** The path of each file, its type and its content. */
const FILES: Record<string, [type: string, content: unknown]> = {
  "/": ["text/html", index],
  "/icon.svg": ["image/svg+xml", icon],
  "/style.css": ["text/css", STYLE],
  "/echarts.js": ["text/javascript", chartLibrary],
  ...Object.fromEntries(
    Object.entries(MODULES)
      .map(([name, module]) => [`/${name}.js`, ["text/javascript", module]]),
  ),
};

/** Everything comes from this server; nothing in the page's text is code. */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'self'; " +
    "frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
  "vary": "accept-encoding",
};

/** The content as it is sent, and what names this version of it. */
interface StoredFile {
  bytes: Uint8Array<ArrayBuffer>;
  gzip: Uint8Array<ArrayBuffer>;
  etag: string;
}

const stored = new Map<string, Promise<StoredFile>>();

/**
 * Answers a request for a file of the page.
 *
 * @param request Any request.
 * @returns The file, or `null` if the path is none of the page's.
 *
 * @example Usage
 * ```ts
 * import { pageResponse } from "./page.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const answer = (path: string) =>
 *   pageResponse(new Request(`http://127.0.0.1:8080${path}`));
 * assertEquals((await answer("/?outages"))?.status, 200);
 * assertEquals(await answer("/api/targets"), null);
 * ```
 */
export async function pageResponse(request: Request): Promise<Response | null> {
  const path = new URL(request.url).pathname;
  if (!Object.hasOwn(FILES, path)) return null;
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
  }
  const [type, content] = FILES[path]!;
  let file = stored.get(path);
  if (file === undefined) stored.set(path, file = store(`${content}`));
  const { bytes, gzip, etag } = await file;
  const headers = new Headers({
    ...HEADERS,
    etag,
    "content-type": `${type}; charset=utf-8`,
  });
  if (request.headers.get("if-none-match")?.includes(etag)) {
    return new Response(null, { status: 304, headers });
  }
  const isSmall = request.headers.get("accept-encoding")?.includes("gzip");
  if (isSmall) headers.set("content-encoding", "gzip");
  return new Response(
    request.method === "HEAD" ? null : isSmall ? gzip : bytes,
    { headers },
  );
}

/** Compresses once, in pieces, so that no probe waits for a whole file. */
async function store(text: string): Promise<StoredFile> {
  const bytes = new TextEncoder().encode(text);
  const [gzip, digest] = await Promise.all([
    new Response(
      new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip")),
    ).arrayBuffer(),
    crypto.subtle.digest("SHA-256", bytes),
  ]);
  return {
    bytes,
    gzip: new Uint8Array(gzip),
    etag: `"${btoa(String.fromCharCode(...new Uint8Array(digest, 0, 12)))}"`,
  };
}
