/**
 * The monitor's HTTP server: routes, the token, and limits.
 *
 * | path | content |
 * |---|---|
 * | `/api/...` | see `api.ts` |
 * | `/metrics`, `/probe`, `/sd` | for Prometheus, see `metrics.ts`, `probe.ts` |
 * | `/-/healthy`, `/-/ready` | 200, or 503 with the reason; they need no token |
 * | `POST /-/reload` | reads the configuration again |
 * | others | the page |
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";
import type { AdmissionControl } from "../net/admission.ts";
import { bounded, failed, json, RequestError, text } from "./answer.ts";
import type { Mesh } from "./api.ts";
import { type Keeper, MAX_COLUMNS } from "./keeper.ts";
import { encodeOnce, liveEvents } from "./live_events.ts";

/** Streams of events at a time. */
const MAX_STREAMS = 200;
/** Other answers under way at a time. */
const MAX_ANSWERS = 256;
/** A reader has so long for an answer, in milliseconds. */
const ANSWER_MS = 30_000;
const DEFAULT_COLUMNS = 600;
const DAY = 86_400;
/** No span is longer than this, in seconds. */
const MAX_SPAN = 20 * 366 * DAY;
const NO_TOKEN =
  "This monitor needs a token: send the header Authorization: Bearer TOKEN";
/** Paths that tell nothing of a target. */
const OPEN_PATHS = ["/-/healthy", "/-/ready"];

/** What the server answers with, beside the keeper. */
export interface Routes {
  /** Knows all targets. */
  keeper: Keeper;
  /** Decides on requests, by the address of their connection. */
  admission: AdmissionControl;
  /** What readers must know; `null` for nothing. */
  token: string | null;
  /**
   * Whether the server may be called by any name. Otherwise only by an address
   * or as `localhost`, so that a page of another site cannot read it by a name
   * of its own that it points here.
   */
  anyName: boolean;
  /** The answer of `/metrics`. */
  metrics(request: Request): Promise<Response>;
  /** The answer of `/probe`. */
  probe(request: Request): Promise<Response>;
  /** The answer of `/sd`. */
  discovery(request: Request): Response;
  /** The answer of `/api/mesh`. */
  mesh(): Promise<Mesh>;
  /** Reads the configuration again; says what is wrong, or `null`. */
  reload(): Promise<string | null>;
  /** A file of the page; `null` if there is none of that path. */
  page(request: Request): Promise<Response | null>;
}

/**
 * Makes the function that answers requests.
 *
 * @param routes What to answer with.
 * @returns The function, for `Deno.serve`.
 */
export function monitorHandler(
  routes: Routes,
): (request: Request, from: { remoteAddr: Deno.Addr }) => Promise<Response> {
  const expected = routes.token === null ? null : digest(routes.token);
  const open = { answers: 0, streams: 0 };
  return async (request, { remoteAddr }) => {
    const leave = routes.admission.accept(remoteAddr);
    if (leave === "denied") return failed(403, "Your address is not allowed");
    if (typeof leave === "string") return busy(429);
    const url = URL.parse(request.url);
    if (url === null) {
      leave();
      return failed(400, "The host of the request is invalid");
    }
    const { pathname, hostname } = url;
    const isStream = pathname === "/api/events";
    const kind = isStream ? "streams" : "answers";
    if (open[kind] >= (isStream ? MAX_STREAMS : MAX_ANSWERS)) {
      leave();
      return busy(503);
    }
    open[kind] += 1;
    const end = () => {
      open[kind] -= 1;
      leave();
    };
    try {
      const isNamed = !/^(localhost|[0-9.]+|\[.*\])$/.test(hostname);
      if (isNamed && !routes.anyName) {
        throw new RequestError(
          403,
          `Call it by its address, not as ${hostname}`,
        );
      }
      const response = isProtected(pathname) && !hasToken(request, expected)
        ? failed(401, NO_TOKEN, { "www-authenticate": "Bearer" })
        : isStream
        ? liveEvents(routes.keeper, request)
        : await answer(routes, request, pathname);
      return bounded(response, isStream ? null : ANSWER_MS, end);
    } catch (error) {
      end();
      if (error instanceof RequestError) {
        return failed(error.status, error.message);
      }
      return failed(503, `Cannot answer: ${(error as Error).message}`);
    }
  };
}

function busy(status: number): Response {
  return failed(status, "Too many requests; try again later", {
    "retry-after": "5",
  });
}

function isProtected(path: string): boolean {
  return /^\/(api\/|metrics|probe|sd|-\/)/.test(path) &&
    !OPEN_PATHS.includes(path);
}

function hasToken(request: Request, expected: Uint8Array | null): boolean {
  if (expected === null) return true;
  const [, token = ""] = /^Bearer (.+)$/i.exec(
    request.headers.get("authorization") ?? "",
  ) ?? [];
  return timingSafeEqual(digest(token), expected); // of equal length
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

async function answer(
  routes: Routes,
  request: Request,
  path: string,
): Promise<Response> {
  const isReload = path === "/-/reload";
  if (
    isReload ? request.method !== "POST" : !/^(GET|HEAD)$/.test(request.method)
  ) {
    const allow = isReload ? "POST" : "GET, HEAD";
    return failed(405, `The method is ${allow}`, { allow });
  }
  const { keeper } = routes;
  const query = new URL(request.url).searchParams;
  switch (path) {
    case "/api/targets":
      return new Response(encodeOnce(keeper.list()), {
        headers: {
          "content-type": "application/json",
          "cache-control": "no-store",
        },
      });
    case "/api/series": {
      const target = query.get("target");
      if (target === null) {
        throw new RequestError(400, "The query needs target=ID");
      }
      const columns = numberParameter(query, "columns", DEFAULT_COLUMNS);
      if (columns < 1 || columns > MAX_COLUMNS) {
        throw new RequestError(400, `columns is from 1 to ${MAX_COLUMNS}`);
      }
      return json(
        keeper.series(target, spanParameter(query, 3 * 3600), columns) ??
          unknownTarget(target),
      );
    }
    case "/api/outages": {
      const target = query.get("target") ?? undefined;
      return json(keeper.outages(spanParameter(query, 30 * DAY), target));
    }
    case "/api/mesh":
      return json(await routes.mesh());
    case "/metrics":
      return await routes.metrics(request);
    case "/probe":
      return await routes.probe(request);
    case "/sd":
      return routes.discovery(request);
    case "/-/healthy":
      return text("healthy");
    case "/-/ready":
      return keeper.targets.size > 0
        ? text("ready")
        : text("there is no target yet", 503);
    case "/-/reload": {
      const problem = await routes.reload();
      return problem === null ? text("reloaded") : text(problem, 400);
    }
  }
  return await routes.page(request) ?? failed(404, `There is no ${path}`);
}

function unknownTarget(id: string): never {
  throw new RequestError(404, `There is no target ${id}`);
}

function numberParameter(
  query: URLSearchParams,
  key: string,
  otherwise: number,
): number {
  const text = query.get(key);
  if (text === null) return otherwise;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new RequestError(400, `${key} is a number, not "${text}"`);
}

/** Both ends are limited: a span without an end would never be answered. */
function spanParameter(query: URLSearchParams, defaultSeconds: number) {
  const now = Date.now() / 1000;
  const to = Math.min(numberParameter(query, "to", now), now + DAY);
  const from = Math.max(
    numberParameter(query, "from", to - defaultSeconds),
    to - MAX_SPAN,
    0,
  );
  if (from < to) return { from, to };
  throw new RequestError(400, "from must be before to, both in Unix seconds");
}
