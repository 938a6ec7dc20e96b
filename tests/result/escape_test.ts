import { assertEquals, assertNotMatch } from "@std/assert";
import { escapeControls } from "../../lib/result/escape.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

Deno.test({
  name: "escapeControls() spells out what could reach the terminal",
  permissions: "none",
  fn() {
    const cases: [string, string][] = [
      ["\x1b[2J", "\\x1b[2J"],
      ["\x1b]0;title\x07", "\\x1b]0;title\\x07"],
      ["\x9b2J", "\\x9b2J"], // the one-character form of ESC [
      ["\0\b\v\f\x7f\x85", "\\x00\\x08\\x0b\\x0c\\x7f\\x85"],
      ["abc\rxyz", "abc\\x0dxyz"],
      ["abc\r\r\n", "abc\\x0d\r\n"],
      ["\u202egnp.exe", "\\u202egnp.exe"],
      ["\u202a\u2066\u2069", "\\u202a\\u2066\\u2069"],
    ];
    for (const [text, escaped] of cases) {
      assertEquals(escapeControls(text), escaped);
    }
  },
});

Deno.test({
  name: "escapeControls() leaves text, tabs and line ends alone",
  permissions: "none",
  fn() {
    const text = "hello\tWörld €😀 עברית\nnext\r\n\\x1b";
    assertEquals(escapeControls(text), text);
  },
});

Deno.test({
  name: "escapeControls() lets no control through, on rubbish",
  permissions: "none",
  fn() {
    const random = seededRandom(16);
    for (let round = 0; round < 20_000; round++) {
      const codes = Array.from(
        { length: 8 },
        () => Math.floor(random() * (random() < 0.8 ? 0x100 : 0x2100)),
      );
      const escaped = escapeControls(String.fromCharCode(...codes));
      const rest = escaped.replace(/\r\n|\n|\t/g, "");
      assertNotMatch(rest, /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      // Once is enough: what was escaped holds nothing to escape.
      assertEquals(escapeControls(escaped), escaped);
    }
  },
});
