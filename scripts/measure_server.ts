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
 * Permission: --allow-net=HOST, to listen there
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

import { withContext } from "../lib/cli/context.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";
import {
  ConnectionLog,
  listenOptions,
  STREAM_SERVER_OPTIONS,
} from "../lib/cli/server_options.ts";
import { formatAddress } from "../lib/net/address.ts";
import { serveStreams } from "../lib/net/serve_streams.ts";
import { parseServerDialect } from "../lib/measure/dialects.ts";
import { SETUP_LIMITS } from "../lib/measure/messages.ts";
import { DEFAULT_MEMORY_BYTES, measureStreams } from "../lib/measure/server.ts";

const program = defineProgram({
  name: "measure-server",
  summary: "Echoes probes so that measure-client can time them.",
  operands: "",
  details: [
    "The server answers a setup that exceeds a limit with the protocol's error. --max-memory limits all clients together: each connection counts as 20K and its payload and, with a delay, 64K for the echoes that wait. A client that would exceed it is refused. The program itself takes 50M.",
    "--dialect serves clients that do not keep to the protocol: from-zero numbers the probes from 0; ready=TEXT is the reply to the setup; no-lf ends replies without a newline; payload-only echoes the payload alone; flush takes messages without a newline, the setup after 100 ms of silence and a probe at its length. The log says which clients leave without a probe, or send no newline.",
  ],
  options: {
    ...listenOptions(10000),
    maxProbes: {
      kind: "integer",
      min: 1,
      max: SETUP_LIMITS.probes,
      default: `${SETUP_LIMITS.probes}`,
      help: "probes of a session",
    },
    maxSize: {
      kind: "size",
      min: 1,
      max: SETUP_LIMITS.sizeBytes,
      default: `${SETUP_LIMITS.sizeBytes / 2 ** 20}M`,
      help: "payload of a probe",
    },
    maxDelay: {
      kind: "duration",
      min: 0,
      max: SETUP_LIMITS.delayMs,
      default: `${SETUP_LIMITS.delayMs / 1000}s`,
      help: "delay of an echo",
    },
    maxMemory: {
      kind: "size",
      min: 1024 * 1024,
      max: 1024 ** 4,
      default: `${DEFAULT_MEMORY_BYTES / 2 ** 20}M`,
      help: "memory of all sessions together",
    },
    dialect: {
      kind: "custom",
      placeholder: "NAME,...",
      parse: parseServerDialect,
      help:
        "deviate for other clients: from-zero, ready=TEXT, no-lf, payload-only, flush",
    },
    ...STREAM_SERVER_OPTIONS,
  },
  examples: [
    "",
    "--mode iterative",
    "--dialect from-zero,no-lf",
    "--host 0.0.0.0 --max-size 64K",
  ],
});

/** Runs the server until it is interrupted; returns the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(program, args, io, async (run) => {
    const { host, port, maxProbes, maxSize, maxDelay, maxMemory } = run.options;
    const { dialect } = run.options;
    const listener = await withContext(
      { action: "listen on", target: { hostname: host, port } },
      () => Deno.listen({ hostname: host, port }),
    );
    run.terminal.print(`listening tcp ${formatAddress(listener.addr)}`);
    const service = measureStreams({
      limits: { probes: maxProbes, sizeBytes: maxSize, delayMs: maxDelay },
      memoryBytes: maxMemory,
      ...(dialect && { dialect }),
      log: (line) => run.terminal.log(line),
    });
    const log = new ConnectionLog(run);
    await serveStreams(listener, service, log.serving);
    log.report();
    return 0;
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
