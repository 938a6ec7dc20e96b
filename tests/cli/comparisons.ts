/**
 * What the experiments of a comparison are given in tests: sockets on loopback,
 * servers that end with their block, and servers that misbehave.
 *
 * @module
 */

import { assertLess } from "@std/assert";
import { LocalServers } from "../../lib/cli/local_servers.ts";
import type { StampOptions } from "../../lib/stamp/session.ts";
import {
  StreamConnection,
  type StreamLimits,
} from "../../lib/net/stream_connection.ts";
import {
  bytes,
  openDatagrams,
  type RunningServer,
  streamServer,
} from "../fixtures.ts";

/** How long an answer is waited for, in milliseconds. */
export const PATIENCE_MS = 2000;
/** What is long enough for one that is not waited out, on a busy machine. */
export const BOUND_MS = 10_000;

/** Listens on a free port. */
export function listen(): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

/** Connects with the bare socket, Nagle's algorithm as it is at first. */
export function connectTo(
  { hostname, port }: Deno.NetAddr,
): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname, port });
}

/** Connects. */
export async function dialTo(
  addr: Deno.NetAddr,
  limits: Partial<StreamLimits> = {},
): Promise<StreamConnection> {
  return new StreamConnection(await connectTo(addr), {
    readMs: PATIENCE_MS,
    writeMs: PATIENCE_MS,
    ...limits,
  });
}

/** Servers of the code under test that end with their block. */
export class ServersInScope extends LocalServers implements AsyncDisposable {
  /** Of the measurement protocol, and a reflector. */
  both(): { course: Deno.NetAddr; reflector: Deno.NetAddr } {
    return {
      course: this.streams(listen()),
      reflector: this.reflector(openDatagrams()),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** How datagrams are made; how many and when is up to the experiment. */
export function stampOptions(
  signal: AbortSignal,
  timeoutMs = PATIENCE_MS,
): StampOptions {
  return {
    request: { sizeBytes: 100, ssid: 7, format: "ntp", errorUs: 1 },
    count: 1,
    durationMs: Infinity,
    schedule: null,
    intervalMs: 0,
    warmup: 0,
    timeoutMs,
    signal,
  };
}

/** A server that answers every line with the same one. */
export function repeatingServer(reply: string): RunningServer {
  return streamServer(async (connection) => {
    while (await connection.readLine() !== null) {
      await connection.writeAll(bytes(reply));
    }
  });
}

/** A server that refuses the first line in the protocol's words, and closes. */
export function refusingServer(): RunningServer {
  return streamServer(async (connection) => {
    await connection.readLine();
    await connection.writeAll(
      bytes("404 ERROR: Invalid Connection Setup Message\n"),
    );
  });
}

/** A server that closes at once. */
export function closingServer(): RunningServer {
  return streamServer(() => Promise.resolve());
}

/** A server that reads everything and says nothing. */
export function silentServer(): RunningServer {
  return streamServer(async (connection) => {
    while (await connection.readLine() !== null);
  });
}

/** Makes sure that something ends in bounded time, well or badly. */
export async function inTime<T>(action: () => Promise<T>): Promise<T> {
  const startMs = performance.now();
  try {
    return await action();
  } finally {
    assertLess(performance.now() - startMs, BOUND_MS);
  }
}
