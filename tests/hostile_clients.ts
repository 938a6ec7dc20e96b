/**
 * Clients that do not behave, in numbers: for servers under load and under
 * faults. They come from an address of their own, so that the limits for one
 * source do not meet the valid clients.
 *
 * @module
 */

import { once } from "node:events";
import { createConnection, type Socket } from "node:net";

const hostname = "127.0.0.1";
/** Where connections come from; it has a range of ports of its own. */
const SOURCE = "127.0.0.66";
/** Connections that are being made at the same time. */
const AT_ONCE = 50;

/** Ends with the scope; the system answers what arrives later with a reset. */
export class Crowd implements Disposable {
  readonly sockets: Socket[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Opens connections; those that are refused are missing. */
  async open(port: number, count: number): Promise<this> {
    let left = count;
    const openSome = async () => {
      while (left-- > 0) {
        const socket = await dial(port);
        if (socket) this.sockets.push(socket);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, openSome));
    return this;
  }

  /** The connections that the server has not closed. */
  get openCount(): number {
    return this.sockets.filter(({ destroyed }) => !destroyed).length;
  }

  /** Writes something to each, and again at an interval. */
  write(content: (socket: number) => Uint8Array, everyMs?: number): this {
    let turn = 0;
    const write = () => {
      // Spread, as the bytes of independent clients are.
      const [from, to] = everyMs === undefined
        ? [0, this.sockets.length]
        : [turn, turn + 1].map((part) => part * this.sockets.length / 20);
      turn = (turn + 1) % 20;
      for (let at = Math.floor(from!); at < Math.floor(to!); at++) {
        const socket = this.sockets[at]!;
        if (!socket.destroyed) socket.write(content(at));
      }
    };
    write();
    if (everyMs !== undefined) this.#timer = setInterval(write, everyMs / 20);
    return this;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const socket of this.sockets) socket.resetAndDestroy();
  }
}

/** Connects; `null` if the server or the system refuses. Nothing is read. */
async function dial(port: number): Promise<Socket | null> {
  const socket = createConnection({
    ...{ port, host: hostname, localAddress: SOURCE },
  });
  socket.on("error", () => {});
  try {
    await once(socket, "connect");
    return socket;
  } catch {
    return null;
  }
}

/** Connects and resets the connection, so many times. */
export async function resets(port: number, count: number): Promise<void> {
  let left = count;
  const resetSome = async () => {
    while (left-- > 0) (await dial(port))?.resetAndDestroy();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, resetSome));
}

/** Sends a datagram from each of so many addresses and ports of loopback. */
export async function sources(
  port: number,
  count: number,
  datagram: (source: number) => Uint8Array,
): Promise<void> {
  const to = { transport: "udp", hostname, port } as const;
  for (let source = 0; source < count; source++) {
    const [high, middle, low] = [source >> 16, source >> 8 & 255, source & 255];
    const host = `127.${1 + high}.${middle}.${low}`;
    const socket = Deno.listenDatagram({
      ...{ transport: "udp", hostname: host, port: 0 },
    });
    await socket.send(datagram(source), to);
    socket.close();
  }
}

/** Random bytes, some of which end a line. */
export function rubbish(maxBytes: number): Uint8Array<ArrayBuffer> {
  const length = Math.floor(Math.random() * (maxBytes + 1));
  const content = crypto.getRandomValues(new Uint8Array(length));
  for (let at = 0; at < length; at += 1 + Math.floor(Math.random() * 200)) {
    content[at] = 10;
  }
  return content;
}
