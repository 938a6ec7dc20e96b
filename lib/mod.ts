/**
 * Everything that other projects build on: sockets with deadlines, servers,
 * measurements and statistics. Each room can be imported by itself.
 *
 * @example A server of one line
 * ```ts
 * import { serveStreams } from "./mod.ts";
 *
 * const stop = new AbortController();
 * const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const served = serveStreams(listener, async (connection) => {
 *   for (let line; (line = await connection.readLine()) !== null;) {
 *     await connection.writeAll(line);
 *   }
 * }, { signal: stop.signal });
 * stop.abort();
 * await served;
 * ```
 *
 * @module
 */

export * from "./framing/mod.ts";
export * from "./measure/mod.ts";
export * from "./net/mod.ts";
export * from "./result/mod.ts";
export * from "./stamp/mod.ts";
export * from "./stats/mod.ts";
export * from "./timing/mod.ts";
