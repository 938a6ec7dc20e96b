#!/usr/bin/env -S deno run --allow-net
/**
 * Peer: one program in both roles. It listens as a server does and dials as a
 * client does, and every peer is connected to every other.
 *
 * Protocol:   lines over TCP, described in lib/peer/messages.ts, port 5000
 * Socket:     stream, listening and connecting
 * Permission: --allow-net, to listen, and to dial the peers that others name;
 *             --allow-env=ROUNDTRIP_KEY or --allow-read=FILE for a shared key
 *
 *     $ deno task peer --name ada
 *     listening tcp 127.0.0.1:5000
 *
 *     $ deno task peer --name bob --port 5001 --connect 127.0.0.1:5000
 *     listening tcp 127.0.0.1:5001
 *     * ada joined, 127.0.0.1:5000
 *     hello
 *
 * @module
 */

import { admissionControl } from "../lib/cli/admission_options.ts";
import { RunError, withContext } from "../lib/cli/context.ts";
import { findSharedKey, SHARED_KEY_HELP } from "../lib/cli/key_options.ts";
import { PeerConsole } from "../lib/cli/peer_console.ts";
import { PEER_OPTIONS } from "../lib/cli/peer_options.ts";
import { defineProgram } from "../lib/cli/program.ts";
import { clientTls, serverTls } from "../lib/cli/tls_options.ts";
import { formatRefused } from "../lib/net/admission.ts";
import { formatAddress } from "../lib/net/address.ts";
import { connectWithin } from "../lib/net/connect.ts";
import { serveStreams } from "../lib/net/serve_streams.ts";
import { StreamConnection } from "../lib/net/stream_connection.ts";
import { peerStreamLimits } from "../lib/peer/link.ts";
import { PEER_SOURCE_LIMITS, PeerMesh } from "../lib/peer/mesh.ts";
import { randomPeerId } from "../lib/peer/messages.ts";
import { formatCount } from "../lib/result/quantities.ts";

/** Runs a peer until it is interrupted or told to leave; returns the exit code. */
export const main = defineProgram({
  name: "peer",
  summary: "Chat without a server: each peer is connected to every other.",
  operands: "",
  details: [
    "Give the address of one peer with --connect; it sends the addresses of the others. What you type is sent to all; /help lists the commands. A peer that fails is dialled again; a peer that left is not.",
    "If standard input is not a terminal, its lines are sent after the peers were dialled, and this peer leaves at its end. The exit code is 1 if a line reached no peer.",
    "With --tls-cert and --tls-key a peer speaks TLS with all others, in both roles, and checks the address in their certificates; --tls-ca is the authority of all. Without them nothing is encrypted. Names are not verified. A name that looks like one in use gets a number.",
    SHARED_KEY_HELP,
  ],
  options: PEER_OPTIONS,
  examples: [
    "--name ada",
    "--name bob --port 5001 --connect 127.0.0.1:5000",
    "--host 0.0.0.0 --connect 192.168.1.20",
  ],
}, async (run) => {
  const { options, signal, terminal } = run;
  const { host, port, maxPeers, timeout } = options;
  const limits = peerStreamLimits(timeout);
  const key = await findSharedKey(options.keyFile);
  const tls = await serverTls(run);
  const listener = await withContext(
    { action: "listen on", target: { hostname: host, port } },
    () => Deno.listen({ hostname: host, port }),
  );
  const chat = new PeerConsole(terminal, options.json);
  chat.listening(formatAddress(listener.addr));
  if (key) terminal.info("peers must have the shared key");
  const admission = admissionControl(run, PEER_SOURCE_LIMITS);
  const mesh = new PeerMesh({
    name: options.name ?? `peer-${randomPeerId().slice(0, 4)}`,
    port: listener.addr.port,
    maxPeers,
    admission,
    key,
    timeoutMs: timeout,
    maxRatePerSec: options.maxRate,
    dial: async (target, signal) => {
      const secure = await clientTls(
        { tls: tls !== null, tlsCa: options.tlsCa },
        { transport: "tcp", ...target },
        (conn, trust) => Deno.startTls(conn, trust),
      );
      const conn = await connectWithin(timeout, signal, async (signal) => {
        const conn = await Deno.connect({ ...target, signal });
        return secure === null ? conn : (await secure(conn, signal)).conn;
      });
      return new StreamConnection(conn, limits);
    },
    onEvent: chat.onEvent,
  });
  const stop = new AbortController();
  const encrypted = tls === null ? listener : tls(listener);
  const serving = serveStreams(encrypted, mesh.accept, {
    admission,
    limits,
    maxConnections: 3 * maxPeers,
    signal: stop.signal,
    log: (line) => terminal.log(line),
  });
  try {
    for (const address of options.connect) mesh.connect(address);
    await chat.run(mesh, signal);
  } finally {
    await mesh.leave();
    stop.abort();
    await serving;
    if (admission.refusedCount > 0) {
      terminal.info(`refused: ${formatRefused(admission, "connections")}`);
    }
  }
  if (chat.unheard === 0 || Deno.stdin.isTerminal()) return 0;
  throw new RunError(
    `${
      formatCount(chat.unheard, "line")
    } not sent: no peer was connected, or the line was too long`,
  );
});

if (import.meta.main) Deno.exit(await main(Deno.args));
