import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Program, run, runHere, script, serveHere } from "../programs.ts";
import { COMPARE, RTT, STAMP } from "../report/results.ts";
import { ScratchFolder } from "../scratch.ts";

const LIMIT = { timeout: 60_000 };

/** What a client writes when it measures a server of this process. */
async function measured(
  server: "measure_server" | "stamp_server",
  client: "measure_client" | "stamp_client",
  mode: string[],
  ...rest: string[]
): Promise<string> {
  await using serving = await serveHere(server);
  const args = [...mode, serving.address, ...rest];
  const { code, stdout, stderr } = await runHere(client, ...args);
  assertEquals(code, 0, stderr);
  return stdout;
}

const measure = (mode: string, ...rest: string[]) => () =>
  measured("measure_server", "measure_client", [mode], ...rest);
const stamp = (...rest: string[]) => () =>
  measured("stamp_server", "stamp_client", [], "-n50", "-i2ms", ...rest);

/** Short enough for a test. */
const SWEPT = "-n3 --warmup 1 --sizes 1,500 --delays 0,2".split(" ");

const MEASUREMENTS: [string, () => Promise<string>][] = [
  ["rtt --json", measure("rtt", "-n50", "--json")],
  ["rtt --ndjson", measure("rtt", "-n50", "--ndjson")],
  ["tput --json", measure("tput", "-n50", "--json")],
  ["tput --ndjson", measure("tput", "-n50", "--ndjson", "-i2ms")],
  ["stamp --json", stamp("--json")],
  ["stamp --ndjson", stamp("--ndjson")],
  ["sweep --json", measure("sweep", ...SWEPT, "--json")],
  ["sweep --ndjson", measure("sweep", ...SWEPT, "--ndjson")],
  [
    "compare --ndjson",
    async () => {
      const { code, stdout, stderr } = await runHere(
        "compare --rounds 1 -n 2 --clients 2 --delay 1 --ndjson --quiet",
      );
      assertEquals(code, 0, stderr);
      return stdout;
    },
  ],
];

for (const [name, measurement] of MEASUREMENTS) {
  Deno.test(
    `report makes a page of what ${name} writes, and of a part of it`,
    LIMIT,
    async () => {
      using folder = new ScratchFolder();
      const text = await measurement();
      const whole = folder.file("whole", text);
      const part = folder.file("part", text.slice(0, text.length * 2 / 3));

      const { code, stdout, stderr } = await runHere("report", whole);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertMatch(stdout, /^<!DOCTYPE html>\n<html lang="en">/);
      assert(stdout.includes("<svg") && stdout.endsWith("</html>\n"));
      assertEquals(stdout.includes("ends early"), false);

      const cut = await runHere("report", part);
      if (name.includes("--ndjson")) {
        assertEquals([cut.code, cut.stderr], [0, ""]);
        assertStringIncludes(cut.stdout, "The file ends early");
      } else {
        assertEquals([cut.code, cut.stdout], [1, ""]);
        assertMatch(cut.stderr, /^report: Cannot read \S+: it begins as JSON/);
      }
    },
  );
}

Deno.test(
  "report writes the page to a file, replaces an older one, and says so",
  LIMIT,
  async () => {
    using folder = new ScratchFolder();
    const paths = Object.entries({ RTT, STAMP, COMPARE }).map(
      ([name, result]) => folder.file(`${name}.json`, JSON.stringify(result)),
    );
    const output = folder.file("page.html", "x".repeat(1_000_000));
    const { code, stdout, stderr } = await runHere(
      "report",
      ...[...paths, "-o", output],
    );
    assertEquals([code, stdout], [0, ""], stderr);
    const page = await Deno.readTextFile(output);
    const size = Math.ceil(new TextEncoder().encode(page).length / 1000);
    assertEquals(stderr, `wrote ${output}, ${size} KB\n`);
    assertMatch(page, /<title>Roundtrip: 3 results to 192\.0\.2\.1:10000, /);

    const again = await runHere("report", ...paths);
    assertEquals(again.stdout, page);
  },
);

Deno.test(
  "report never overwrites a result, whatever it is called",
  LIMIT,
  async () => {
    using folder = new ScratchFolder();
    const source = folder.file("a.json", JSON.stringify(RTT));
    await Deno.link(source, `${folder.path}/linked.json`);
    for (const name of ["a.json", "./a.json", "linked.json"]) {
      const output = `${folder.path}/${name}`;
      const { code, stderr } = await runHere("report", source, "-o", output);
      assertEquals(code, 2);
      assertStringIncludes(stderr, "is a result; write the page to another");
    }
    assertEquals(await Deno.readTextFile(source), JSON.stringify(RTT));
  },
);

Deno.test(
  "report reads standard input, and ends at a signal while it waits for it",
  LIMIT,
  async () => {
    const command = script("report", ["-"]);
    const { code, stdout, stderr } = await run(command, JSON.stringify(RTT));
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertStringIncludes(stdout, ">standard input<");

    await using waiting = new Program(command);
    await waiting.write(" ".repeat(300_000)); // more than a pipe holds
    waiting.signal("SIGTERM");
    const ended = await waiting.ended();
    assertEquals([ended.code, ended.stdout], [1, ""]);
    assertMatch(ended.stderr, /^report: Interrupted/);
  },
);

Deno.test("report says where it cannot write", LIMIT, async () => {
  using folder = new ScratchFolder();
  const source = folder.file("a.json", JSON.stringify(RTT));
  const outputs: [string, RegExp][] = [
    [folder.path, /Cannot write \S+: it is a folder; name a file$/],
    [`${folder.path}/no/p.html`, /Cannot write \S+: there is no such path/],
  ];
  for (const [output, sentence] of outputs) {
    const { code, stderr } = await runHere("report", source, "-o", output);
    assertEquals(code, 1);
    assertMatch(stderr.trimEnd(), sentence);
  }
  // The task may write only to the folder in which it runs.
  const denied = await run(script("report", [source, "-o", "/page.html"]));
  assertEquals(denied.code, 1);
  assertMatch(
    denied.stderr,
    /^report: Cannot write \/page\.html: .*: report \S+ > \/page\.html\n$/,
  );
});
