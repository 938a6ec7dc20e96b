import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import fc from "npm:fast-check@^4.3.0";
import { escapeControls, safeJson } from "../../lib/result/escape.ts";
import { pureTest } from "../pure.ts";

pureTest("escapeControls() spells out what could reach the terminal", () => {
  const cases: [string, string][] = [
    ["\x1b[2J", "\\x1b[2J"],
    ["\x1b]0;title\x07", "\\x1b]0;title\\x07"],
    ["\x9b2J", "\\x9b2J"], // the one-character form of ESC [
    ["\0\b\v\f\x7f\x85", "\\x00\\x08\\x0b\\x0c\\x7f\\x85"],
    ["abc\rxyz", "abc\\x0dxyz"],
    ["abc\r\r\n", "abc\\x0d\r\n"],
    ["\u202egnp.exe", "\\u202egnp.exe"],
    ["\u202a\u2066\u2069", "\\u202a\\u2066\\u2069"],
    ["one\u2028two\u2029", "one\\u2028two\\u2029"],
    ["a\u200bb\u200d\u2060\ufeff", "a\\u200bb\\u200d\\u2060\\ufeff"],
    ["\xad", "\\xad"],
    ["tag \u{e0041}\u{e007f}", "tag \\u{e0041}\\u{e007f}"],
  ];
  for (const [text, escaped] of cases) {
    assertEquals(escapeControls(text), escaped);
  }
});

pureTest("escapeControls() leaves text, tabs and line ends alone", () => {
  const text = "hello\tWörld €😀 ☎\ufe0f e\u0301 עברית\nnext\r\n\\x1b";
  assertEquals(escapeControls(text), text);
});

pureTest("escapeControls() leaves nothing to escape in any text", () => {
  const code = fc.oneof(
    fc.nat(0x20ff),
    fc.integer({ min: 0x2000, max: 0x206f }),
    fc.integer({ min: 0xe0000, max: 0xe007f }),
  );
  const text = fc.array(code).map((codes) => String.fromCodePoint(...codes));
  fc.assert(
    fc.property(text, (text) => {
      const escaped = escapeControls(text);
      assertNotMatch(
        escaped.replace(/\r\n|\n|\t/g, ""),
        /[\p{Cc}\p{Bidi_Control}\u200b-\u200d\u2028\u2029\u{e0000}-\u{e007f}]/u,
      );
      assertEquals(escapeControls(escaped), escaped);
    }),
    { numRuns: 2000 },
  );
});

pureTest(
  "safeJson() writes unsafe characters as escapes of the same text",
  () => {
    const text = "a\x9b\u202e\u2028\u200b\u{e0041}\ufff9\n\x1b";
    const json = safeJson({ [text]: [text] });
    assertMatch(json, /^[ -~]*$/);
    assertEquals(JSON.parse(json), { [text]: [text] });
    assertEquals(safeJson({ a: 1 }, 2), '{\n  "a": 1\n}');
  },
);
