/**
 * The programs that nobody here wrote, as real processes.
 *
 * @module
 */

import { Server } from "../programs.ts";
import { ScratchFolder } from "../scratch.ts";

/** How long a test may take. */
const TEST_MS = 60_000;
/** When socat's children for each client, which outlive it, end by themselves. */
const FORK_IDLE_SEC = 10;

/**
 * What a test needs of the machine: programs, the loopback of IPv6, and network
 * namespaces, which need the rights of an administrator.
 */
type Need =
  | "python3"
  | "scapy"
  | "ncat"
  | "socat"
  | "tshark"
  | "chromium"
  | "iperf3"
  | "bash"
  | "zsh"
  | "fish"
  | "openssl"
  | "ping"
  | "nft"
  | "prometheus"
  | "promtool"
  | "namespaces"
  | "::1";
/** What is no program, and may be missing in continuous integration, too. */
const RIGHTS: Need[] = ["::1", "namespaces"];
/** What may have Scapy: the first python3, or Debian's own behind it. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/**
 * Registers a test that drives other programs. Where something is missing it is
 * skipped, with the reason printed; but a missing program fails it in CI.
 */
export function interopTest(
  needs: Need[],
  name: string,
  fn: () => Promise<void>,
): void {
  const missing = needs.filter((need) => !isThere(need));
  const reason = `this machine has no ${missing.join(" and no ")}`;
  // In continuous integration no program may be missing.
  const ignore = missing.length > 0 &&
    (missing.some((need) => RIGHTS.includes(need)) || !Deno.env.get("CI"));
  if (ignore) {
    const line = `skipped: ${name}: ${reason}\n`;
    Deno.stderr.writeSync(new TextEncoder().encode(line));
  }
  Deno.test({
    name,
    ignore,
    timeout: TEST_MS,
    fn: missing.length === 0 ? fn : () => {
      throw new Error(`${reason}, and CI is set: nothing may be skipped`);
    },
  });
}

const found = new Map<Need, boolean>();

function isThere(need: Need): boolean {
  let there = found.get(need);
  if (there === undefined) {
    there = need === "::1"
      ? hasIpv6Loopback()
      : need === "namespaces"
      ? canMakeNamespaces()
      : need === "scapy"
      ? pythonWithScapy() !== undefined
      : isInstalled(need);
    found.set(need, there);
  }
  return there;
}

function hasIpv6Loopback(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

function canMakeNamespaces(): boolean {
  const name = `roundtrip-${Deno.pid}`;
  return succeeds("ip", "netns", "add", name) &&
    succeeds("ip", "netns", "delete", name);
}

function isInstalled(program: string): boolean {
  const flags: Record<string, string> = {
    socat: "-V",
    ping: "-V",
    openssl: "version",
  };
  return succeeds(program, flags[program] ?? "--version");
}

function pythonWithScapy(): string | undefined {
  return PYTHONS.find((name) =>
    succeeds(name, "-c", "import scapy.contrib.stamp")
  );
}

function succeeds(program: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(program, { args }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The command line of a program in Python beside this file. */
export function python(name: string, ...args: string[]): string[] {
  return ["python3", `tests/interop/programs/${name}.py`, ...args];
}

/** The same for one that needs Scapy. */
export function scapy(name: string, ...args: string[]): string[] {
  const [, ...words] = python(name, ...args);
  return [pythonWithScapy()!, ...words];
}

/**
 * Starts a server that takes only a given port, and says on standard error that
 * it listens, but not where.
 */
async function serveAt(
  address: string,
  command: string[],
  says: RegExp,
): Promise<Server> {
  const server = new Server(command);
  server.address = address;
  try {
    await server.heard(says, "stderr");
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** A port that was free a moment ago, for programs that cannot pick one. */
export function freePort(transport: "tcp" | "udp"): number {
  const where = { hostname: "127.0.0.1", port: 0 };
  if (transport === "tcp") {
    using listener = Deno.listen(where);
    return listener.addr.port;
  }
  const socket = Deno.listenDatagram({ transport, ...where });
  try {
    return (socket.addr as Deno.NetAddr).port;
  } finally {
    socket.close();
  }
}

/** Starts socat with an address such as `TCP-LISTEN` before another. */
export function serveSocat(
  listen: "TCP-LISTEN" | "UDP-LISTEN" | "UDP-RECVFROM",
  peer: string,
): Promise<Server> {
  const port = freePort(listen.startsWith("UDP") ? "udp" : "tcp");
  return serveAt(
    `127.0.0.1:${port}`,
    [
      ...["socat", "-d", "-d", "-T", `${FORK_IDLE_SEC}`],
      ...[`${listen}:${port},bind=127.0.0.1,fork`, peer],
    ],
    / (listening|receiving) on /,
  );
}

/** Starts socat on a Unix socket. */
export function serveSocatUnix(path: string, peer: string): Promise<Server> {
  return serveAt(
    path,
    ["socat", "-d", "-d", `UNIX-LISTEN:${path},fork`, peer],
    / listening on /,
  );
}

/** Starts ncat, listening by the flags given. */
export function serveNcat(...flags: string[]): Promise<Server> {
  const port = freePort(flags.includes("--udp") ? "udp" : "tcp");
  return serveAt(
    `127.0.0.1:${port}`,
    ["ncat", "-v", "--listen", ...flags, "127.0.0.1", `${port}`],
    /Listening on /,
  );
}

/** Gives the path of a Unix socket in a folder that is removed afterwards. */
export async function withSocketPath(
  use: (path: string) => Promise<void>,
): Promise<void> {
  using folder = new ScratchFolder();
  await use(`${folder.path}/socket`);
}

/** The flags that a script needs for a Unix socket, as its header says. */
export function unixFlags(path: string): string[] {
  return [`--allow-net=unix:${path}`, ...fileFlags(path)];
}

/** The flags that a client needs for a Unix socket beside its task's. */
export function fileFlags(path: string): string[] {
  return [`--allow-read=${path}`, `--allow-write=${path}`];
}

/** What a stream server of ours says at its end where no client failed. */
export const COUNTS_ALONE =
  /^\d+ connections?; refused: denied 0, too many 0, too fast 0; \d+ bytes? received, \d+ bytes? sent\n$/;
