/**
 * Throughput tests beside iperf3's on a link shaped to 100 Mbit/s: a token bucket
 * at both ends of a pair of interfaces between two network namespaces. It needs
 * root, `ip` and iperf3.
 *
 * @module
 */

import { byTurns, report, terminal } from "./harness.ts";

const RATE = "100mbit";
/** The rate asked for with UDP, in bit/s: below that of the link. */
const ASKED = 90e6;
const RUN_SEC = 3;
const ROUNDS = 3;
const TOLERANCE = 0.01;
const CLIENT = { name: `rt-client-${Deno.pid}`, address: "10.199.0.1" };
const SERVER = { name: `rt-server-${Deno.pid}`, address: "10.199.0.2" };
const IPERF3_PORT = "5202";

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

function inside({ name }: typeof CLIENT, ...args: string[]): Deno.Command {
  return new Deno.Command("ip", {
    args: ["netns", "exec", name, ...args],
    stdout: "piped",
    stderr: "null",
  });
}

const deno = (script: string) => [
  ...[Deno.execPath(), "run", "--unstable-net", "--allow-net"],
  new URL(`../../scripts/${script}.ts`, import.meta.url).pathname,
];

/** Prints all figures of it. */
export async function shapedFigures(): Promise<void> {
  const servers: Deno.ChildProcess[] = [];
  try {
    try {
      await makeLink();
    } catch (error) {
      terminal.print(`no shaped link here: ${(error as Error).message.trim()}`);
      return;
    }
    const { address } = SERVER;
    for (
      const command of [
        [...deno("throughput_server"), "--host", address],
        ["iperf3", "-s", "-B", address, "-p", IPERF3_PORT, "--forceflush"],
      ]
    ) {
      const server = inside(SERVER, ...command).spawn();
      servers.push(server);
      const reader = server.stdout.getReader();
      await reader.read(); // it listens
      reader.releaseLock();
      server.stdout.pipeTo(new WritableStream()).catch(() => {});
    }
    await compare();
  } finally {
    for (const server of servers) {
      server.kill("SIGKILL");
      await server.status;
    }
    for (const { name } of [CLIENT, SERVER]) {
      await ip("netns", "del", name).catch(() => {});
    }
  }
}

async function makeLink(): Promise<void> {
  for (const { name } of [CLIENT, SERVER]) await ip("netns", "add", name);
  await ip(
    ...["link", "add", "veth0", "netns", CLIENT.name, "type", "veth"],
    ...["peer", "name", "veth0", "netns", SERVER.name],
  );
  for (const { name, address } of [CLIENT, SERVER]) {
    await ip("-n", name, "address", "add", `${address}/24`, "dev", "veth0");
    await ip("-n", name, "link", "set", "veth0", "up");
    await ip(
      ...["netns", "exec", name, "tc", "qdisc", "add", "dev", "veth0", "root"],
      ...["tbf", "rate", RATE, "burst", "64kb", "latency", "50ms"],
    );
  }
}

/** Goodput of ours and of iperf3 by turns, TCP and UDP, both directions. */
async function compare(): Promise<void> {
  const megabits = (rate: number) => `${(rate / 1e6).toFixed(1)} Mbit/s`;
  for (
    const [what, ...flags] of [
      ["TCP"],
      ["TCP, reverse", "-R"],
      ["UDP", "-u", "-b", `${ASKED}`, "-l", "1400"],
      ["UDP, reverse", "-u", "-b", `${ASKED}`, "-l", "1400", "-R"],
    ]
  ) {
    const figures = await byTurns(
      async () => {
        const { summary } = await json(
          ...[...deno("throughput_client"), SERVER.address, "--json"],
          ...["-t", `${RUN_SEC}s`, "-O", "1s", ...flags],
        );
        return summary.goodput_bits_per_second;
      },
      async () => {
        const { end } = await json(
          ...["iperf3", "-c", SERVER.address, "-p", IPERF3_PORT, "-J"],
          ...["-t", `${RUN_SEC}`, "-O", "1", ...flags],
        );
        return end.sum_received?.bits_per_second;
      },
      ROUNDS,
    );
    const { ours, bare, ratio } = figures;
    const isUdp = flags.includes("-u");
    const isNear = (share: number) => Math.abs(share - 1) <= TOLERANCE;
    report(
      `${what} at ${RATE}${isUdp ? ", 90M asked" : ""} (bare: iperf3)`,
      megabits(ours),
      megabits(bare),
      {
        ratio,
        target: `${1 - TOLERANCE} to ${1 + TOLERANCE}`,
        met: isNear(ratio) && (!isUdp || isNear(ours / ASKED)),
      },
    );
  }
}

// deno-lint-ignore no-explicit-any
async function json(...command: string[]): Promise<any> {
  const { stdout } = await inside(CLIENT, ...command).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}
