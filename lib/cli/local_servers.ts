/**
 * Servers of this very process, for measurements on loopback.
 *
 * @module
 */

import type { ImpairmentOptions } from "../net/impaired_path.ts";
import { serveDatagrams } from "../net/serve_datagrams.ts";
import {
  type ServerMode,
  serveStreams,
  type StreamHandler,
} from "../net/serve_streams.ts";
import type { StampKey } from "../stamp/key.ts";
import { measureStreams } from "../measure/server.ts";
import { StampReflector } from "../stamp/reflector.ts";

/** No answer is to be held back. */
const MAX_RATE_PER_SEC = 2 ** 20;

/** Servers that run until they are closed. */
export class LocalServers {
  #stop = new AbortController();
  #served: Promise<void>[] = [];

  /**
   * Starts a server of streams.
   *
   * @param listener Where it is to listen.
   * @param mode One client at a time, or all of them side by side.
   * @param handler What it does; default is the measurement protocol.
   * @returns Its address.
   */
  streams(
    listener: Deno.TcpListener,
    mode: ServerMode = "concurrent",
    handler: StreamHandler = measureStreams(),
  ): Deno.NetAddr {
    const { addr } = listener;
    this.#served.push(
      serveStreams(listener, handler, { mode, signal: this.#stop.signal }),
    );
    return addr;
  }

  /**
   * Starts a STAMP reflector.
   *
   * @param socket Where it is to receive.
   * @param options Its key, and what is to happen to its answers.
   * @returns Its address.
   */
  reflector(
    socket: Deno.DatagramConn,
    options: { key?: StampKey | undefined; impairment?: ImpairmentOptions } =
      {},
  ): Deno.NetAddr {
    const { key, impairment } = options;
    const { answer } = new StampReflector({ key });
    this.#served.push(serveDatagrams(socket, answer, {
      ...(impairment && { impairment }),
      maxRatePerSec: MAX_RATE_PER_SEC,
      signal: this.#stop.signal,
    }));
    return socket.addr as Deno.NetAddr;
  }

  /** Stops them, and waits until they have. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#served);
  }
}
