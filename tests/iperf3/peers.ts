/**
 * Throughput servers under test, and peers that send by hand what a real one
 * never does.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ThroughputClient } from "../../lib/iperf3/client.ts";
import { newCookie } from "../../lib/iperf3/messages.ts";
import { parseParameters } from "../../lib/iperf3/parameters.ts";
import {
  type ServedTest,
  serveThroughput,
  type ServeThroughputOptions,
} from "../../lib/iperf3/server.ts";
import { bytes, openDatagrams, RunningServer, writeAll } from "../fixtures.ts";

/** A server on loopback that keeps what it served. */
export class TestServer extends RunningServer {
  /** The tests that have ended. */
  readonly tests: ServedTest[] = [];

  constructor(options: ServeThroughputOptions = {}) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const socket = openDatagrams(listener.addr.port);
    const tests: ServedTest[] = [];
    super(
      listener.addr,
      (given) =>
        serveThroughput(listener, socket, {
          controlTimeoutMs: 3000,
          ...options,
          ...given,
          onTest: (test) => tests.push(test),
        }),
    );
    this.tests = tests;
  }
}

/** Measures with a server, with parameters as they are on the wire. */
export function testClient(
  port: number,
  parameters: object,
  options: { signal?: AbortSignal; stepTimeoutMs?: number } = {},
): ThroughputClient {
  return new ThroughputClient({
    connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
    openDatagrams: () => openDatagrams(),
  }, {
    parameters: parseParameters(parameters),
    intervalSec: 0.1,
    ...options,
  });
}

/** A length in network byte order, and JSON. */
export function framed(value: unknown): Uint8Array<ArrayBuffer> {
  const body = bytes(typeof value === "string" ? value : JSON.stringify(value));
  const message = new Uint8Array(4 + body.length);
  new DataView(message.buffer).setUint32(0, body.length);
  message.set(body, 4);
  return message;
}

/** One end of a control connection, by hand. */
export class Hand implements Disposable {
  /** The cookie that it sends, or was sent. */
  cookie: Uint8Array<ArrayBuffer> = newCookie();
  #conn: Deno.TcpConn;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    conn.setNoDelay(true);
  }

  /** Connects to a server; says nothing yet. */
  static async to({ addr }: { addr: Deno.NetAddr }): Promise<Hand> {
    const { hostname, port } = addr;
    return new Hand(await Deno.connect({ hostname, port }));
  }

  /** Sends bytes, also to a peer that has gone. */
  async send(...parts: (number | Uint8Array)[]): Promise<void> {
    for (const part of parts) {
      const content = typeof part === "number" ? Uint8Array.of(part) : part;
      await writeAll(this.#conn, content).catch(() => {});
    }
  }

  /** Reads so many bytes; fewer if the stream ends. */
  async take(count: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(count);
    let done = 0;
    while (done < count) {
      const read = await this.#conn.read(buffer.subarray(done))
        .catch(() => null);
      if (read === null) break;
      done += read;
    }
    return buffer.subarray(0, done);
  }

  /** Reads states, which have to be those. */
  async expect(...states: number[]): Promise<void> {
    assertEquals([...await this.take(states.length)], states);
  }

  /** Reads a length and JSON. */
  async takeJson(): Promise<Record<string, unknown>> {
    const head = await this.take(4);
    const length = new DataView(head.buffer).getUint32(0);
    return JSON.parse(new TextDecoder().decode(await this.take(length)));
  }

  /** Reads until the peer ends the connection; gives what came before. */
  async untilEnd(): Promise<number[]> {
    return [...await this.take(4096)];
  }

  /** Sends the cookie, awaits the request for parameters, and sends them. */
  async begin(parameters: unknown): Promise<void> {
    await this.send(this.cookie);
    await this.expect(9);
    await this.send(framed(parameters));
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch { // it was closed before
    }
  }
}

/** Results that a client with one stream sends. */
export const ONE_STREAM = {
  cpu_util_total: 1,
  cpu_util_user: 1,
  cpu_util_system: 0,
  sender_has_retransmits: -1,
  streams: [
    { id: 1, bytes: 1000, retransmits: -1, jitter: 0, errors: 0, packets: 0 },
  ],
};
