#!/usr/bin/env -S deno run --allow-net=127.0.0.1
/**
 * Measurement server: echoes probes, so that a client can measure round-trip time
 * and throughput.
 *
 * Protocol:   measure, the three phases of the course, over TCP, port 10000:
 *               s TYPE PROBES SIZE DELAY  ->  200 OK: Ready
 *               m SEQ PAYLOAD             ->  m SEQ PAYLOAD, DELAY ms later
 *               t                         ->  200 OK: Closing Connection
 * Socket:     stream
 * Permission: --allow-net=HOST, to listen there; --allow-env=ROUNDTRIP_KEY or
 *             --allow-read=FILE for a shared key; --allow-read=FILE for the
 *             files of TLS
 *
 *     $ deno task measure-server
 *     listening tcp 127.0.0.1:10000
 *
 *     $ printf 's rtt 1 5 0\nm 1 hello\nt\n' | ncat 127.0.0.1 10000
 *     200 OK: Ready
 *     m 1 hello
 *     200 OK: Closing Connection
 *
 * @module
 */

import {
  findSharedKey,
  SHARED_KEY_HELP,
  SHARED_KEY_OPTION,
} from "../lib/cli/key_options.ts";
import { custom, duration, integer, size } from "../lib/cli/option.ts";
import { defineProgram } from "../lib/cli/program.ts";
import {
  ConnectionLog,
  listen,
  listenOptions,
  STREAM_SERVER_OPTIONS,
} from "../lib/cli/server_options.ts";
import { TLS_SERVER_HELP } from "../lib/cli/tls_options.ts";
import { serveStreams } from "../lib/net/serve_streams.ts";
import { parseServerDialect } from "../lib/measure/dialects.ts";
import { SETUP_LIMITS } from "../lib/measure/messages.ts";
import { DEFAULT_MEMORY_BYTES, measureStreams } from "../lib/measure/server.ts";

/** Runs the server until it is interrupted; returns the exit code. */
export const main = defineProgram({
  name: "measure-server",
  summary: "Echoes probes so that measure-client can time them.",
  operands: "",
  details: [
    "The server answers a setup that exceeds a limit with the protocol's error. --max-memory limits all clients together: each connection counts as 20K and its payload and, with a delay, 64K for the echoes that wait. A client that would exceed it is refused. The program itself takes 60M to 80M more.",
    "--dialect serves clients that do not keep to the protocol: from-zero numbers the probes from 0; ready=TEXT is the reply to the setup; no-lf ends replies without a newline; payload-only echoes the payload alone; flush takes messages without a newline, the setup after 100 ms of silence and a probe at its length. The log says which clients leave without a probe, or send no newline.",
    SHARED_KEY_HELP,
    TLS_SERVER_HELP,
  ],
  options: {
    ...listenOptions(10000),
    maxProbes: integer("probes of a session", {
      max: SETUP_LIMITS.probes,
      default: `${SETUP_LIMITS.probes}`,
    }),
    maxSize: size("payload of a probe", {
      max: SETUP_LIMITS.sizeBytes,
      default: `${SETUP_LIMITS.sizeBytes / 2 ** 20}M`,
    }),
    maxDelay: duration("delay of an echo", {
      min: 0,
      max: SETUP_LIMITS.delayMs,
      default: `${SETUP_LIMITS.delayMs / 1000}s`,
    }),
    maxMemory: size("memory of all sessions together", {
      min: 2 ** 20,
      max: 2 ** 40,
      default: `${DEFAULT_MEMORY_BYTES / 2 ** 20}M`,
    }),
    dialect: custom(
      "NAME,...",
      parseServerDialect,
      "deviate for other clients: from-zero, ready=TEXT, no-lf, payload-only, flush",
    ),
    ...SHARED_KEY_OPTION,
    ...STREAM_SERVER_OPTIONS,
  },
  examples: [
    "",
    "--mode iterative",
    "--dialect from-zero,no-lf",
    "--host 0.0.0.0 --max-size 64K",
  ],
}, async (run) => {
  const { host, port, maxProbes, maxSize, maxDelay, maxMemory } = run.options;
  const { dialect, reusePort } = run.options;
  const key = await findSharedKey(run.options.keyFile);
  const listener = await listen(
    run,
    { transport: "tcp", hostname: host, port, reusePort },
    (address) => Deno.listen(address),
  );
  if (key) run.terminal.info("clients must have the shared key");
  let unauthenticated = 0;
  const service = measureStreams({
    limits: { probes: maxProbes, sizeBytes: maxSize, delayMs: maxDelay },
    memoryBytes: maxMemory,
    ...(dialect && { dialect }),
    key,
    onUnauthenticated: () => unauthenticated += 1,
    log: (line) => run.terminal.log(line),
  });
  const log = new ConnectionLog(run);
  await serveStreams(listener, service, log.serving);
  log.report();
  if (key) run.terminal.info(`without the shared key: ${unauthenticated}`);
  return 0;
});

if (import.meta.main) Deno.exit(await main(Deno.args));
