/**
 * The options that servers share.
 *
 * @module
 */

import {
  DEFAULT_MAX_CONNECTIONS,
  type ServeStreamsOptions,
} from "../net/serve_streams.ts";
import { DEFAULT_STREAM_LIMITS } from "../net/stream_connection.ts";
import { parseTransform } from "../text/transform.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { OptionTable, OptionValues, Quantity, Text } from "./options.ts";

/** The options that say where a server listens. */
export interface ListenOptions {
  /** The address. */
  host: Text & { default: string };
  /** The port; 0 for a free one. */
  port: Quantity & { default: string };
}

/**
 * Where a server listens.
 *
 * @param port Its default port.
 * @returns The options `--host` and `--port`.
 */
export function listenOptions(port: number): ListenOptions {
  return {
    host: {
      kind: "text",
      placeholder: "HOST",
      default: "127.0.0.1",
      help: "address to listen on; 0.0.0.0 or :: for all",
    },
    port: {
      kind: "integer",
      short: "p",
      min: 0,
      max: 65535,
      default: `${port}`,
      help: "port to listen on; 0 picks a free one",
    },
  };
}

/** What the uppercase servers reply. */
export const TRANSFORM_OPTION = {
  transform: {
    kind: "custom",
    placeholder: "NAME",
    parse: parseTransform,
    default: "upper",
    help: "upper, echo, reverse or count=LETTER",
  },
} as const satisfies OptionTable;

/** How a stream server treats its clients. */
export const STREAM_SERVER_OPTIONS = {
  mode: {
    kind: "choice",
    choices: ["iterative", "concurrent"],
    default: "concurrent",
    help: "serve one client at a time, or all at once",
  },
  idleTimeout: {
    kind: "duration",
    min: 1,
    max: 86_400_000,
    default: `${DEFAULT_STREAM_LIMITS.readMs / 60_000}m`,
    help: "close a connection if its next message takes longer",
  },
  maxConnections: {
    kind: "integer",
    min: 1,
    max: 1_000_000,
    default: `${DEFAULT_MAX_CONNECTIONS}`,
    help: "connections at once; more clients wait",
  },
} as const satisfies OptionTable;

/**
 * Turns the options of a stream server into those of `serveStreams`.
 *
 * @param run A run of a program that has {@linkcode STREAM_SERVER_OPTIONS}.
 * @returns The options of `serveStreams`.
 */
export function servingOf(
  run: {
    options: OptionValues<typeof STREAM_SERVER_OPTIONS>;
    signal: AbortSignal;
    terminal: Terminal;
  },
): ServeStreamsOptions {
  const { mode, idleTimeout, maxConnections } = run.options;
  return {
    mode,
    limits: { readMs: idleTimeout },
    maxConnections,
    signal: run.signal,
    log: (line) => run.terminal.log(line),
  };
}
