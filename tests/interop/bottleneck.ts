/**
 * A path with a bottleneck whose queues are known: three network namespaces in a
 * row, of which the middle one forwards and shapes.
 *
 * ```text
 *   near 10.77.1.1 -- middle -- 10.77.2.2 far
 *     <- 20 Mbit/s, queue of DOWN bytes
 *        5 Mbit/s, queue of UP bytes ->
 * ```
 *
 * @module
 */

import { checkedResult } from "../../lib/result/schema.ts";
import type { UnderLoadResult } from "../../lib/result/under_load_schema.ts";
import { run, script, Server } from "../programs.ts";

/** Where the servers are. */
export const FAR = "10.77.2.2";
/** The rates of the bottleneck, in bit/s. */
export const RATES = { down: 20e6, up: 5e6 };
/** A packet of the load on the wire, and the payload in it. */
const SHARE = { tcp: 1448 / 1514, udp: 1400 / 1442 };

/** The goodput that fits, in bit/s. */
export function goodput(way: "down" | "up", transport: "tcp" | "udp"): number {
  return RATES[way] * SHARE[transport];
}

/** The path; its namespaces are removed at the end of its scope. */
export class Bottleneck implements AsyncDisposable {
  #names = ["near", "middle", "far"].map((name) => `rt-${Deno.pid}-${name}`);
  #servers: Server[] = [];

  constructor() {
    const [near, middle, far] = this.#names as [string, string, string];
    for (const name of this.#names) {
      ip("netns", "add", name);
      ip("-n", name, "link", "set", "lo", "up");
    }
    for (const [host, subnet, at] of [[near, 1, 1], [far, 2, 2]] as const) {
      const router = `10.77.${subnet}.${3 - at}`;
      ip("link", "add", "eth0", "netns", host, "type", "veth", ...[
        "peer",
        "name",
        `eth${subnet}`,
        "netns",
        middle,
      ]);
      ip("-n", host, "addr", "add", `10.77.${subnet}.${at}/24`, "dev", "eth0");
      ip("-n", middle, "addr", "add", `${router}/24`, "dev", `eth${subnet}`);
      ip("-n", host, "link", "set", "eth0", "up", "gso_max_segs", "1");
      ip("-n", middle, "link", "set", `eth${subnet}`, "up");
      ip("-n", host, "route", "add", "default", "via", router);
    }
    this.inside("middle", "sysctl", "-qw", "net.ipv4.ip_forward=1");
  }

  /** Sets the queues, in bytes; without one the rate is not limited. */
  shape(queues: { down?: number; up?: number }): void {
    for (const [way, device] of [["down", "eth1"], ["up", "eth2"]] as const) {
      const bytes = queues[way];
      const shaper = bytes === undefined ? ["pfifo", "limit", "10000"] : [
        "tbf",
        "rate",
        `${RATES[way]}bit`,
        "burst",
        "3000",
        "limit",
        `${bytes}`,
      ];
      this.inside("middle", ...["tc", "qdisc", "replace", "dev", device], ...[
        "root",
        "handle",
        `${bytes === undefined ? 1 : 2}:`,
        ...shaper,
      ]);
    }
  }

  /** Drops packets beyond a rate on the way up, and queues nothing. */
  police(packetsPerSec: number): void {
    const limit = `limit rate over ${packetsPerSec}/second`;
    const rules = "table ip police { chain forward { " +
      "type filter hook forward priority 0; " +
      `ip daddr ${FAR} ${limit} burst 10 packets drop; }; }`;
    this.inside("middle", "nft", rules);
  }

  /** The command line of a program in one of the namespaces. */
  command(where: "near" | "middle" | "far", ...words: string[]): string[] {
    const name = this.#names[["near", "middle", "far"].indexOf(where)]!;
    return ["ip", "netns", "exec", name, ...words];
  }

  /** Runs a program to its end. */
  inside(where: "near" | "middle" | "far", ...words: string[]): void {
    execute(this.command(where, ...words));
  }

  /** Starts a server on the far side. */
  async serve(pattern: RegExp, ...words: string[]): Promise<void> {
    const server = new Server(this.command("far", ...words));
    this.#servers.push(server);
    await server.heard(pattern);
  }

  /** Starts the three servers of an agent. */
  async serveAgent(): Promise<void> {
    const flags = ["--unstable-net", "--allow-net"];
    await Promise.all(
      ["throughput_server", "stamp_server --port 8620", "measure_server"].map(
        (line) => {
          const [name, ...args] = line.split(" ");
          return this.serve(
            /^listening/m,
            ...script(name!, ["--host", "0.0.0.0", ...args], flags),
          );
        },
      ),
    );
  }

  /** Runs `under-load` on the near side, and reads its result. */
  async underLoad(...args: string[]): Promise<UnderLoadResult> {
    const flags = ["--unstable-net", "--allow-net", "--allow-read=lib"];
    const { code, stdout, stderr } = await run(
      this.command(
        "near",
        ...script("under_load", [FAR, "--quick", "--json", ...args], flags),
      ),
    );
    if (code !== 0) throw new Error(stderr);
    return checkedResult(JSON.parse(stdout)) as UnderLoadResult;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
    for (const name of this.#names) ip("netns", "delete", name);
  }
}

function ip(...words: string[]): void {
  execute(["ip", ...words]);
}

function execute([program, ...args]: string[]): void {
  const { success, stderr } = new Deno.Command(program!, { args }).outputSync();
  if (success) return;
  const said = new TextDecoder().decode(stderr);
  throw new Error(`${program} ${args.join(" ")}: ${said}`);
}
