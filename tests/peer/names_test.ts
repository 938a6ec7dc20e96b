import { assertEquals, assertNotEquals } from "@std/assert";
import { distinctName, foldName } from "../../lib/peer/names.ts";
import { pureTest as test } from "../testing.ts";

test("foldName() makes names equal that look alike, and no others", () => {
  const alike = [
    ["ada", "Ada", "ADA", "аdа", "ａｄａ", "𝐚𝐝𝐚", "àda", "αda", "ⓐda"],
    ["bob", "B0B", "bοb", "8ob", "ВОВ"],
    ["bill", "BILL", "b1ll", "biII", "bі11", "bı|l"],
    ["mom", "rnom", "MОМ"],
    ["wes", "vves", "WES", "wеѕ", "we5"],
    ["straße", "StraBe"],
  ];
  const folds = alike.map((names) => {
    const [first, ...others] = names.map(foldName);
    for (const fold of others) assertEquals(fold, first, names.join(" "));
    return first;
  });
  assertEquals(new Set(folds).size, alike.length);
  assertNotEquals(foldName("ada"), foldName("adam"));
  assertNotEquals(foldName("漢"), foldName("字"));
});

test("distinctName() numbers a name that looks like one in use", () => {
  const cases: [name: string, taken: string[], shown: string][] = [
    ["ada", [], "ada"],
    ["ada", ["bob", "adam"], "ada"],
    ["ada", ["ada"], "ada#2"],
    ["Аda", ["ada", "bob"], "Аda#2"],
    ["ada", ["ada#2", "ada"], "ada#3"],
    ["ada", ["ada", "ada#3"], "ada#2"],
    ["ada", ["ada#2"], "ada"],
  ];
  for (const [name, taken, shown] of cases) {
    assertEquals(distinctName(name, new Set(taken)).name, shown);
  }
  const taken = new Set<string>();
  for (let at = 0; at < 64; at++) {
    taken.add(distinctName("ada", taken).folded);
  }
  assertEquals(taken.size, 64);
});
