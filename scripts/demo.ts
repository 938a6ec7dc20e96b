#!/usr/bin/env -S deno run --unstable-net --allow-net=127.0.0.1
/**
 * Demo: shows servers and clients in conversation, each server on a free
 * loopback port inside this process, and then what TCP and UDP are good for, by a
 * short comparison. It ends by itself.
 *
 * Protocol:   uppercase, time, hi-hello, the course's measurement, STAMP
 * Socket:     stream and datagram
 * Permission: --allow-net=127.0.0.1; --unstable-net outside of this folder
 *
 *     $ deno task demo
 *
 * @module
 */

import { RunError } from "../lib/cli/context.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";
import { OUTPUT_OPTIONS } from "../lib/cli/output_options.ts";
import { Terminal } from "../lib/terminal/terminal.ts";
import { main as compare } from "./compare.ts";
import { main as helloClient } from "./hello_client.ts";
import { main as helloServer } from "./hello_server.ts";
import { main as measureClient } from "./measure_client.ts";
import { main as measureServer } from "./measure_server.ts";
import { main as tcpClient } from "./tcp_client.ts";
import { main as tcpServer } from "./tcp_server.ts";
import { main as timeClient } from "./time_client.ts";
import { main as timeServer } from "./time_server.ts";
import { main as udpClient } from "./udp_client.ts";
import { main as udpServer } from "./udp_server.ts";

type Main = (args: string[], io: ProgramIo) => Promise<number>;

const program = defineProgram({
  name: "demo",
  summary: "Shows what is here at work, on loopback, in some seconds.",
  operands: "",
  details: [],
  options: { plots: OUTPUT_OPTIONS.plots },
  examples: [""],
});

/** A conversation: its title, its server, its client, and what that is told. */
const CONVERSATIONS: {
  title: string;
  server: [Main, ...string[]];
  client: [Main, string, (target: string) => string[]];
}[] = [
  {
    title: "Hi is answered hello",
    server: [helloServer],
    client: [helloClient, "hello-client", (target) => [target]],
  },
  {
    title: "A sentence in upper case over TCP, which is a stream",
    server: [tcpServer],
    client: [tcpClient, "tcp-client", (target) => [target, "hello world"]],
  },
  {
    title: "The same over UDP, which is datagrams",
    server: [udpServer],
    client: [udpClient, "udp-client", (target) => [target, "hello world"]],
  },
  {
    title: "The same over a path that loses half of them, until one comes back",
    server: [udpServer, "--drop", "0.5", "--seed", "12"],
    client: [
      udpClient,
      "udp-client",
      (target) => [
        target,
        "--timeout",
        "200ms",
        "--retries",
        "9",
        "anybody there",
      ],
    ],
  },
  {
    title: "The time, and how far the clocks may differ",
    server: [timeServer],
    client: [timeClient, "time-client", (target) => [target]],
  },
  {
    title: "Round-trip time",
    server: [measureServer],
    client: [
      measureClient,
      "measure-client",
      (target) => ["rtt", target, "--count", "2000"],
    ],
  },
];

/** Shows the conversations; gives the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(
    program,
    args,
    io,
    async ({ options, signal, terminal }) => {
      const plots = ["--plots", options.plots];
      for (const { title, server, client } of CONVERSATIONS) {
        const [serve, ...serverArgs] = server;
        const [ask, name, clientArgs] = client;
        const stop = new AbortController();
        const { terminal: watched, address } = listeningTerminal();
        const served = serve(["--port", "0", ...serverArgs], {
          terminal: watched,
          signal: stop.signal,
        });
        try {
          const args = clientArgs(await address);
          terminal.print(`# ${title}`);
          terminal.print(`$ ${[name, ...args].join(" ")}`);
          const shown = ask === measureClient ? plots : [];
          const code = await ask([...args, ...shown], { terminal, signal });
          if (code !== 0) throw new RunError(`Cannot go on: ${name} failed`);
          terminal.print("");
        } finally {
          stop.abort();
          await served;
        }
        if (signal.aborted) return 0;
      }
      terminal.print("# TCP or UDP? One at a time or all at once?");
      terminal.print("$ compare --short");
      const code = await compare(["--short", ...plots], { terminal, signal });
      terminal.print(
        "\nHere client and server took turns in one process; run them apart, as\n" +
          "deno task measure-server and deno task measure-client, for figures to quote.",
      );
      return code;
    },
  );
}

/** A terminal that shows nothing, and tells the address a server listens on. */
function listeningTerminal(): { terminal: Terminal; address: Promise<string> } {
  const { promise, resolve } = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  const sink = {
    writeSync(bytes: Uint8Array): number {
      const found = /^listening \S+ (\S+)/.exec(decoder.decode(bytes));
      if (found) resolve(found[1]!);
      return bytes.length;
    },
    isTerminal: () => false,
  };
  return { terminal: new Terminal(sink, sink), address: promise };
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
