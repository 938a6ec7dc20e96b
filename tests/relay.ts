/**
 * A path for datagrams that is exactly as bad as a test says.
 *
 * @module
 */

import { readUint32 } from "../lib/framing/big_endian.ts";
import { isDisconnect } from "../lib/net/errors.ts";
import { UNAUTHENTICATED } from "../lib/stamp/packet.ts";
import { sleepUntil } from "../lib/timing/sleep.ts";
import { openDatagrams } from "./fixtures.ts";

/** What happens to one datagram; as it is, it arrives once and at once. */
export interface Impairment {
  /** How often it arrives. */
  copies?: number;
  /** How late it arrives, in milliseconds. */
  delayMs?: number;
  /** It arrives only after the next one that is not held. */
  held?: boolean;
}

/** The impairments of one direction, by the sender's sequence number. */
export type Impairments = (sequence: number) => Impairment | undefined;

/** The two directions of a path. */
export interface Path {
  /** What happens to requests. */
  forward?: Impairments;
  /** What happens to replies. */
  backward?: Impairments;
}

/**
 * Passes datagrams between any senders and one reflector. Each sender gets a
 * socket of its own towards the reflector, so that sessions stay apart.
 */
export class Relay implements AsyncDisposable {
  #path: Path;
  #target: Deno.NetAddr;
  #near = openDatagrams();
  #far = new Map<number, Line>();
  #serving: Promise<void>;
  #lines: Promise<void>[] = [];
  #stalledUntilMs = 0;
  #end = new AbortController();

  constructor(target: Deno.NetAddr, path: Path = {}) {
    this.#target = target;
    this.#path = path;
    this.#serving = pump(
      this.#near,
      (bytes, from) => this.#request(bytes, from),
    );
  }

  /** Where senders find it. */
  get addr(): Deno.NetAddr {
    return this.#near.addr as Deno.NetAddr;
  }

  /** From now on nothing passes for so long; then everything does, in order. */
  stall(ms: number): void {
    this.#stalledUntilMs = performance.now() + ms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.#near.close();
    for (const { socket } of this.#far.values()) socket.close();
    await Promise.all([this.#serving, ...this.#lines]);
  }

  #request(bytes: Uint8Array, from: Deno.NetAddr): Promise<void> {
    let line = this.#far.get(from.port);
    if (line === undefined) {
      line = {
        socket: openDatagrams(),
        forth: { held: [] },
        back: { held: [] },
      };
      this.#far.set(from.port, line);
      const { socket, back } = line;
      this.#lines.push(pump(socket, (reply) => {
        const at = UNAUTHENTICATED.senderSequence;
        const impairment = this.#path.backward?.(readUint32(reply, at));
        return this.#pass(
          reply,
          impairment,
          back,
          (bytes) => this.#near.send(bytes, from),
        );
      }));
    }
    const { socket, forth } = line;
    const impairment = this.#path.forward?.(readUint32(bytes, 0));
    return this.#pass(
      bytes,
      impairment,
      forth,
      (bytes) => socket.send(bytes, this.#target),
    );
  }

  /** Without a impairment nothing is awaited but the sending. */
  #pass(
    bytes: Uint8Array,
    { copies = 1, delayMs = 0, held = false }: Impairment = {},
    direction: Direction,
    send: (bytes: Uint8Array) => Promise<unknown>,
  ): Promise<void> {
    const leave = async (bytes: Uint8Array) => {
      for (let copy = 0; copy < copies; copy++) {
        await send(bytes).catch(ignoreClosed);
      }
    };
    if (held) {
      const kept = bytes.slice();
      direction.held.push(() => leave(kept));
      return Promise.resolve();
    }
    const nowMs = performance.now();
    const dueMs = Math.max(nowMs + delayMs, this.#stalledUntilMs);
    if (dueMs > nowMs) {
      const kept = bytes.slice();
      sleepUntil(dueMs, this.#end.signal).then(() => leave(kept));
      return Promise.resolve();
    }
    const overtaken = direction.held.splice(0);
    return overtaken.length === 0
      ? leave(bytes)
      : leave(bytes).then(async () => {
        for (const release of overtaken) await release();
      });
  }
}

interface Direction {
  held: (() => Promise<void>)[];
}

interface Line {
  socket: Deno.DatagramConn;
  forth: Direction;
  back: Direction;
}

async function pump(
  socket: Deno.DatagramConn,
  pass: (bytes: Uint8Array, from: Deno.NetAddr) => Promise<void>,
): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (;;) {
      const [bytes, from] = await socket.receive(buffer);
      await pass(bytes, from as Deno.NetAddr);
    }
  } catch (error) {
    ignoreClosed(error);
  }
}

function ignoreClosed(error: unknown): void {
  if (!isDisconnect(error)) throw error;
}
