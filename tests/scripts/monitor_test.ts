import { assert, assertEquals, assertMatch } from "@std/assert";
import type { TargetList } from "../../lib/monitor/api.ts";
import { Store } from "../../lib/monitor/store.ts";
import { Program, run, runHere, script } from "../programs.ts";
import { LocalServers } from "../../lib/cli/local_servers.ts";
import { ScratchFolder } from "../scratch.ts";

/** The flags of the task, for a folder of the tests. */
const FLAGS = [
  ...["--unstable-net", "--unstable-raw-imports", "--allow-net"],
  ...["--allow-read=lib,.scratch", "--allow-write=.scratch"],
];
const LISTENING = /listening (http:\S+)/;

function command(folder: string, ...args: string[]): string[] {
  return script("monitor", ["--port", "0", "--data", folder, ...args], FLAGS);
}

/** A target of the test's own server, and where the figures are kept. */
async function targets(url: string): Promise<TargetList["targets"]> {
  const response = await fetch(`${url}/api/targets`);
  return (await response.json() as TargetList).targets;
}

async function until<T>(
  get: () => Promise<T>,
  holds: (value: T) => boolean,
): Promise<T> {
  for (;;) {
    const value = await get();
    if (holds(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

Deno.test("monitor loses at most 10 s when it is killed", async () => {
  using scratch = new ScratchFolder();
  await using servers = new LocalServers();
  const word = `stamp:127.0.0.1:${servers.stamp.port}`;
  const id = `127.0.0.1:${servers.stamp.port}~stamp~4`;
  {
    await using program = new Program(
      command(scratch.path, "--interval", "100ms", word),
    );
    const [, url] = await program.heard(LISTENING);
    const sent = async () => (await targets(url!))[0]?.hour.sent ?? 0;
    await until(sent, (count) => count >= 120); // 12 s of probes
    const known = await sent();
    program.signal("SIGKILL");
    await program.ended();
    using store = new Store(`${scratch.path}/monitor.db`);
    const now = Math.floor(Date.now() / 60_000) * 60;
    const span = { from: now - 600, to: now + 60 };
    const slots = [...store.slots(id, 60, span)].map(([, slot]) => slot);
    const kept = slots.reduce((sum, slot) => sum + slot.sent, 0);
    assert(kept > 0 && kept >= known - 100, `${kept} of ${known}`);
  }
  await using again = new Program(command(scratch.path, word));
  const [, url] = await again.heard(LISTENING);
  const [target] = await until(() => targets(url!), (all) => all.length === 1);
  assert(target!.strip.sent.some((count) => count > 0));
});

Deno.test("monitor reads its configuration again when it changes and at SIGHUP", async () => {
  using scratch = new ScratchFolder();
  const file = scratch.file(
    "monitor.toml",
    'targets = ["connect:127.0.0.1:9"]',
  );
  await using program = new Program(
    command(scratch.path, "--config", file),
  );
  const [, url] = await program.heard(LISTENING);
  const count = async () => (await targets(url!)).length;
  await until(count, (found) => found === 1);
  scratch.file(
    "monitor.toml",
    'targets = ["connect:127.0.0.1:9", "connect:127.0.0.1:7"]',
  );
  await until(count, (found) => found === 2);
  program.signal("SIGHUP");
  scratch.file("monitor.toml", "targets = [");
  await program.heard(
    /monitor.toml:1: this is no TOML.*the old configuration stays/,
    "stderr",
  );
  assertEquals(await count(), 2);
  const { code } = await program.stop();
  assertEquals(code, 0);
});

Deno.test("monitor check tells the line of a fault", async () => {
  using scratch = new ScratchFolder();
  const check = (text: string) =>
    runHere("monitor", "check", scratch.file("monitor.toml", text));
  const good = await check('targets = ["a.example", "b.example"]');
  assertEquals([good.code, good.stdout], [0, "2 targets, 0 alert rules\n"]);
  const wrong = await check('\n\ntargets = ["a.example:80"]');
  assertEquals(wrong.code, 1);
  assertMatch(
    wrong.stderr,
    /monitor.toml:3: targets\[1\].* write connect:a.example:80/,
  );
});

Deno.test("monitor refuses what would be unsafe or make no sense", async () => {
  using scratch = new ScratchFolder();
  const short = scratch.file("token", "short");
  for (
    const [args, said] of [
      [["--host", "0.0.0.0", "a"], /add --token-file FILE, or --allow-anyone/],
      [["--token-file", short, "a"], /a token has at least 16 characters/],
      [["a", "a"], /a is given twice/],
      [["a:80"], /write connect:a:80/],
      [["--tls-cert", short, "a"], /--tls-cert and --tls-key go together/],
      [["check"], /name one file/],
      [["--from", "x", "export", "a"], /--from is a time such as/],
      [["--config", `${scratch.path}/none.toml`], /there is no such path/],
      [[], /name a HOST to measure, or write the configuration file monitor/],
      [["import", short], /neither a Targets file of SmokePing nor/],
    ] as const
  ) {
    const { code, stderr } = await runHere(
      "monitor",
      "--data",
      scratch.path,
      ...args,
    );
    assert(code > 0, args.join(" "));
    assertMatch(stderr, said);
  }
});

Deno.test("monitor names the folder that it may not use", async () => {
  const { code, stderr } = await run(
    command("elsewhere", "connect:127.0.0.1:9"),
  );
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /Cannot use the folder elsewhere: .*--allow-write=elsewhere/,
  );
});
