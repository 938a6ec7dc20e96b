/**
 * Serves the connections of a listener, one at a time or all at once.
 *
 * @module
 */

import { sleepUntil } from "../timing/sleep.ts";
import { errorMessage, isDisconnect } from "./errors.ts";
import { StreamConnection, type StreamLimits } from "./stream_connection.ts";

/**
 * What a server does with one connection. When it returns, the connection is
 * ended gracefully; when it throws, it is closed. Neither ends the server.
 */
export type StreamHandler = (connection: StreamConnection) => Promise<void>;

/** One client at a time, or all of them side by side. */
export type ServerMode = "iterative" | "concurrent";

/** How to serve a listener. */
export interface ServeStreamsOptions {
  /** Default `"concurrent"`. */
  mode?: ServerMode;
  /** What each connection may cost. */
  limits?: Partial<StreamLimits>;
  /** Further clients wait in the listener's backlog. Default
   * {@linkcode DEFAULT_MAX_CONNECTIONS}. */
  maxConnections?: number;
  /** Ends the serving: see {@linkcode serveStreams}. */
  signal?: AbortSignal;
  /** Told each error that ended a connection, and is not an ordinary end. */
  log?: (line: string) => void;
}

/** How many connections a server holds open unless told otherwise. */
export const DEFAULT_MAX_CONNECTIONS = 10_000;
/** How long replies under way may take once the server stops. */
const GRACE_MS = 5000;
/** How long to wait before accepting again when the system is out of files. */
const ACCEPT_PAUSE_MS = 100;

/**
 * Serves until the signal is aborted or the listener is closed.
 *
 * On abort it closes the listener, then each connection as soon as no reply is
 * under way on it, and after five seconds whatever is left.
 *
 * @param listener A bound listener; it is closed at the end.
 * @param handler What to do with each connection.
 *
 * @example A server of one line
 * ```ts
 * import { serveStreams } from "./serve_streams.ts";
 * import { StreamConnection } from "./stream_connection.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const stop = new AbortController();
 * const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const served = serveStreams(listener, async (connection) => {
 *   const line = await connection.readLine();
 *   if (line !== null) await connection.writeAll(line);
 * }, { signal: stop.signal });
 *
 * {
 *   const { port } = listener.addr;
 *   using client = new StreamConnection(
 *     await Deno.connect({ hostname: "127.0.0.1", port }),
 *   );
 *   await client.writeAll(new TextEncoder().encode("hello\n"));
 *   const reply = await client.readLine();
 *   assertEquals(reply && new TextDecoder().decode(reply), "hello\n");
 * }
 * stop.abort();
 * await served;
 * ```
 */
export async function serveStreams(
  listener: Deno.Listener<Deno.Conn>,
  handler: StreamHandler,
  options: ServeStreamsOptions = {},
): Promise<void> {
  const { mode = "concurrent", signal } = options;
  const { maxConnections = DEFAULT_MAX_CONNECTIONS } = options;
  const log = options.log ?? (() => {});
  const open = new Map<StreamConnection, Promise<void>>();
  let stopped = false;
  let roomMade = Promise.withResolvers<void>();

  const stop = () => {
    if (stopped) return;
    stopped = true;
    close(listener);
    for (const connection of open.keys()) connection.stop();
    roomMade.resolve();
  };
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();

  while (!stopped) {
    let conn;
    try {
      conn = await listener.accept();
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) break;
      if (stopped) break;
      // A client that left before it was accepted costs the others nothing.
      if (isDisconnect(error)) continue;
      // The system is out of files or memory: later it may have some again.
      log(`Cannot accept a connection: ${errorMessage(error)}`);
      await sleepUntil(performance.now() + ACCEPT_PAUSE_MS, signal);
      continue;
    }
    const serving = serveOne(conn);
    if (mode === "iterative") await serving;
    while (open.size >= maxConnections && !stopped) {
      roomMade = Promise.withResolvers<void>();
      await roomMade.promise;
    }
  }

  stop();
  signal?.removeEventListener("abort", stop);
  const late = setTimeout(() => {
    for (const connection of open.keys()) connection.close();
  }, GRACE_MS);
  await Promise.all(open.values());
  clearTimeout(late);

  function serveOne(conn: Deno.Conn): Promise<void> {
    let connection;
    try {
      connection = new StreamConnection(conn, options.limits);
    } catch { // the client has already gone
      conn.close();
      return Promise.resolve();
    }
    const serving = Promise.resolve(connection).then(handle);
    open.set(connection, serving);
    if (stopped) connection.stop();
    return serving;
  }

  async function handle(connection: StreamConnection): Promise<void> {
    try {
      await handler(connection);
      await connection.finish();
    } catch (error) {
      if (!isDisconnect(error)) {
        log(`${connection.remote}: ${errorMessage(error)}; connection closed`);
      }
    } finally {
      connection.close();
      open.delete(connection);
      roomMade.resolve();
    }
  }
}

function close(listener: Deno.Listener): void {
  try {
    listener.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
