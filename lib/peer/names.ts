/**
 * Names that cannot be mistaken for each other.
 *
 * @module
 */

/** Letters of other scripts, and the Latin letters and digits that they look like. */
const LOOKALIKES = new Map(
  [
    // Cyrillic, after lower-casing.
    ..."аa вb еe һh іl јj кk мm нh оo рp сc ѕs тt уy хx ԁd ԛq ԝw ӏl гr пn бb зe"
      .split(" "),
    // Greek.
    ..."αa βb γy εe ηn ιl κk νv οo ρp τt υu χx ωw".split(" "),
    // Latin letters and digits among themselves.
    ..."0o 1l |l il !l 5s 8b ıl ɑa ɡg ʟl ꭓx øo łl đd ħh ßb þp".split(" "),
  ].map(([from, to]) => [from!, to!] as const),
);

/**
 * Folds a name so that names that look alike become equal: by compatibility
 * form, case, accents and the letters that several scripts share.
 *
 * @param name The name.
 * @returns The folded form, for comparison only.
 *
 * @example Usage
 * ```ts
 * import { foldName } from "./names.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(foldName("Аdа"), foldName("ada")); // the first has Cyrillic letters
 * ```
 */
export function foldName(name: string): string {
  const plain = name.normalize("NFKD").toLowerCase().normalize("NFKD")
    .replaceAll(/\p{M}/gu, "");
  const letters = [...plain].map((letter) => LOOKALIKES.get(letter) ?? letter);
  return letters.join("").replaceAll("rn", "m").replaceAll("vv", "w");
}

/** The name that a peer is shown with. */
export interface ShownName {
  /** Its name, with a number if it was taken. */
  name: string;
  /** The folded form, by which it is compared. */
  folded: string;
}

/**
 * Numbers a name that is taken: the number cannot be part of a name, since `#`
 * cannot.
 *
 * @param name The peer's own name.
 * @param taken The folded forms of the names that are in use.
 * @returns The name, or as in `ada#2` if it looks like one that is taken.
 *
 * @example Usage
 * ```ts
 * import { distinctName, foldName } from "./names.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const taken = new Set(["ada", "bob"].map(foldName));
 * assertEquals(distinctName("Ada", taken).name, "Ada#2");
 * ```
 */
export function distinctName(
  name: string,
  taken: ReadonlySet<string>,
): ShownName {
  const folded = foldName(name);
  if (!taken.has(folded)) return { name, folded };
  let number = 2;
  while (taken.has(`${folded}#${number}`)) number += 1;
  return { name: `${name}#${number}`, folded: `${folded}#${number}` };
}
