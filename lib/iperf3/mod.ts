/**
 * iperf3's protocol: its messages, the client and the server.
 *
 * {@linkcode ThroughputClient} loads a path with any number of streams, in one
 * direction or both. While it runs, `onBin` reports the bytes of every 100 ms,
 * `onInterval` what each stream moved in an interval, and `signal` ends the test
 * at any time, with results.
 *
 * @example Usage
 * ```ts
 * import { parseParameters, serveThroughput, ThroughputClient } from "./mod.ts";
 * import { assert } from "@std/assert";
 *
 * const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * const served = serveThroughput(listener, null, { oneOff: true });
 * const stop = new AbortController();
 * let bytes = 0;
 * const client = new ThroughputClient({
 *   connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
 * }, {
 *   parameters: parseParameters({ bidirectional: true, parallel: 2, time: 60 }),
 *   signal: stop.signal,
 *   onBin({ sentBytes, receivedBytes }) {
 *     bytes += sentBytes + receivedBytes;
 *     if (bytes > 0) stop.abort();
 *   },
 * });
 * await client.run();
 * await served;
 * for (const { receiver } of client.streams) assert(receiver!.bytes > 0);
 * ```
 *
 * @module
 */

export * from "./amount_limit.ts";
export * from "./auth.ts";
export * from "./client.ts";
export * from "./datagram_hub.ts";
export * from "./datagrams.ts";
export * from "./flow.ts";
export * from "./iperf3_json.ts";
export * from "./messages.ts";
export * from "./parameters.ts";
export * from "./results.ts";
export * from "./server.ts";
export * from "./transfer.ts";
