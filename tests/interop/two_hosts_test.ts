import { assertEquals, assertMatch } from "@std/assert";
import { Program, run, script } from "../programs.ts";

/** Two hosts on one network, as network namespaces. */
class TwoHosts implements AsyncDisposable {
  readonly near = `rt-near-${Deno.pid}`;
  readonly far = `rt-far-${Deno.pid}`;
  /** The address of the far host. */
  readonly address = "10.203.77.2";

  /** Makes the hosts; returns why that is impossible, or null. */
  async start(): Promise<string | null> {
    const { near, far, address } = this;
    for (
      const line of [
        `netns add ${near}`,
        `netns add ${far}`,
        `-n ${near} link add veth0 type veth peer name veth0 netns ${far}`,
        `-n ${near} address add 10.203.77.1/24 dev veth0`,
        `-n ${far} address add ${address}/24 dev veth0`,
        ...[near, far].flatMap((host) =>
          ["lo", "veth0"].map((device) => `-n ${host} link set ${device} up`)
        ),
      ]
    ) {
      try {
        const { code, stderr } = await run(["ip", ...line.split(" ")]);
        if (code !== 0) return stderr.trim();
      } catch {
        return "ip (iproute2) is not installed";
      }
    }
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of [this.near, this.far]) {
      await run(["ip", "netns", "delete", host]).catch(() => {});
    }
  }
}

/** A UDP server, its client, and what the client prints. */
const SERVERS: [server: string, client: string, expected: RegExp][] = [
  ["udp_server", "udp_client TARGET -p 12000 hello", /^HELLO$/m],
  ["time_server --udp", "time_client TARGET -p 9999 --udp", /clock offset/],
  ["throughput_server", "throughput_client TARGET -u -t 1s", /received/],
  ["stamp_server", "stamp_client TARGET -n 3 -i 1ms", /3 received/],
];

await using probe = new TwoHosts();
const impossible = await probe.start();
await probe[Symbol.asyncDispose]();
if (impossible !== null) {
  const line = `skipped: two hosts: ${impossible}\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
}

for (const [server, client, expected] of SERVERS) {
  Deno.test({
    name: `The remedies of ${server} on a network work as they are printed`,
    ignore: impossible !== null,
    timeout: 120_000,
    async fn() {
      await using hosts = new TwoHosts();
      assertEquals(await hosts.start(), null);
      const ask = () =>
        run([
          ...["ip", "netns", "exec", hosts.near],
          ...script(client.replace("TARGET", hosts.address)),
        ]);
      const there = (command: string[]) =>
        new Program(["ip", "netns", "exec", hosts.far, ...command]);
      let remedies: string[] = [];
      {
        await using denied = there(script(`${server} --host 0.0.0.0`));
        // It may listen, and be denied the first answer.
        await Promise.race([
          denied.heard(/listening/).then(ask),
          denied.heard(/permission/, "stderr"),
        ]);
        const [, task, all] = await denied.heard(
          /run (deno task .*?) for private IPv4 networks, or for all networks (deno run [^;\n]*)/,
          "stderr",
        );
        remedies = [task!, all!];
      }
      for (const remedy of remedies) {
        await using serving = there(remedy.split(" "));
        await serving.heard(/^listening \w+ 0\.0\.0\.0:/m);
        const { code, stdout, stderr } = await ask();
        assertEquals(code, 0, `${remedy}: ${stderr}`);
        assertMatch(stdout, expected);
        await serving.stop(); // deno task passes the signal on
      }
    },
  });
}
