import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { run, script, serveScript } from "../programs.ts";
import { measurementEvents } from "../report/events.ts";
import { COMPARE, RTT } from "../report/results.ts";

const TIMEOUT_MS = 60_000;
/** Those of the task, but to write where tests may. */
const FLAGS = ["--no-prompt", "--allow-read", "--allow-write=/tmp"];

/** A folder under /tmp with some files, which is removed with the scope. */
async function folder(files: Record<string, string>) {
  const path = await Deno.makeTempDir({ dir: "/tmp" });
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${path}/${name}`, text);
  }
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** What a client prints, measuring a server. */
async function measured(
  server: "measure_server" | "stamp_server",
  client: (address: string) => string[],
): Promise<string> {
  await using serving = await serveScript(server);
  const { code, stdout, stderr } = await run(client(serving.address));
  assertEquals(code, 0, stderr);
  return stdout;
}

const COURSE = (mode: "rtt" | "tput", ...rest: string[]) => (address: string) =>
  script("measure_client", [mode, address, "-n", "50", ...rest]);
const STAMP = (...rest: string[]) => (address: string) =>
  script("stamp_client", [address, "-n", "50", "-i", "2ms", ...rest]);
const SWEEP = (...rest: string[]) => (address: string) =>
  script("measure_client", ["sweep", address, "-n", "3", ...rest]);

const MEASUREMENTS: [string, () => Promise<string>][] = [
  ["rtt --json", () => measured("measure_server", COURSE("rtt", "--json"))],
  ["rtt --ndjson", () => measured("measure_server", COURSE("rtt", "--ndjson"))],
  ["tput --json", () => measured("measure_server", COURSE("tput", "--json"))],
  [
    "tput --ndjson with a schedule",
    () => measured("measure_server", COURSE("tput", "--ndjson", "-i", "2ms")),
  ],
  ["STAMP --json", () => measured("stamp_server", STAMP("--json"))],
  ["STAMP --ndjson", () => measured("stamp_server", STAMP("--ndjson"))],
  ["sweep --json", () => measured("measure_server", SWEEP("--json"))],
  ["sweep --ndjson", () => measured("measure_server", SWEEP("--ndjson"))],
  [
    "compare --ndjson",
    async () => {
      const words = ["--short", "--ndjson", "--quiet"];
      const { code, stdout, stderr } = await run(script("compare", words));
      assertEquals(code, 0, stderr);
      return stdout;
    },
  ],
];

for (const [name, measure] of MEASUREMENTS) {
  Deno.test({
    name: `report makes a page of what ${name} writes, and of a part of it`,
    timeout: TIMEOUT_MS,
    async fn() {
      const text = await measure();
      const { code, stdout, stderr } = await run(script("report", ["-"]), text);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertMatch(stdout, /^<!DOCTYPE html>\n<html lang="en">/);
      assert(stdout.includes("<svg") && stdout.endsWith("</html>\n"));
      assertEquals(stdout.includes("ends early"), false);

      const cut = await run(
        script("report", ["-"]),
        text.slice(0, text.length * 2 / 3),
      );
      if (name.includes("--ndjson")) {
        assertEquals([cut.code, cut.stderr], [0, ""]);
        assertStringIncludes(cut.stdout, "The file ends early");
      } else {
        assertEquals([cut.code, cut.stdout], [1, ""]);
        assertMatch(cut.stderr, /^report: Cannot read standard input: it /);
      }
    },
  });
}

Deno.test({
  name: "report writes the page to a file, over an older one, and says so",
  timeout: TIMEOUT_MS,
  async fn() {
    await using files = await folder({
      "a.json": JSON.stringify(RTT),
      "b.ndjson": measurementEvents("stamp").join("\n"),
      "c.json": JSON.stringify(COMPARE),
      "page.html": "x".repeat(1_000_000),
    });
    const paths = ["a.json", "b.ndjson", "c.json"]
      .map((name) => `${files.path}/${name}`);
    const output = `${files.path}/page.html`;
    const words = [...paths, "-o", output];
    const { code, stdout, stderr } = await run(script("report", words, FLAGS));
    assertEquals([code, stdout], [0, ""]);
    const page = await Deno.readTextFile(output);
    const size = Math.ceil(new TextEncoder().encode(page).length / 1000);
    assertEquals(stderr, `wrote ${output}, ${size} KB\n`);
    assertMatch(page, /<title>Roundtrip: a.json, b.ndjson, c.json<\/title>/);

    const again = await run(script("report", paths));
    assertEquals(again.stdout, page);
  },
});

/** What is wrong, the words, the exit code, and what it has to say. */
const MISTAKES: [string, string[], number, RegExp][] = [
  ["no file", [], 2, /^report: name a result, as in result\.json: see --help$/],
  ["standard input twice", ["-", "-"], 2, /which is read only once$/],
  ["21 files", Array(21).fill("a.json"), 2, /^report: 20 results at most/],
  [
    "an output that is a result",
    ["deno.json", "-o", "./deno.json"],
    2,
    /^report: --output \.\/deno\.json is a result; write the page to another/,
  ],
  [
    "a file that is not in this folder",
    ["nothing.json"],
    1,
    /^report: Cannot read nothing\.json: there is no such path in \/\S+, where it was looked for; /,
  ],
  ["an output without a name", ["a.json", "-o"], 2, /--output needs a value/],
  [
    "a file that is not there",
    ["/tmp/nothing/a.json"],
    1,
    /^report: Cannot read \/tmp\/nothing\/a\.json: there is no such path; check the spelling$/,
  ],
  ["a folder", ["tests"], 1, /^report: Cannot read tests: it is a folder; /],
  [
    "JSON of something else",
    ["deno.json"],
    1,
    /^report: Cannot read deno\.json: it is JSON, but no result of this tool; /,
  ],
  [
    "no text",
    [Deno.execPath()],
    1,
    /^report: Cannot read \S+: it is not text, so it is no result; /,
  ],
];

for (const [what, words, exitCode, sentence] of MISTAKES) {
  Deno.test({
    name: `report refuses ${what} in one sentence, with ${exitCode}`,
    timeout: TIMEOUT_MS,
    async fn() {
      const { code, stdout, stderr } = await run(script("report", words));
      assertEquals([code, stdout], [exitCode, ""]);
      assertMatch(stderr.trimEnd(), sentence);
      assertEquals(stderr.trimEnd().split("\n").length, 1);
    },
  });
}

Deno.test({
  name: "report says where it cannot write",
  timeout: TIMEOUT_MS,
  async fn() {
    await using files = await folder({ "a.json": JSON.stringify(RTT) });
    const input = `${files.path}/a.json`;
    const places: [string, RegExp][] = [
      [files.path, /Cannot write \S+: it is a folder; name a file$/],
      [`${files.path}/no/page.html`, /Cannot write \S+: there is no such path/],
    ];
    for (const [output, sentence] of places) {
      const ended = await run(script("report", [input, "-o", output], FLAGS));
      assertEquals(ended.code, 1);
      assertMatch(ended.stderr.trimEnd(), sentence);
    }
    // The task may write only in the folder where it runs.
    const ended = await run(script("report", [input, "-o", "/tmp/page.html"]));
    assertEquals(ended.code, 1);
    assertMatch(ended.stderr, /--allow-write=\/tmp\/page\.html\n$/);
  },
});
