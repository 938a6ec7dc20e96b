import { assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { test } from "../testing.ts";

const FILE = new URL("../../SECURITY.md", import.meta.url);
const LOOPBACK = "127.0.0.1,[::1],localhost";
/** The lists of `--allow-net`, in any order, and how the table calls them. */
const NETWORKS = new Map([
  ["127.0.0.1", "127.0.0.1"],
  [LOOPBACK, "this machine"],
  [`${LOOPBACK},0.0.0.0,[::]`, "all addresses, to listen"],
  [
    "0.0.0.0,[::],localhost,127.0.0.0/8,[::1],10.0.0.0/8,172.16.0.0/12," +
    "192.168.0.0/16,169.254.0.0/16,100.64.0.0/10",
    "private networks",
  ],
  ["", "everywhere"],
].map(([list, name]) => [sorted(list!), name!]));
/** The permissions of a task, in the order of the table's columns. */
const COLUMNS = ["net", "env", "read", "write", "run"];
/** The developer's tasks, which run checks. */
const CHECKS = /^(test|bench|soak|fuzz|schema|ok)\b/;

function sorted(list: string): string {
  return list.split(",").sort().join();
}

/** The cells of a task that runs one of the scripts; `null` for others. */
function permissionsOf(command: string): string[] | null {
  const words = command
    .replaceAll(`"$(deno eval 'console.log(Deno.execPath())')"`, "deno")
    .match(/'[^']*'|\S+/g)!
    .map((word) => word.replace(/^'(.*)'$/, "$1"));
  const at = words.findIndex((word) => word.startsWith("scripts/"));
  if (at < 0) return null;
  const cells = new Map(COLUMNS.map((name) => [name, "-"]));
  for (const word of words.slice(0, at)) {
    const [, name, list = ""] = /^--allow-([^=]+)=?(.*)$/.exec(word) ?? [];
    if (name === undefined) {
      assertEquals(/^(-A|-[a-zA-Z]*A)$/.test(word), false, command);
      continue;
    }
    assertEquals(COLUMNS.includes(name), true, `no column for ${word}`);
    const value = name === "net"
      ? NETWORKS.get(sorted(list)) ?? list
      : list.replaceAll(",", ", ") || "everything";
    cells.set(name, value);
  }
  return [...cells.values()];
}

test("SECURITY.md states the permissions of each task", () => {
  const rows = new Map<string, Set<string>>();
  for (const [task, { command }] of Object.entries(config.tasks)) {
    const cells = CHECKS.test(task) ? null : permissionsOf(command);
    if (cells === null) continue;
    const key = cells.join(" | ");
    const name = task.replace(/^experiment-.*/, "experiment-*");
    rows.set(key, (rows.get(key) ?? new Set()).add(`\`${name}\``));
  }
  const expected = [...rows].map(([cells, tasks]) =>
    `${[...tasks].join(", ")} | ${cells}`
  );
  const [, section = ""] = Deno.readTextFileSync(FILE)
    .split("\n## Permissions\n");
  const stated = section.split("\n## ")[0]!.split("\n")
    .filter((line) => line.startsWith("|")).slice(2)
    .map((line) =>
      line.split("|").slice(1, -1).map((cell) => cell.trim()).join(" | ")
    );
  const table = expected.map((row) => `| ${row} |`).join("\n");
  assertEquals(stated, expected, `replace the rows of the table by\n${table}`);
});
