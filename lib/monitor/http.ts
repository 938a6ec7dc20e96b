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
import type { LiveEvents, Mesh } from "./api.ts";
import { type Keeper, MAX_COLUMNS } from "./keeper.ts";

/** Streams of events at a time. */
const MAX_STREAMS = 200;
/** Other answers under way at a time. */
const MAX_ANSWERS = 256;
/** A reader has so long for an answer, in milliseconds. */
const ANSWER_MS = 30_000;
/** A comment keeps a stream of events open, in milliseconds. */
const KEEP_ALIVE_MS = 15_000;
/** A stream whose reader leaves so many bytes unread is closed. */
const MAX_UNREAD_BYTES = 1_000_000;
const CHUNK_BYTES = 65_536;
const DEFAULT_COLUMNS = 600;
const DAY = 86_400;
/** No span is longer than this, in seconds. */
const MAX_SPAN = 20 * 366 * DAY;
/** Paths that tell nothing of a target. */
const OPEN_PATHS = ["/-/healthy", "/-/ready"];

/** What the server answers with, beside the keeper. */
export interface Routes {
  /** Knows all targets. */
  keeper: Keeper;
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

/** An error that is the client's. */
export class RequestError extends Error {
  /** The status of the answer. */
  readonly status: number;

  /**
   * Creates the error.
   *
   * @param status The status of the answer.
   * @param message One sentence.
   */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Makes the function that answers requests.
 *
 * @param routes What to answer with.
 * @returns The function, for `Deno.serve`.
 */
export function monitorHandler(
  routes: Routes,
): (request: Request) => Promise<Response> {
  const expected = routes.token === null ? null : digest(routes.token);
  const open = { answers: 0, streams: 0 };
  return async (request) => {
    const { pathname } = new URL(request.url);
    const isStream = pathname === "/api/events";
    const kind = isStream ? "streams" : "answers";
    if (open[kind] >= (isStream ? MAX_STREAMS : MAX_ANSWERS)) {
      return failed(503, "Too many requests are under way; try again later", {
        "retry-after": "5",
      });
    }
    open[kind] += 1;
    const end = () => open[kind] -= 1;
    try {
      const { hostname } = new URL(request.url);
      const isNamed = !/^(localhost|[0-9.]+|\[.*\])$/.test(hostname);
      if (isNamed && !routes.anyName) {
        throw new RequestError(
          403,
          `Call it by its address, not as ${hostname}`,
        );
      }
      const response = isProtected(pathname) && !hasToken(request, expected)
        ? unauthorized()
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

function unauthorized(): Response {
  return failed(
    401,
    "This monitor needs a token: send the header Authorization: Bearer TOKEN",
    { "www-authenticate": "Bearer" },
  );
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
      const columns = numberOf(query, "columns", DEFAULT_COLUMNS);
      if (columns < 1 || columns > MAX_COLUMNS) {
        throw new RequestError(400, `columns is from 1 to ${MAX_COLUMNS}`);
      }
      return json(
        keeper.series(target, spanOf(query, 3 * 3600), columns) ??
          unknownTarget(target),
      );
    }
    case "/api/outages": {
      const target = query.get("target") ?? undefined;
      return json(keeper.outages(spanOf(query, 30 * DAY), target));
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

function numberOf(
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
function spanOf(query: URLSearchParams, defaultSeconds: number) {
  const now = Date.now() / 1000;
  const to = Math.min(numberOf(query, "to", now), now + DAY);
  const from = Math.max(
    numberOf(query, "from", to - defaultSeconds),
    to - MAX_SPAN,
    0,
  );
  if (from < to) return { from, to };
  throw new RequestError(400, "from must be before to, both in Unix seconds");
}

/** Sends what happens until the reader goes, or reads too slowly. */
function liveEvents(keeper: Keeper, request: Request): Response {
  const only = new URL(request.url).searchParams.getAll("target");
  let end = () => {};
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      const send = (bytes: Uint8Array<ArrayBuffer>) => {
        if (controller.desiredSize! < 0) {
          end();
          controller.error(new Error("the reader is too slow"));
        } else controller.enqueue(bytes);
      };
      const unsubscribe = keeper.subscribe((event, data) => {
        const chosen = chosenTargets(event, data, only);
        if (chosen === null) return;
        send(
          encodeOnce(chosen, (json) => `event: ${event}\ndata: ${json}\n\n`),
        );
      });
      const timer = setInterval(() => send(COMMENT), KEEP_ALIVE_MS);
      end = () => {
        unsubscribe();
        clearInterval(timer);
      };
      send(COMMENT);
    },
    cancel: () => end(),
  }, new ByteLengthQueuingStrategy({ highWaterMark: MAX_UNREAD_BYTES }));
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
    },
  });
}

const encoder = new TextEncoder();
const COMMENT = encoder.encode(":\n\n");
const encoded = new WeakMap<object, Uint8Array<ArrayBuffer>>();

/** What many readers get is encoded once; it must not change. */
function encodeOnce(
  value: object,
  format = (json: string) => json,
): Uint8Array<ArrayBuffer> {
  let bytes = encoded.get(value);
  if (bytes === undefined) {
    bytes = encoder.encode(format(JSON.stringify(value)));
    encoded.set(value, bytes);
  }
  return bytes;
}

/** The part of an event that is of some targets; `null` for none. */
function chosenTargets<K extends keyof LiveEvents>(
  event: K,
  data: LiveEvents[K],
  only: string[],
): object | null {
  if (only.length === 0) return data;
  if (event === "status") {
    const status = data as LiveEvents["status"];
    const targets = status.targets.filter(({ id }) => only.includes(id));
    return targets.length === 0 ? null : { ...status, targets };
  }
  const { target } = data as { target?: string };
  return target === undefined || only.includes(target) ? data : null;
}

/** Gives a body a deadline, and tells its end. */
function bounded(
  response: Response,
  deadlineMs: number | null,
  end: () => void,
): Response {
  const { body } = response;
  if (body === null) {
    end();
    return response;
  }
  const reader = body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const finish = () => {
    clearTimeout(timer);
    end();
  };
  let rest: Uint8Array = new Uint8Array(0);
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      if (deadlineMs === null) return;
      timer = setTimeout(() => {
        end();
        reader.cancel().catch(() => {});
        controller.error(new Error("the reader is too slow"));
      }, deadlineMs);
    },
    async pull(controller) {
      try {
        if (rest.length === 0) {
          const { done, value } = await reader.read();
          if (done) {
            finish();
            return controller.close();
          }
          rest = value;
        }
        controller.enqueue(rest.subarray(0, CHUNK_BYTES));
        rest = rest.subarray(CHUNK_BYTES);
      } catch (error) {
        finish();
        throw error;
      }
    },
    cancel(reason) {
      finish();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return new Response(stream, response);
}

/**
 * An answer in JSON.
 *
 * @param value The content.
 * @param status The status.
 * @param headers Other headers.
 */
export function json(
  value: unknown,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  return Response.json(value, {
    status,
    headers: { "cache-control": "no-store", ...headers },
  });
}

/**
 * An answer of one line.
 *
 * @param line The line.
 * @param status The status.
 */
export function text(line: string, status = 200): Response {
  return new Response(`${line}\n`, { status });
}

function failed(
  status: number,
  error: string,
  headers: Record<string, string> = {},
): Response {
  return json({ error }, status, headers);
}
