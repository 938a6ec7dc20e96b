/**
 * Sockets with deadlines, servers of streams and datagrams, addresses, a shared
 * key, and an emulated bad path.
 *
 * @module
 */

export { FramingError } from "../framing/line_decoder.ts";
export * from "./address.ts";
export * from "./admission.ts";
export * from "./connect.ts";
export * from "./datagram_socket.ts";
export * from "./errors.ts";
export * from "./impaired_path.ts";
export * from "./networks.ts";
export * from "./key_file.ts";
export * from "./queue_watch.ts";
export * from "./rate_limiter.ts";
export * from "./serve_datagrams.ts";
export * from "./serve_streams.ts";
export * from "./shared_key.ts";
export * from "./source.ts";
export * from "./stream_connection.ts";
export * from "./throttled_log.ts";
export * from "./tls.ts";
export * from "./tls_listener.ts";
