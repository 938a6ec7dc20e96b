#!/usr/bin/env -S deno run --unstable-net --allow-net
/**
 * Peer: one program, both roles. It listens as a server does, dials as a client
 * does, and then there is no difference: every peer is connected to every other.
 *
 * Protocol:   lines over TCP, drawn in lib/protocols/peer.ts, port 5000
 * Socket:     stream, and with --discover datagram
 * Permission: --allow-net, to listen, and to dial whoever the others know;
 *             --unstable-net outside of this folder, for --discover
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

import { RunError, withContext } from "../lib/cli/context.ts";
import { UsageError } from "../lib/cli/options.ts";
import { PeerConsole } from "../lib/cli/peer_console.ts";
import { PEER_OPTIONS } from "../lib/cli/peer_options.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";
import { formatAddress } from "../lib/net/address.ts";
import { connectWithin } from "../lib/net/connect.ts";
import { formatCount } from "../lib/result/quantities.ts";
import { serveStreams } from "../lib/net/serve_streams.ts";
import { StreamConnection } from "../lib/net/stream_connection.ts";
import { MAX_PEER_LINE_BYTES, randomPeerId } from "../lib/peer/messages.ts";
import { discoverPeers } from "../lib/peer/discovery.ts";
import { QUEUE_BYTES } from "../lib/peer/link.ts";
import { PeerMesh } from "../lib/peer/mesh.ts";

const program = defineProgram({
  name: "peer",
  summary: "Listens and dials: peers that chat, each connected to every other.",
  operands: "",
  details: [
    "Name one peer with --connect, and the others are learnt from it. What you type is said to all; /help tells what else there is. A peer that dies is dialled again, one that left is not.",
    "Standard input that is no terminal is said line by line, once the peers of --connect were tried; at its end this peer leaves.",
    "Nothing is encrypted, and nobody has to prove who they are.",
  ],
  options: PEER_OPTIONS,
  examples: [
    "--name ada",
    "--name bob --port 5001 --connect 127.0.0.1:5000",
    "--host 0.0.0.0 --discover",
  ],
});

/** Takes part until it is interrupted or told to leave; gives the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(program, args, io, async ({ options, ...run }) => {
    const { host, port, timeout, maxPeers, json } = options;
    const { signal, terminal } = run;
    if (options.discover && !/^[\d.]+$/.test(host)) {
      throw new UsageError("--discover goes with an IPv4 address as --host");
    }
    if (!options.discover && (run.given.group ?? run.given.groupPort)) {
      throw new UsageError("--group and --group-port go with --discover");
    }
    const limits = {
      messageBytes: MAX_PEER_LINE_BYTES,
      readMs: timeout,
      writeMs: timeout,
    };
    const listener = await withContext(
      { action: "listen on", target: { hostname: host, port } },
      () => Deno.listen({ hostname: host, port }),
    );
    const chat = new PeerConsole(terminal, json);
    chat.listening(formatAddress(listener.addr));
    const mesh = new PeerMesh({
      name: options.name ?? `peer-${randomPeerId().slice(0, 4)}`,
      address: formatAddress(listener.addr),
      maxPeers,
      timeoutMs: timeout,
      maxRatePerSec: options.maxRate,
      queueBytes: QUEUE_BYTES,
      dial: async (target, signal) =>
        new StreamConnection(
          await connectWithin(
            timeout,
            signal,
            (signal) => Deno.connect({ ...target, signal }),
          ),
          limits,
        ),
      onEvent: chat.onEvent,
    });
    const stop = new AbortController();
    const serving = serveStreams(listener, mesh.accept, {
      limits,
      maxConnections: 2 * maxPeers,
      signal: stop.signal,
      log: (line) => terminal.log(line),
    });
    let discovering: { ended: Promise<void> } | undefined;
    try {
      if (options.discover) discovering = await discover();
      for (const address of options.connect) mesh.connect(address);
      await mesh.introduced(signal);
      await chat.run(mesh, signal);
    } finally {
      await mesh.leave();
      stop.abort();
      await Promise.all([serving, discovering?.ended]);
    }
    if (chat.unheard === 0 || Deno.stdin.isTerminal()) return 0;
    throw new RunError(
      `${
        formatCount(chat.unheard, "line")
      } heard by nobody: there was no one, or it was too long`,
    );

    /** Joins the group, and gives what ends when this peer leaves. */
    async function discover(): Promise<{ ended: Promise<void> }> {
      const { group, groupPort } = options;
      const udp = {
        transport: "udp",
        reuseAddress: true,
        loopback: true,
      } as const;
      const [listening, sending] = await withContext(
        `join the multicast group ${group} from ${host}`,
        async () => {
          const listening = Deno.listenDatagram({
            ...udp,
            hostname: "0.0.0.0",
            port: groupPort,
          });
          const sending = Deno.listenDatagram({
            ...udp,
            hostname: host,
            port: 0,
          });
          await listening.joinMulticastV4(group, host);
          const membership = await sending.joinMulticastV4(group, host);
          await membership.setTTL(1);
          return [listening, sending];
        },
      );
      const ended = discoverPeers(listening, sending, {
        group: { hostname: group, port: groupPort },
        announcement: { id: mesh.id, port: listener.addr.port },
        onFound: (address) => mesh.discover(address),
        signal: stop.signal,
      });
      return { ended };
    }
  });
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
