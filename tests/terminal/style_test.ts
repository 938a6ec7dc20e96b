import { assertEquals } from "@std/assert";
import { textWidth, truncate } from "../../lib/terminal/style.ts";
import { wrap } from "../../lib/terminal/wrap.ts";
import { pureTest } from "../pure.ts";

const UNICODE = { width: 80, ascii: false, color: false };

pureTest(
  "textWidth() counts wide characters twice and marks not at all",
  () => {
    const cases: [string, number][] = [
      ["", 0],
      ["abc", 3],
      ["Zürich …", 8],
      ["e\u0301\ufe0f", 1],
      ["東京", 4],
      ["한글ｱＡ", 7],
      ["😀█", 3],
    ];
    for (const [text, width] of cases) assertEquals(textWidth(text), width);
  },
);

pureTest("truncate() cuts between characters, with a sign", () => {
  const cases: [string, number, string, string][] = [
    ["router", 6, "router", "router"],
    ["router", 5, "rout…", "rout~"],
    ["東京東京", 8, "東京東京", "????"],
    ["東京東京", 6, "東京…", "????"],
    ["東京東京", 5, "東京…", "????"],
    ["😀😀", 3, "😀…", "??"],
    ["a\nb\x1b", 20, "a b\\x1b", "a b\\x1b"],
    ["ab", 1, "…", "~"],
  ];
  for (const [text, columns, unicode, ascii] of cases) {
    assertEquals(truncate(text, columns, UNICODE), unicode);
    assertEquals(
      truncate(text, columns, { ...UNICODE, ascii: true }),
      ascii,
    );
  }
});

pureTest("wrap() breaks at spaces, and long words where the line ends", () => {
  assertEquals(wrap("", 8), [""]);
  assertEquals(wrap("a  b", 8), ["a  b"]);
  assertEquals(wrap("to be or", 5), ["to be", "or"]);
  assertEquals(wrap("a bcdefgh i", 3), ["a", "bcd", "efg", "h i"]);
  assertEquals(wrap("東京東京 x", 5), ["東京", "東京", "x"]);
});
