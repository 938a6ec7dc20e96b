/**
 * Peers on loopback that end with their block, and hands that speak their
 * protocol badly.
 *
 * @module
 */

import { AdmissionControl } from "../lib/net/admission.ts";
import { formatAddress } from "../lib/net/address.ts";
import { connectWithin } from "../lib/net/connect.ts";
import { serveStreams } from "../lib/net/serve_streams.ts";
import { StreamConnection } from "../lib/net/stream_connection.ts";
import { peerStreamLimits } from "../lib/peer/link.ts";
import { randomPeerId } from "../lib/peer/messages.ts";
import {
  type MeshOptions,
  PEER_SOURCE_LIMITS,
  type PeerEvent,
  PeerMesh,
} from "../lib/peer/mesh.ts";
import { bytes, writeAll } from "./fixtures.ts";

/** How long a wait may last, in milliseconds. */
const DEADLINE_MS = 30_000;

/** An event of one kind. */
export type EventOf<Kind extends PeerEvent["event"]> = PeerEvent & {
  event: Kind;
};

/** A wait that fails at its deadline, and then says what it was for. */
export async function within<T>(
  promise: Promise<T>,
  what: string,
  ms = DEADLINE_MS,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`Not within ${ms} ms: ${what}`)),
    ms,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until something is so. */
