import { assertEquals, assertLess } from "@std/assert";
import { parseTransform } from "../../lib/text/transform.ts";
import { uppercaseStreams } from "../../lib/text/uppercase.ts";
import { bytes, dial, streamServer, writeAll } from "../fixtures.ts";
import { test } from "../testing.ts";

// Here because the memory is that of the process, which parallel tests share.
for (const transform of ["upper", "echo"]) {
  test(`uppercaseStreams() replies to a line of 100 MB as it arrives, in bounded memory: ${transform}`, async () => {
    const part = new Uint8Array(1_000_000).fill(0x78);
    const expected = transform === "upper" ? 0x58 : 0x78;
    await using transformer = streamServer(
      uppercaseStreams(parseTransform(transform), 4000),
    );
    using conn = await dial(transformer);
    const before = Deno.memoryUsage();
    const sent = (async () => {
      for (let count = 0; count < 100; count++) await writeAll(conn, part);
      await writeAll(conn, bytes("\n"));
      await conn.closeWrite();
    })();
    let received = 0;
    let wrong = 0;
    let maxBytes = 0;
    const buffer = new Uint8Array(262_144);
    for (let count; (count = await conn.read(buffer)) !== null;) {
      const got = buffer.subarray(0, count);
      wrong += got.findIndex((byte) => byte !== expected && byte !== 0x0a) +
        1;
      received += count;
      maxBytes = Math.max(maxBytes, Deno.memoryUsage().rss - before.rss);
    }
    await sent;
    assertEquals([received, wrong], [100_000_001, 0]);
    assertLess(maxBytes, 80_000_000);
  });
}
