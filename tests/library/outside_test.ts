import { assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { Program, run, runHere } from "../programs.ts";

const TIMEOUT_MS = 120_000;
const ROOT = new URL("../../", import.meta.url);
const EXAMPLES = new Map([
  ...examples("docs/library.md"),
  ...examples("README.md"),
]);

/** The files in a document: each starts with its name and how it is run. */
function examples(path: string): Map<string, string> {
  const text = Deno.readTextFileSync(new URL(path, ROOT));
  const blocks = text.matchAll(/^```ts\n(\/\/ (\S+\.ts): [^]*?)^```$/gm);
  return new Map([...blocks].map(([, source, name]) => [name!, source!]));
}

/** The exports of the package, as a project elsewhere names them. */
function exportsBy(pattern: RegExp): [name: string, url: string][] {
  return Object.entries(config.exports)
    .filter(([, path]) => pattern.test(path))
    .map(([name, path]) => [name, new URL(path, ROOT).href]);
}

/** A project in a folder of the system's, without our deno.json. */
class Project implements AsyncDisposable {
  constructor(readonly path: string) {}

  /** Makes it, with these files. */
  static async make(files: Record<string, string>): Promise<Project> {
    const script = `
      const path = Deno.realPathSync(Deno.makeTempDirSync());
      for (const [name, text] of Object.entries(JSON.parse(Deno.args[0]))) {
        Deno.writeTextFileSync(path + "/" + name, text);
      }
      console.log(path);`;
    const given = { "deno.json": '{ "unstable": ["net"] }\n', ...files };
    const { stdout } = await deno("eval", script, JSON.stringify(given));
    return new Project(stdout.trim());
  }

  /** A command line of Deno's for one of its files. */
  command(args: string[], file: string, ...more: string[]): string[] {
    const config = `--config=${this.path}/deno.json`;
    return [Deno.execPath(), ...args, config, `${this.path}/${file}`, ...more];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const script = "Deno.removeSync(Deno.args[0], { recursive: true });";
    await deno("eval", script, this.path);
  }
}

async function deno(...args: string[]) {
  const ended = await run([Deno.execPath(), ...args]);
  assertEquals(ended.code, 0, ended.stderr);
  return ended;
}

/** An example's text where `./roundtrip/` is this repository. */
function located(name: string): string {
  const source = EXAMPLES.get(name);
  if (!source) throw new Error(`No document has ${name}`);
  return source.replaceAll("./roundtrip/", ROOT.href);
}

Deno.test({
  name: "every export can be imported and type-checked by a project elsewhere",
  timeout: TIMEOUT_MS,
  async fn() {
    const lines = exportsBy(/./).map(([, url], index) =>
      `import * as m${index} from "${url}";\nconsole.log(typeof m${index});`
    );
    await using project = await Project.make({ "all.ts": lines.join("\n") });
    await deno(...project.command(["check", "--no-lock"], "all.ts").slice(1));
    const run = project.command(
      ["run", "--no-lock", "--no-prompt", "--allow-env=WS_NO_BUFFER_UTIL"],
      "all.ts",
    );
    const { stdout } = await deno(...run.slice(1));
    assertEquals(stdout, "object\n".repeat(lines.length));
  },
});

Deno.test("every program with a task is an export, and every export exists", () => {
  const programs = Object.values(config.tasks)
    .flatMap(({ command }) => / (scripts\/\w+\.ts)/.exec(command)?.[1] ?? []);
  const exported = exportsBy(/^\.\/scripts\//)
    .map(([, url]) => url.slice(ROOT.href.length));
  assertEquals(exported.toSorted(), [...new Set(programs)].toSorted());
  for (const [name] of exportsBy(/^\.\/scripts\//)) {
    assertMatch(name, /^\.\/[a-z-]+$/);
  }
});

/** Checks the examples of a document in a project elsewhere. */
async function checked(...names: string[]): Promise<Project> {
  const project = await Project.make(
    Object.fromEntries(names.map((name) => [name, located(name)])),
  );
  for (const name of names) {
    await deno(...project.command(["check", "--no-lock"], name).slice(1));
  }
  return project;
}

const LOOPBACK = ["run", "--no-lock", "--allow-net=127.0.0.1"];
const LISTENING = /^listening tcp 127\.0\.0\.1:(\d+)$/m;

Deno.test({
  name: "README.md has a server that works elsewhere",
  timeout: TIMEOUT_MS,
  async fn() {
    await using project = await checked("echo_server.ts");
    const command = project.command(LOOPBACK, "echo_server.ts", "0");
    await using server = new Program(command);
    const [, port] = await server.heard(LISTENING);
    const client = await runHere("tcp_client", `127.0.0.1:${port}`, "hello");
    assertEquals(client.stdout, "hello\n");
  },
});

Deno.test({
  name: "docs/library.md has a server and a client that work elsewhere",
  timeout: TIMEOUT_MS,
  async fn() {
    const names = ["calculator_server.ts", "calculator_client.ts"] as const;
    await using project = await checked(...names);
    await using server = new Program(project.command(LOOPBACK, names[0], "0"));
    const [, port] = await server.heard(LISTENING);
    for (
      const [sum, answer] of [
        ["2 + 40", "42"],
        ["7 / 2", "3.5"],
        ["two", "write: 2 + 40"],
      ]
    ) {
      const client = project.command(LOOPBACK, names[1], port!, sum!);
      assertEquals((await run(client)).stdout, `${answer}\n`);
    }
  },
});

Deno.test({
  name: "docs/library.md has a measurement that works elsewhere",
  timeout: TIMEOUT_MS,
  async fn() {
    await using project = await checked("path.ts");
    const command = project.command(LOOPBACK, "path.ts");
    const { stdout } = await deno(...command.slice(1));
    assertMatch(stdout, /^100 answered, 0 lost, p50 [\d.]+ us\n$/);
  },
});

Deno.test({
  name: "docs/library.md has a result that works elsewhere",
  timeout: TIMEOUT_MS,
  async fn() {
    await using project = await checked("result.ts");
    const command = project.command(LOOPBACK, "result.ts");
    const { stdout } = await deno(...command.slice(1));
    assertMatch(stdout, /^100 answered, p50 [\d.]+ us\n$/);
  },
});
