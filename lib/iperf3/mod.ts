/**
 * iperf3's protocol: its messages, the client and the server.
 *
 * @module
 */

export * from "./auth.ts";
export * from "./client.ts";
export * from "./datagram_hub.ts";
export * from "./datagrams.ts";
export * from "./flows.ts";
export * from "./iperf3_json.ts";
export * from "./json_checks.ts";
export * from "./messages.ts";
export * from "./parameters.ts";
export * from "./results.ts";
export * from "./server.ts";
export * from "./transfer.ts";
