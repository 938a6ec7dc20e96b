/**
 * What files are called where they stand side by side.
 *
 * @module
 */

/**
 * Names files by the ends of their paths, as long as they have to be.
 *
 * @param paths The paths; `-` is standard input.
 * @returns A name for each, unlike any other's.
 *
 * @example Usage
 * ```ts
 * import { fileNames } from "./file_names.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(fileNames(["lan/a.json", "wan/a.json", "b.json", "b.json"]), [
 *   "lan/a.json",
 *   "wan/a.json",
 *   "b.json",
 *   "b.json (2)",
 * ]);
 * ```
 */
export function fileNames(paths: string[]): string[] {
  const named = paths.map((path) => {
    if (path === "-") return "standard input";
    const parts = path.split(/[/\\]/);
    const last = parts.at(-1)!;
    const others = paths.filter((other) =>
      other !== path && other.split(/[/\\]/).at(-1) === last
    );
    return others.length === 0 ? last : path;
  });
  const taken = new Set<string>();
  return named.map((name) => {
    let unlike = name;
    for (let count = 2; taken.has(unlike); count++) {
      unlike = `${name} (${count})`;
    }
    taken.add(unlike);
    return unlike;
  });
}
