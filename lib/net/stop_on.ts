/**
 * A connection that ends with a signal.
 *
 * @module
 */

import type { StreamConnection } from "./stream_connection.ts";

/**
 * Stops a connection when a signal is aborted, at once if it has been: what
 * waits for the peer then gets the end of the stream.
 *
 * @param signal The signal, if there is one.
 * @param connection The connection.
 * @returns To be disposed of before the connection is.
 *
 * @example Usage
 * ```ts
 * import { stopOn } from "./stop_on.ts";
 * import { StreamConnection } from "./stream_connection.ts";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using silent = new StreamConnection(
 *   await Deno.connect({ hostname: "127.0.0.1", port }),
 * );
 * using _ = stopOn(AbortSignal.timeout(10), silent);
 * assertEquals(await silent.readLine(), null);
 * (await listener.accept()).close();
 * ```
 */
export function stopOn(
  signal: AbortSignal | undefined,
  connection: StreamConnection,
): Disposable {
  const stop = () => connection.stop();
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  return {
    [Symbol.dispose]: () => signal?.removeEventListener("abort", stop),
  };
}
