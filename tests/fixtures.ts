/**
 * Servers on loopback that end with their block, and clients that talk to them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import {
  type DatagramHandler,
  serveDatagrams,
  type ServeDatagramsOptions,
} from "../lib/net/serve_datagrams.ts";
import {
  serveStreams,
  type ServeStreamsOptions,
  type StreamHandler,
} from "../lib/net/serve_streams.ts";
import {
  StreamConnection,
  type StreamLimits,
} from "../lib/net/stream_connection.ts";
import { DatagramSocket } from "../lib/net/datagram_socket.ts";

/** Text to bytes. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Text of characters up to U+00FF to one byte each. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Bytes to text, and nothing to nothing. */
export function text(content: Uint8Array | null): string | null {
  return content && new TextDecoder().decode(content);
}

/** A server under test; disposing of it stops it and waits until it has ended. */
export class RunningServer implements AsyncDisposable {
  /** What it logged so far. */
  readonly log: string[] = [];
  /** Where it is bound. */
  readonly addr: Deno.NetAddr;
  /** Resolved when it has ended. */
  readonly served: Promise<void>;
  #stop = new AbortController();
  #logged = Promise.withResolvers<void>();

  constructor(
    addr: Deno.NetAddr,
    start: (
      options: { signal: AbortSignal; log: (line: string) => void },
    ) => Promise<void>,
  ) {
    this.addr = addr;
    const log = (line: string) => {
      this.log.push(line);
      this.#logged.resolve();
    };
    this.served = start({ signal: this.#stop.signal, log });
  }

  /** Waits for the first line of the log. */
  async logged(): Promise<string> {
    await this.#logged.promise;
    return this.log[0]!;
  }

  /** Asks it to end. */
  abort(): void {
    this.#stop.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort();
    await this.served;
  }
}

/** Starts a stream server. */
export function streamServer(
  handler: StreamHandler,
  options: ServeStreamsOptions = {},
): RunningServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return new RunningServer(
    listener.addr,
    (given) => serveStreams(listener, handler, { ...options, ...given }),
  );
}

/** Starts a datagram server. */
export function datagramServer(
  handler: DatagramHandler,
  options: ServeDatagramsOptions = {},
): RunningServer {
  const socket = openDatagrams();
  return new RunningServer(
    socket.addr as Deno.NetAddr,
    (given) => serveDatagrams(socket, handler, { ...options, ...given }),
  );
}

/** Binds a datagram socket to a free port, or to the one given. */
export function openDatagrams(port = 0): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
}

/** A client's datagram socket. */
export function datagramClient(): DatagramSocket {
  return new DatagramSocket(openDatagrams());
}

/** Connects to a server, with the bare socket. */
export async function dial(
  server: { addr: Deno.NetAddr },
): Promise<Deno.TcpConn> {
  const { hostname, port } = server.addr;
  const conn = await Deno.connect({ hostname, port });
  conn.setNoDelay(true);
  return conn;
}

/** Connects with a socket that can send a reset, as `Deno.Conn` cannot. */
export async function dialForReset(
  server: { addr: Deno.NetAddr },
): Promise<Socket> {
  const { hostname, port } = server.addr;
  const socket = createConnection(port, hostname);
  await once(socket, "connect");
  return socket;
}

/** Connects to a server. */
export async function connect(
  server: { addr: Deno.NetAddr },
  limits: Partial<StreamLimits> = {},
): Promise<StreamConnection> {
  return new StreamConnection(await dial(server), limits);
}

/** Two ends of a connection: ours, and the peer's bare socket. */
export class ConnectionPair implements Disposable {
  constructor(readonly ours: StreamConnection, readonly peer: Deno.TcpConn) {}

  [Symbol.dispose](): void {
    this.ours.close();
    try {
      this.peer.close();
    } catch { // the test has closed it
    }
  }
}

/** Opens a connection of which both ends are at hand. */
export async function connectionPair(
  limits: Partial<StreamLimits> = {},
): Promise<ConnectionPair> {
  const [conn, peer] = await socketPair();
  return new ConnectionPair(new StreamConnection(conn, limits), peer);
}

/** The same as bare sockets. */
export async function socketPair(): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return await Promise.all([listener.accept(), dial(listener)]);
}

/** A listener whose backlog is full: further connections get no answer. */
export class FullBacklog implements Disposable {
  #listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  #waiting: Deno.Conn[] = [];

  /** Where it listens. */
  get addr(): Deno.NetAddr {
    return this.#listener.addr;
  }

  async fill(): Promise<void> {
    for (;;) {
      const conn = await this.open(AbortSignal.timeout(100)).catch(() => null);
      if (conn === null) return;
      this.#waiting.push(conn);
    }
  }

  open = (signal: AbortSignal): Promise<Deno.TcpConn> =>
    Deno.connect({ ...this.#listener.addr, transport: "tcp", signal });

  [Symbol.dispose](): void {
    for (const conn of this.#waiting) conn.close();
    this.#listener.close();
  }
}

/** Writes all of the bytes to a bare socket. */
export async function writeAll(
  conn: Deno.Conn,
  content: Uint8Array,
): Promise<void> {
  for (let done = 0; done < content.length;) {
    done += await conn.write(content.subarray(done));
  }
}

/** Writes each segment in a call of its own. */
export async function writeSegments(
  conn: Deno.Conn,
  segments: Uint8Array[],
): Promise<void> {
  for (const segment of segments) await writeAll(conn, segment);
}

/** Reads a bare socket to the end of the stream. */
export async function readToEnd(
  conn: Deno.Conn,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts = [];
  const buffer = new Uint8Array(65_536);
  let total = 0;
  for (let count; (count = await conn.read(buffer)) !== null; total += count) {
    parts.push(buffer.slice(0, count));
  }
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Reads so many bytes of text from a bare socket. */
export async function readText(
  conn: Deno.Conn,
  length: number,
): Promise<string> {
  const buffer = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = await conn.read(buffer.subarray(done));
    if (count === null) break;
    done += count;
  }
  return text(buffer.subarray(0, done))!;
}

/**
 * A whole conversation of a client that sends everything, ends its side, and
 * reads what comes until the server ends its own.
 */
export async function exchange(
  server: { addr: Deno.NetAddr },
  ...segments: (string | Uint8Array)[]
): Promise<Uint8Array<ArrayBuffer>> {
  using conn = await dial(server);
  const reply = readToEnd(conn);
  await writeSegments(
    conn,
    segments.map((part) => typeof part === "string" ? bytes(part) : part),
  );
  await conn.closeWrite();
  return await reply;
}

/** The ways in which a stream may be cut into segments. */
export function cuts(
  content: Uint8Array,
): [name: string, segments: Uint8Array[]][] {
  const single = Array.from(content, (byte) => Uint8Array.of(byte));
  const middle = Math.floor(content.length / 2);
  return [
    ["one byte a segment", single],
    ["everything in one segment", [content]],
    ["two halves", [content.subarray(0, middle), content.subarray(middle)]],
  ];
}

/** Lets everything that is ready to run have its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Compares long runs of bytes, which `assertEquals` would be slow to print. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array) {
  assertEquals(actual.length, expected.length);
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  assertEquals(at, -1, `the bytes differ from offset ${at}`);
}
