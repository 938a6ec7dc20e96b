import { assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { Program, run, runHere } from "../programs.ts";

const TIMEOUT_MS = 300_000;
const ROOT = new URL("../../", import.meta.url);
const EXAMPLES = new Map([
  ...examples("docs/library.md"),
  ...examples("README.md"),
]);

/** The files in a document, each by the name it starts with; `./roundtrip/` is this repository. */
function examples(path: string): Map<string, string> {
  const text = Deno.readTextFileSync(new URL(path, ROOT));
  const blocks = text.matchAll(/^```ts\n(\/\/ (\S+\.ts): [^]*?)^```$/gm);
  return new Map(
    [...blocks].map((
      [, source, name],
    ) => [name!, source!.replaceAll("./roundtrip/", ROOT.href)]),
  );
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

const ALL = exportsBy(/./).map(([, url], index) =>
  `import * as m${index} from "${url}";\nconsole.log(typeof m${index});\n`
);
const LOOPBACK = ["run", "--no-lock", "--allow-net=127.0.0.1"];
const LISTENING = /^listening tcp 127\.0\.0\.1:(\d+)$/m;

Deno.test({
  name: "a project elsewhere type-checks and runs exports and examples",
  timeout: TIMEOUT_MS,
  async fn(t) {
    await using project = await Project.make({
      "all.ts": ALL.join(""),
      ...Object.fromEntries(EXAMPLES),
    });
    const runs = async (...words: [file: string, ...args: string[]]) =>
      (await deno(...project.command(LOOPBACK, ...words).slice(1))).stdout;
    const serves = async (file: string) => {
      const server = new Program(project.command(LOOPBACK, file, "0"));
      const [, port] = await server.heard(LISTENING);
      return {
        port: port!,
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    };

    await t.step("every export and example is type-checked", async () => {
      const files = [...EXAMPLES.keys()].map((name) =>
        `${project.path}/${name}`
      );
      const check = project.command(["check", "--no-lock"], "all.ts", ...files);
      await deno(...check.slice(1));
    });
    await t.step("every export can be imported", async () => {
      const flags = [
        "run",
        "--no-lock",
        "--no-prompt",
        "--allow-env=WS_NO_BUFFER_UTIL",
      ];
      const { stdout } = await deno(
        ...project.command(flags, "all.ts").slice(1),
      );
      assertEquals(stdout, "object\n".repeat(ALL.length));
    });
    await t.step("README.md has a server", async () => {
      await using server = await serves("echo_server.ts");
      const client = await runHere(
        "tcp_client",
        `127.0.0.1:${server.port}`,
        "hello",
      );
      assertEquals(client.stdout, "hello\n");
    });
    await t.step("docs/library.md has a server and a client", async () => {
      await using server = await serves("calculator_server.ts");
      const sums = { "7 / 2": "3.5", "two": "write: 2 + 40" };
      for (const [sum, answer] of Object.entries(sums)) {
        assertEquals(
          await runs("calculator_client.ts", server.port, sum),
          `${answer}\n`,
        );
      }
    });
    await t.step("docs/library.md has a measurement and a result", async () => {
      assertMatch(
        await runs("path.ts"),
        /^100 answered, 0 lost, p50 [\d.]+ us\n$/,
      );
      assertMatch(await runs("result.ts"), /^100 answered, p50 [\d.]+ us\n$/);
    });
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
