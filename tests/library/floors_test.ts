import { assertEquals } from "@std/assert";
import { dirname, join } from "node:path/posix";
import { test } from "../testing.ts";

/** The floors of lib/ from the bottom up; rooms of one floor are neighbours. */
const FLOORS = [
  ["framing", "timing", "stats"],
  ["net"],
  ["measure", "stamp", "iperf3", "text", "peer"],
  ["result"],
  ["terminal", "report", "under_load"],
  ["monitor"],
  ["cli"],
];
/** The one neighbourly import: statistics take bytes and time as they come. */
const NEIGHBOURS = new Map([["stats", ["framing", "timing"]]]);

const ROOT = new URL("../../", import.meta.url);
const IMPORT = /^\s*(?:import|export)\b[^"';]*?\bfrom\s+"(\.[^"]+)"/gm;

interface Module {
  path: string;
  room: string;
  imports: string[];
}

/** Every module of a folder, by its path from the repository's root. */
function modules(folder: string): Module[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return modules(path);
    if (!/\.m?ts$/.test(path) || path.endsWith(".d.ts")) return [];
    const source = Deno.readTextFileSync(new URL(path, ROOT))
      .replace(/\/\*[^]*?\*\//g, ""); // examples import, too
    const imports = [...source.matchAll(IMPORT)]
      .map(([, specifier]) => join(dirname(path), specifier!));
    return [{ path, room: roomOf(path), imports }];
  });
}

function roomOf(path: string): string {
  return path.startsWith("scripts/") ? "scripts" : path.split("/")[1]!;
}

function mayImport(from: string, to: string): boolean {
  if (from === to || from === "scripts") return true;
  if (NEIGHBOURS.get(from)?.includes(to)) return true;
  const floor = (room: string) =>
    FLOORS.findIndex((rooms) => rooms.includes(room));
  return floor(to) < floor(from) && floor(to) >= 0;
}

const ALL = [...modules("lib"), ...modules("scripts")];

test("every module of lib/ is in a room of the list", () => {
  const strays = ALL.filter(({ room }) =>
    room !== "scripts" && room !== "mod.ts" && !FLOORS.flat().includes(room)
  );
  assertEquals(strays.map(({ path }) => path), []);
});

test("imports run down the floors", () => {
  const upward = ALL.filter(({ room }) => room !== "mod.ts").flatMap((module) =>
    module.imports
      .filter((path) =>
        path.startsWith("lib/") && !mayImport(module.room, roomOf(path)) ||
        path.startsWith("scripts/") && module.room !== "scripts" ||
        path.startsWith("tests/")
      )
      .map((path) => `${module.path} -> ${path}`)
  );
  assertEquals(upward, []);
});

test("imports have no circle", () => {
  const byPath = new Map(ALL.map((module) => [module.path, module]));
  const done = new Set<string>();
  const visit = (path: string, above: string[]): string[] => {
    if (above.includes(path)) return [...above, path];
    if (done.has(path)) return [];
    for (const next of byPath.get(path)?.imports ?? []) {
      const circle = visit(next, [...above, path]);
      if (circle.length > 0) return circle;
    }
    done.add(path);
    return [];
  };
  for (const { path } of ALL) assertEquals(visit(path, []), []);
});

test("the lessons import nothing", () => {
  const lessons = ALL.filter(({ path }) => path.startsWith("scripts/lessons/"));
  assertEquals(
    lessons.filter(({ path }) =>
      /^\s*import\b/m.test(Deno.readTextFileSync(new URL(path, ROOT)))
    ),
    [],
  );
});
