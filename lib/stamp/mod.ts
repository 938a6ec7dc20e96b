/**
 * STAMP, RFC 8762: its packets, the reflector and the sender.
 *
 * @module
 */

export * from "./floor.ts";
export * from "./key.ts";
export * from "./outstanding_probes.ts";
export * from "./packet.ts";
export * from "./reflector.ts";
export * from "./reply.ts";
export * from "./request.ts";
export * from "./session.ts";
export * from "./session_options.ts";
export * from "./session_table.ts";
export * from "./timestamp.ts";
export * from "./tlv.ts";
