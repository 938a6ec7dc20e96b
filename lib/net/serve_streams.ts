/**
 * Serves the connections of a listener, one at a time or all at once.
 *
 * @module
 */

import { sleepUntil } from "../timing/sleep.ts";
import { AdmissionControl } from "./admission.ts";
import { errorMessage, isDisconnect } from "./errors.ts";
import { StreamConnection, type StreamLimits } from "./stream_connection.ts";

/**
 * Serves one connection. When it returns, the connection is finished
 * gracefully; when it throws, the connection is closed. Neither stops the
 * server.
 */
export type StreamHandler = (connection: StreamConnection) => Promise<void>;

/** One client at a time, or all clients at once. */
export type ServerMode = "iterative" | "concurrent";

/** How to serve a listener. */
export interface ServeStreamsOptions {
  /** Default `"concurrent"`. */
  mode?: ServerMode;
  /** The limits of each connection. */
  limits?: Partial<StreamLimits>;
  /**
   * The most open connections; further clients wait in the listener's backlog.
   * Default {@linkcode DEFAULT_MAX_CONNECTIONS}.
   */
  maxConnections?: number;
  /**
   * Whose connections are accepted; others are closed at once. By default
   * everyone's, within the default limits.
   */
  admission?: AdmissionControl;
  /** Called when a connection starts; returns what to call at its end. */
  onConnection?: (connection: StreamConnection) => () => void;
  /** Stops the server: see {@linkcode serveStreams}. */
  signal?: AbortSignal;
  /**
   * How long pending replies may take once the server stops, in milliseconds.
   * Default 5000.
   */
  graceMs?: number;
  /** Receives a line for each error that closed a connection. */
  log?: (line: string) => void;
}

/** The default of `maxConnections`. */
export const DEFAULT_MAX_CONNECTIONS = 10_000;
/** How long to pause after a failed accept, in milliseconds. */
const ACCEPT_PAUSE_MS = 100;

/**
 * Serves until the signal is aborted or the listener is closed.
 *
 * On abort it closes the listener, then each connection once no reply is
 * pending on it, and all others after `graceMs`.
 *
 * @param listener A bound listener; it is closed at the end.
 * @param handler Serves one connection.
 * @param options Mode, limits, and the signal that stops the server.
 *
 * @example A server that echoes one line
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
  const { admission = new AdmissionControl() } = options;
  const open = new Map<StreamConnection, Promise<void>>();
  let stopped = false;
  let slotFreed = Promise.withResolvers<void>();

  const stop = () => {
    if (stopped) return;
    stopped = true;
    close(listener);
    for (const connection of open.keys()) connection.stop();
    slotFreed.resolve();
  };
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();

  while (!stopped) {
    let conn;
    try {
      conn = await listener.accept();
    } catch (error) {
      if (stopped || error instanceof Deno.errors.BadResource) break;
      // The client disconnected before it was accepted: no pause for that.
      if (isDisconnect(error)) continue;
      // The system is out of files or memory: try again after a pause.
      log(`Cannot accept a connection: ${errorMessage(error)}`);
      await sleepUntil(performance.now() + ACCEPT_PAUSE_MS, signal);
      continue;
    }
    const serving = serveOne(conn);
    if (mode === "iterative") await serving;
    while (open.size >= maxConnections && !stopped) {
      slotFreed = Promise.withResolvers<void>();
      await slotFreed.promise;
    }
  }

  stop();
  signal?.removeEventListener("abort", stop);
  const late = setTimeout(() => {
    for (const connection of open.keys()) connection.close();
  }, options.graceMs ?? 5000);
  await Promise.all(open.values());
  clearTimeout(late);

  function serveOne(conn: Deno.Conn): Promise<void> {
    const leave = admission.accept(conn.remoteAddr);
    if (typeof leave === "string") return Promise.resolve(conn.close());
    let connection: StreamConnection;
    try {
      connection = new StreamConnection(conn, options.limits);
    } catch { // the client has already disconnected
      leave();
      conn.close();
      return Promise.resolve();
    }
    const ended = options.onConnection?.(connection);
    const serving = Promise.resolve(connection).then(handle).finally(() => {
      leave();
      ended?.();
    });
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
      slotFreed.resolve();
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
