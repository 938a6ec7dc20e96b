#!/usr/bin/env -S deno run --unstable-net --allow-net=127.0.0.1
/**
 * Demo: runs each server and its client on loopback inside this process, then a
 * short comparison of TCP and UDP. It takes some seconds.
 *
 * Protocol:   hello, uppercase, time, measure, STAMP
 * Socket:     stream and datagram
 * Permission: --allow-net=127.0.0.1; --unstable-net outside of this folder
 *
 *     $ deno task demo
 *     # Hi is answered with hello
 *     $ hello-client 127.0.0.1:40123
 *     hello
 *     ...
 *
 * @module
 */

import { RunError } from "../lib/cli/context.ts";
import { defineProgram, type Main } from "../lib/cli/program.ts";
import { OUTPUT_OPTIONS } from "../lib/cli/report.ts";
import { Terminal } from "../lib/terminal/terminal.ts";
import { main as compare } from "./compare.ts";
import { main as helloClient } from "./hello_client.ts";
import { main as helloServer } from "./hello_server.ts";
import { main as measureClient } from "./measure_client.ts";
import { main as measureServer } from "./measure_server.ts";
import { main as tcpClient } from "./tcp_client.ts";
import { main as tcpServer } from "./tcp_server.ts";
import { main as throughputClient } from "./throughput_client.ts";
import { main as throughputServer } from "./throughput_server.ts";
import { main as timeClient } from "./time_client.ts";
import { main as timeServer } from "./time_server.ts";
import { main as udpClient } from "./udp_client.ts";
import { main as udpServer } from "./udp_server.ts";

/** A server and its client, with their arguments. */
interface Conversation {
  title: string;
  server: [Main, ...string[]];
  /** Its name, and its arguments for a target. */
  client: [Main, string, (target: string) => string[]];
}

const CONVERSATIONS: Conversation[] = [
  {
    title: "Hi is answered with hello",
    server: [helloServer],
    client: [helloClient, "hello-client", (target) => [target]],
  },
  {
    title: "A sentence in upper case over TCP, a stream",
    server: [tcpServer],
    client: [tcpClient, "tcp-client", (target) => [target, "hello world"]],
  },
  {
    title: "The same over UDP, in datagrams",
    server: [udpServer],
    client: [udpClient, "udp-client", (target) => [target, "hello world"]],
  },
  {
    title:
      "The same over a path that loses half of the datagrams, with retries",
    server: [udpServer, "--drop", "0.5", "--seed", "12"],
    client: [
      udpClient,
      "udp-client",
      (target) => [target, "--timeout", "200ms", "--retries", "9", "hello"],
    ],
  },
  {
    title: "The time, and the offset of the clocks",
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
  {
    title: "How much fits",
    server: [throughputServer],
    client: [
      throughputClient,
      "throughput-client",
      (target) => [target, "--time", "1s", "--plots", "none"],
    ],
  },
];

/** Runs the conversations; returns the exit code. */
export const main = defineProgram({
  name: "demo",
  summary: "Runs each server and its client on loopback, in some seconds.",
  operands: "",
  details: [],
  options: { plots: OUTPUT_OPTIONS.plots },
  examples: [""],
}, async ({ options, signal, terminal }) => {
  const plots = ["--plots", options.plots];
  for (const { title, server, client } of CONVERSATIONS) {
    const [serve, ...serverArgs] = server;
    const [ask, name, clientArgs] = client;
    const stop = new AbortController();
    const { terminal: hidden, address } = hiddenTerminal();
    const served = serve(["--port", "0", ...serverArgs], {
      terminal: hidden,
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
  terminal.print("# TCP or UDP? One client at a time or all at once?");
  terminal.print("$ compare --short");
  const code = await compare(["--short", ...plots], { terminal, signal });
  terminal.print(
    "\nClient and server shared one process here. For figures to quote, run\n" +
      "deno task measure-server and deno task measure-client.",
  );
  return code;
});

/** A terminal that shows nothing, and resolves the address of its server. */
function hiddenTerminal(): { terminal: Terminal; address: Promise<string> } {
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

if (import.meta.main) Deno.exit(await main(Deno.args));
