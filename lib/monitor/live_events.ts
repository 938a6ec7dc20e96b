/**
 * `/api/events`: what happens, as server-sent events.
 *
 * @module
 */

import type { LiveEvents } from "./api.ts";
import type { Keeper } from "./keeper.ts";

/** A comment keeps a stream of events open, in milliseconds. */
const KEEP_ALIVE_MS = 15_000;
/** The maximum number of unread bytes; then the stream is closed. */
const MAX_UNREAD_BYTES = 1_000_000;

/**
 * Sends what happens until the reader goes, or reads too slowly.
 *
 * @param keeper Knows what happens.
 * @param request The request; `target` in its query, which may be repeated,
 * chooses targets.
 * @returns A stream of events without an end.
 */
export function liveEvents(keeper: Keeper, request: Request): Response {
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

/**
 * Encodes as JSON what many readers get, once.
 *
 * @param value The content; it must not change.
 * @param format Adds to the JSON.
 * @returns UTF-8.
 */
export function encodeOnce(
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
