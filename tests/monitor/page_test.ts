import { assert, assertEquals, assertMatch } from "@std/assert";
import { pageResponse } from "../../lib/monitor/page.ts";

/** Asks for a file of the page. */
async function ask(path: string, init: RequestInit = {}) {
  const response = await pageResponse(
    new Request(`http://127.0.0.1:8080${path}`, init),
  );
  const text = response === null ? "" : await response.clone().text();
  return { response, text, headers: response?.headers ?? new Headers() };
}

Deno.test({
  name: "pageResponse() gives every file that the page names, and no other",
  permissions: "none",
  async fn() {
    const files = new Set<string>(["/?target=x"]);
    for (const path of files) {
      const { response, text, headers } = await ask(path);
      assertEquals(response?.status, 200, path);
      assertMatch(
        headers.get("content-security-policy")!,
        /^default-src 'none'; script-src 'self'; style-src 'self';/,
      );
      assertEquals(headers.get("x-content-type-options"), "nosniff");
      if (path === "/echarts.js") continue;
      for (
        const [, name] of text.matchAll(
          /(?:href|src|from|import\(.*\()\s*=?\s*"(?:\.\/)?([\w.]+\.\w+)"/g,
        )
      ) files.add(`/${name}`);
      assert(!/https?:\/\/(?!www\.w3\.org\/2000\/svg)/.test(text), path);
    }
    assertEquals([...files].filter((path) => path.endsWith("s")).sort(), [
      "/app.js",
      "/echarts.js",

      "/markup.js",
      "/overview.js",
      "/panel.js",
      "/server.js",
      "/smoke.js",
      "/style.css",
      "/tables.js",
      "/target.js",
    ]);
    for (
      const path of ["/api/targets", "/app.ts", "/../page.ts", "/toString"]
    ) {
      assertEquals((await ask(path)).response, null, path);
    }
  },
});

Deno.test({
  name: "pageResponse() compresses, tells what has not changed, and only reads",
  permissions: "none",
  async fn() {
    const plain = await ask("/app.js");
    const zipped = await ask("/app.js", {
      headers: { "accept-encoding": "br, gzip" },
    });
    assertEquals(zipped.headers.get("content-encoding"), "gzip");
    const stream = zipped.response!.body!
      .pipeThrough(new DecompressionStream("gzip"));
    assertEquals(await new Response(stream).text(), plain.text);

    const etag = plain.headers.get("etag")!;
    const again = await ask("/app.js", { headers: { "if-none-match": etag } });
    assertEquals([again.response?.status, again.text], [304, ""]);
    const head = await ask("/app.js", { method: "HEAD" });
    assertEquals([head.response?.status, head.text], [200, ""]);
    assertEquals((await ask("/", { method: "POST" })).response?.status, 405);
  },
});
