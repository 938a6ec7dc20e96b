import { assert } from "@std/assert";
import { sameBytes } from "../../lib/framing/same_bytes.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test({
  name: "sameBytes() compares length and every byte",
  permissions: "none",
  fn() {
    assert(sameBytes(bytes(""), bytes("")));
    assert(sameBytes(bytes("abc"), bytes("abc")));
    for (const other of ["", "ab", "abcd", "xbc", "abx"]) {
      assert(!sameBytes(bytes("abc"), bytes(other)), other);
      assert(!sameBytes(bytes(other), bytes("abc")), other);
    }
  },
});
