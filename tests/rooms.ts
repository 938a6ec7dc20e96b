/**
 * Writes a module for each room to .scratch/rooms/, which imports the tests of
 * the room: `deno task test` runs these modules side by side.
 *
 * Deno starts a worker for each module it tests, which costs 80 MB and a third
 * of a second of the processor before the first test. The files of
 * tests/scripts/ take seconds each, so that each is a module of its own; Deno
 * tests in the order of names, and these first.
 *
 * @module
 */

const OUT = ".scratch/rooms";
/** Tests that need other programs, the machine to themselves, or a minute. */
const APART = ["interop", "accuracy", "soak", "fuzz"];
/** Deno looks for snapshots beside the module; each file begins with this. */
const SNAPSHOTS_START = "export const snapshot = {};\n";

function files(folder: string, end: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name)
    .filter((name) => name.endsWith(end)).sort();
}

/** The imports are computed, so that no check looks at a module of yesterday. */
function writeModule(room: string, module: string, tests: string[]): void {
  const paths = tests.map((name) => `../../tests/${room}/${name}`);
  Deno.writeTextFileSync(
    `${OUT}/${module}`,
    `for (const path of ${JSON.stringify(paths)}) await import(path);\n`,
  );
}

/** Puts the snapshots of a room where its module finds them. */
function writeSnapshots(room: string): void {
  const folder = `tests/${room}/__snapshots__`;
  const texts = files(folder, ".snap")
    .map((name) => Deno.readTextFileSync(`${folder}/${name}`))
    .map((text) => text.slice(SNAPSHOTS_START.length));
  const path = `${OUT}/__snapshots__/room_${room}_test.js.snap`;
  Deno.writeTextFileSync(path, SNAPSHOTS_START + texts.join(""));
}

if (import.meta.main) {
  Deno.mkdirSync(OUT, { recursive: true });
  Deno.removeSync(OUT, { recursive: true });
  Deno.mkdirSync(`${OUT}/__snapshots__`, { recursive: true });
  for (const { name: room, isDirectory } of Deno.readDirSync("tests")) {
    if (!isDirectory || APART.includes(room)) continue;
    const tests = files(`tests/${room}`, "_test.ts");
    if (room === "scripts") {
      for (const name of tests) {
        writeModule(room, `program_${name.replace(".ts", ".js")}`, [name]);
      }
    } else if (tests.length > 0) {
      writeModule(room, `room_${room}_test.js`, tests);
    }
    if (files(`tests/${room}`, "__snapshots__").length > 0) {
      writeSnapshots(room);
    }
  }
}
