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

/**
 * Numbers a name that is taken: the number cannot be part of a name, since `#`
 * cannot.
 *
 * @param name The name a peer gave itself.
 * @param taken What the others, and this peer, are shown as.
 * @returns The name, or as in `ada#2` if it looks like one that is taken.
 *
 * @example Usage
 * ```ts
 * import { distinctName } from "./names.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(distinctName("Ada", ["ada", "bob"]), "Ada#2");
 * ```
 */
export function distinctName(name: string, taken: Iterable<string>): string {
  const folded = new Set(Array.from(taken, (shown) => {
    const [, own = "", number = ""] = /^([^#]*)(.*)$/.exec(shown)!;
    return foldName(own) + number;
  }));
  const own = foldName(name);
  if (!folded.has(own)) return name;
  let number = 2;
  while (folded.has(`${own}#${number}`)) number += 1;
  return `${name}#${number}`;
}
