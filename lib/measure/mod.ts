/**
 * The course protocol: its messages, its server and its client.
 *
 * @module
 */

export * from "./client.ts";
export * from "./connect.ts";
export * from "./dialects.ts";
export * from "./floor.ts";
export * from "./messages.ts";
export * from "./phases.ts";
export * from "./probe.ts";
export * from "./server.ts";