export async function until(
  condition: () => boolean,
  what: string | (() => string),
  ms = DEADLINE_MS,
): Promise<void> {
  const untilMs = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > untilMs) {
      throw new Error(
        `Not within ${ms} ms: ${typeof what === "string" ? what : what()}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** How a peer under test differs from others. */
export interface PeerOptions extends Partial<MeshOptions> {
  /** Where it listens; any free port by default. */
  port?: number;
  /** Where a connection to an address really goes. */
  route?: (address: string) => string;
}

function written(target: { hostname: string; port: number }): string {
  return formatAddress({ transport: "tcp", ...target });
}

/** A peer under test; disposing of it kills it. */
export class Peer implements AsyncDisposable {
  /** What happened, in order. */
  readonly events: PeerEvent[] = [];
  /** The addresses it dialled, in order, and when. */
  readonly dials: { address: string; atMs: number }[] = [];
  /** Its open connections, each by the ports of who dialled and of who listened. */
  readonly connections = new Set<string>();
  /** The most that were open at the same time. */
  mostConnections = 0;
  /** What listens, and takes part. */
  readonly mesh: PeerMesh;
  /** Where it is bound. */
  readonly addr: Deno.NetAddr;
  /** Where it is bound, as `HOST:PORT`. */
  readonly address: string;
  /** What its server logged. */
  readonly log: string[] = [];
  #stop = new AbortController();
  #served: Promise<void>;
  #waiting = new Set<() => void>();
  #open = new Set<StreamConnection>();
  #gone = false;
  #isDead = false;

  constructor(name: string, options: PeerOptions = {}) {
    const { port = 0, route = (address) => address, ...given } = options;
    const {
      admission = new AdmissionControl({ defaults: PEER_SOURCE_LIMITS }),
    } = given;
    const timeoutMs = given.timeoutMs ?? 1000;
    const limits = peerStreamLimits(timeoutMs);
    const maxPeers = given.maxPeers ?? 64;
    const listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.addr = listener.addr;
    this.address = formatAddress(this.addr);
    const { onEvent } = given;
    const dial = given.dial ?? (async (target, signal) => {
      const [hostname = "", port] = route(written(target)).split(":");
      const conn = await connectWithin(
        timeoutMs,
        signal,
        (signal) => Deno.connect({ hostname, port: Number(port), signal }),
      );
      const ends = `${conn.localAddr.port} ${conn.remoteAddr.port}`;
      return this.#opened(new StreamConnection(conn, limits), ends);
    });
    this.mesh = new PeerMesh({
      name,
      port: this.addr.port,
      maxPeers,
      timeoutMs,
      maxRatePerSec: 100_000,
      admission,
      ...given,
      dial: (target, signal) => {
        const address = written(target);
        this.dials.push({ address, atMs: performance.now() });
        return dial(target, signal);
      },
      onEvent: (event) => {
        this.events.push(event);
        onEvent?.(event);
        for (const look of this.#waiting) look();
      },
    });
    this.#served = serveStreams(
      listener,
      (connection) => {
        const ends = `${
          connection.remote.replace(/.*:/, "")
        } ${this.addr.port}`;
        return this.mesh.accept(this.#opened(connection, ends));
      },
      {
        admission,
        limits,
        maxConnections: 3 * maxPeers,
        signal: this.#stop.signal,
        log: (line) => this.log.push(line),
      },
    );
  }

  /** Who it is. */
  get id(): string {
    return this.mesh.id;
  }

  /** The names of the others, in order. */
  get names(): string {
    return this.mesh.peers.map(({ name }) => name).join(" ");
  }

  /** The events of one kind, in order. */
  heard<Kind extends PeerEvent["event"]>(kind: Kind): EventOf<Kind>[] {
    return this.events.filter((event) => event.event === kind) as EventOf<
      Kind
    >[];
  }

  /** What one of the others said, in the order of delivery. */
  saidBy(id: string): string[] {
    return this.heard("said").filter((said) => said.id === id)
      .map(({ text }) => text);
  }

  /** How often an address was dialled. */
  dialled(address: string): number {
    return this.dials.filter((dial) => dial.address === address).length;
  }

  /** Waits for an event, which may have happened before. */
  async event<Kind extends PeerEvent["event"]>(
    kind: Kind,
    matches: (event: EventOf<Kind>) => boolean = () => true,
  ): Promise<EventOf<Kind>> {
    const found = Promise.withResolvers<EventOf<Kind>>();
    const look = () => {
      const event = this.heard(kind).find(matches);
      if (event !== undefined) found.resolve(event);
    };
    this.#waiting.add(look);
    try {
      look();
      return await within(found.promise, `${kind}, an event`);
    } finally {
      this.#waiting.delete(look);
    }
  }

  /** Ends with goodbyes. */
  async leave(): Promise<void> {
    if (this.#gone) return;
    this.#gone = true;
    await this.mesh.leave();
    this.#stop.abort();
    await this.#served;
  }

  /** Ends without: as if it had been killed. */
  async die(): Promise<void> {
    this.#isDead = true;
    this.cut();
    await this.leave();
  }

  /** Cuts its connections, without a word. */
  cut(): void {
    for (const connection of this.#open) connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.die();
  }

  #opened(connection: StreamConnection, port: string): StreamConnection {
    if (this.#isDead) connection.close();
    this.connections.add(port);
    this.#open.add(connection);
    this.mostConnections = Math.max(
      this.mostConnections,
      this.connections.size,
    );
    connection.closed.addEventListener(
      "abort",
      () => {
        this.connections.delete(port);
        this.#open.delete(connection);
      },
    );
    if (connection.closed.aborted) this.connections.delete(port);
    return connection;
  }
}

/** Peers that end together. */
export class Peers implements AsyncDisposable {
  /** The peers. */
  readonly all: Peer[];

  constructor(
    names: string,
    options: PeerOptions | ((name: string) => PeerOptions) = {},
  ) {
    this.all = names.split(" ").map((name) =>
      new Peer(name, typeof options === "function" ? options(name) : options)
    );
  }

  /** Joins all of them, each through the first. */
  async join(): Promise<Peer[]> {
    const [first, ...others] = this.all;
    for (const peer of others) peer.mesh.connect(first!.address);
    await meshed(this.all);
    return this.all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((peer) => peer.die()));
  }
}

/** Waits until each of some peers has exactly the others, and on one connection each. */
export async function meshed(peers: Peer[]): Promise<void> {
  const wanted = peers.map((peer) =>
    peers.filter((other) => other !== peer).map(({ id }) => id).sort().join()
  );
  await until(
    () =>
      peers.every((peer, index) =>
        peer.mesh.peers.map(({ id }) => id).sort().join() === wanted[index] &&
        peer.connections.size === peers.length - 1
      ),
    () =>
      `${peers.length} peers, each connected to all others: ${
        peers.map((peer) => `${peer.connections.size} to ${peer.names}`)
          .join(", ")
      }`,
  );
}

/** How a hand behaves. */
export interface HandOptions {
  /** Its ID; by default a random one, smaller than most. */
  id?: string;
  /** The port it announces; by default it does not listen. */
  port?: number;
  /** What it is called. */
  name?: string;
  /** Whether it sends a hello and a welcome at once. */
  hello?: boolean;
  /** Whether it answers pings, as others do. */
  pongs?: boolean;
  /** Whether it reads at all. */
  reads?: boolean;
}

/** A peer made of a bare socket: it sends what a test makes it send. */
export class Hand implements AsyncDisposable {
  /** Who it is. */
  readonly id: string;
  /** The lines it got, without the LF. */
  readonly lines: string[] = [];
  /** Resolved when the other side has ended or reset the connection. */
  readonly ended: Promise<void>;
  #conn: Deno.TcpConn;
  #closed = false;

  private constructor(conn: Deno.TcpConn, options: HandOptions) {
    this.#conn = conn;
    this.id = options.id ?? `00000000${randomPeerId().slice(8)}`;
    this.ended = options.reads === false
      ? Promise.resolve()
      : this.#read(options.pongs ?? true);
  }

  /** Connects to a peer, and says hello. */
  static async to(peer: Peer, options: HandOptions = {}): Promise<Hand> {
    const { hostname, port } = peer.addr;
    return await Hand.on(await Deno.connect({ hostname, port }), options);
  }

  /** Takes over a connection, and says hello. */
  static async on(
    conn: Deno.TcpConn,
    options: HandOptions = {},
  ): Promise<Hand> {
    const { port = 0, name = "hand", hello = true } = options;
    const hand = new Hand(conn, options);
    if (hello) {
      await hand.say(`hello 2 ${hand.id} ${port} ${name}`, "welcome");
    }
    return hand;
  }

  /** Sends a line, or bytes as they are; a connection that is closed takes all. */
  async say(...parts: (string | Uint8Array)[]): Promise<void> {
    for (const part of parts) {
      const content = typeof part === "string" ? bytes(`${part}\n`) : part;
      await writeAll(this.#conn, content).catch(() => {});
    }
  }

  /** Waits for a line. */
  async line(pattern: RegExp): Promise<string> {
    const find = () => this.lines.find((line) => pattern.test(line));
    await until(
      () => find() !== undefined,
      () => `${pattern} among ${JSON.stringify(this.lines)}`,
    );
    return find()!;
  }

  /** Closes the socket. May be called again. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
    await this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read(pongs: boolean): Promise<void> {
    const buffer = new Uint8Array(65_536);
    const decoder = new TextDecoder();
    let pending = "";
    try {
      for (let count; (count = await this.#conn.read(buffer)) !== null;) {
        pending += decoder.decode(buffer.subarray(0, count), { stream: true });
        const lines = pending.split("\n");
        pending = lines.pop()!;
        for (const line of lines) {
          this.lines.push(line);
          const token = /^ping (.*)/.exec(line)?.[1];
          if (pongs && token !== undefined) await this.say(`pong ${token}`);
        }
      }
    } catch { // reset, or closed by the test
    }
  }
}
