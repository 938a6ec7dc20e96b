/**
 * Servers in this process, for experiments on loopback.
 *
 * @module
 */

import { AdmissionControl } from "../net/admission.ts";
import { measureStreams } from "../measure/server.ts";
import { serveDatagrams } from "../net/serve_datagrams.ts";
import { type ServerMode, serveStreams } from "../net/serve_streams.ts";
import {
  CAN_SERVE_TLS,
  type TlsIdentity,
  TlsListener,
} from "../net/tls_listener.ts";
import { StampReflector } from "../stamp/reflector.ts";
import {
  LOOPBACK_AUTHORITY,
  LOOPBACK_IDENTITY,
} from "./loopback_certificate.ts";

/** A server with TLS. */
export interface TlsServer {
  /** Where it listens. */
  address: Deno.NetAddr;
  /** Its authority, in PEM. */
  authority: string;
}

/** The servers that experiments measure. */
export interface ExperimentServers {
  /** A server of the measure protocol. */
  measure: Deno.NetAddr;
  /** A STAMP reflector without a key. */
  stamp: Deno.NetAddr;
  /** A measure server that serves one client at a time. */
  iterative: Deno.NetAddr;
  /** A measure server that serves all clients at once. */
  concurrent: Deno.NetAddr;
  /** A measure server with TLS, and its authority; absent if none is known. */
  tls?: TlsServer | undefined;
  /** Servers in this process, for comparison with those of another host. */
  local?: ExperimentServers;
}

/** A rate limit that delays no reply. */
const MAX_RATE_PER_SEC = 2 ** 20;

/** Servers on free ports of 127.0.0.1 that run until they are disposed of. */
export class LocalServers implements ExperimentServers, AsyncDisposable {
  #stop = new AbortController();
  #served: Promise<void>[] = [];
  /** A concurrent server of the measure protocol. */
  readonly measure: Deno.NetAddr = this.#streams("concurrent");
  /** The same server. */
  readonly concurrent: Deno.NetAddr = this.measure;
  /** A measure server that serves one client at a time. */
  readonly iterative: Deno.NetAddr = this.#streams("iterative");
  /** A STAMP reflector without a key. */
  readonly stamp: Deno.NetAddr = this.#reflector();
  /** A measure server with TLS, if this version of Deno can serve it. */
  readonly tls: TlsServer | undefined = CAN_SERVE_TLS
    ? {
      address: this.#streams("concurrent", LOOPBACK_IDENTITY),
      authority: LOOPBACK_AUTHORITY,
    }
    : undefined;

  /** Stops the servers, and waits until they have stopped. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#served);
  }

  #streams(mode: ServerMode, identity?: TlsIdentity): Deno.NetAddr {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { signal } = this.#stop;
    this.#served.push(
      serveStreams(
        identity ? new TlsListener(listener, identity) : listener,
        measureStreams(),
        { mode, signal },
      ),
    );
    return listener.addr;
  }

  #reflector(): Deno.NetAddr {
    const socket = Deno.listenDatagram({
      transport: "udp",
      hostname: "127.0.0.1",
      port: 0,
    });
    this.#served.push(serveDatagrams(socket, new StampReflector().answer, {
      admission: new AdmissionControl({
        limits: { maxDatagramsPerSec: MAX_RATE_PER_SEC },
      }),
      signal: this.#stop.signal,
    }));
    return socket.addr as Deno.NetAddr;
  }
}
