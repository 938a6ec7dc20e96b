import { assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import {
  formatAnnouncement,
  parseAnnouncement,
} from "../../lib/peer/announcement.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { bytes } from "../fixtures.ts";

const ID = "0123456789abcdef0123456789abcdef";
const LONGEST = `roundtrip-peer 1 ${ID} 65535\n`;

Deno.test({
  name: "formatAnnouncement() writes one line",
  permissions: "none",
  fn() {
    assertEquals(
      formatAnnouncement({ id: ID, port: 5000 }),
      bytes(`roundtrip-peer 1 ${ID} 5000\n`),
    );
    assertEquals(formatAnnouncement({ id: ID, port: 65_535 }), bytes(LONGEST));
  },
});

Deno.test({
  name: "parseAnnouncement() reads back what was written, on each port",
  permissions: "none",
  fn() {
    for (let port = 1; port <= 65_535; port++) {
      const datagram = formatAnnouncement({ id: ID, port });
      const read = parseAnnouncement(datagram);
      if (read?.id !== ID || read.port !== port) {
        assertEquals(read, { id: ID, port });
      }
    }
  },
});

Deno.test({
  name: "parseAnnouncement() takes a line without its LF",
  permissions: "none",
  fn() {
    assertEquals(parseAnnouncement(bytes(LONGEST.trimEnd())), {
      id: ID,
      port: 65_535,
    });
  },
});

Deno.test({
  name: "parseAnnouncement() gives null for what is none",
  permissions: "none",
  fn() {
    const wrong = [
      "",
      "\n",
      "hello",
      `roundtrip-peer 2 ${ID} 5000\n`,
      `roundtrip-peer 01 ${ID} 5000\n`,
      `Roundtrip-peer 1 ${ID} 5000\n`,
      ` roundtrip-peer 1 ${ID} 5000\n`,
      `roundtrip-peer  1 ${ID} 5000\n`,
      `roundtrip-peer 1 ${ID.slice(1)} 5000\n`,
      `roundtrip-peer 1 ${ID}0 5000\n`,
      `roundtrip-peer 1 ${ID.toUpperCase()} 5000\n`,
      `roundtrip-peer 1 ${ID.slice(1)}g 5000\n`,
      `roundtrip-peer 1 ${ID} \n`,
      `roundtrip-peer 1 ${ID}\n`,
      `roundtrip-peer 1 ${ID} 0\n`,
      `roundtrip-peer 1 ${ID} 05000\n`,
      `roundtrip-peer 1 ${ID} -1\n`,
      `roundtrip-peer 1 ${ID} 5e3\n`,
      `roundtrip-peer 1 ${ID} 65536\n`,
      `roundtrip-peer 1 ${ID} 99999\n`,
      `roundtrip-peer 1 ${ID} 100000\n`,
      `roundtrip-peer 1 ${ID} 5000 \n`,
      `roundtrip-peer 1 ${ID} 5000\r\n`,
      `roundtrip-peer 1 ${ID} 5000\n\n`,
      `roundtrip-peer 1 ${ID} 5000 192.0.2.1\n`,
      `roundtrip-peer 1 ${ID} 192.0.2.1:5000\n`,
      `x\nroundtrip-peer 1 ${ID} 5000\n`,
      `roundtrip-peer 1 ${ID} 5000\nx`,
      LONGEST.padEnd(64),
      LONGEST.padEnd(65_507),
    ];
    for (const line of wrong) {
      assertEquals(parseAnnouncement(bytes(line)), null, JSON.stringify(line));
    }
  },
});

Deno.test({
  name: "parseAnnouncement() gives null or what is legal, on rubbish",
  permissions: "none",
  fn() {
    const random = seededRandom(224);
    const below = (limit: number) => Math.floor(random() * limit);
    let read = 0;
    for (let round = 0; round < 20_000; round++) {
      const datagram = below(4) === 0
        ? Uint8Array.from({ length: below(100) }, () => below(256))
        : bytes(LONGEST);
      for (let changes = below(3); changes > 0 && datagram.length > 0;) {
        datagram[below(datagram.length)] = below(2) ? 0x30 + below(10) : 0xff;
        changes -= 1;
      }
      const before = datagram.slice();
      const found = parseAnnouncement(datagram);
      assertEquals(datagram, before);
      if (found === null) continue;
      read += 1;
      assertGreater(found.port, 0);
      assertLessOrEqual(found.port, 65_535);
      // Nothing else reads as the same.
      const line = new TextDecoder().decode(formatAnnouncement(found));
      assertEquals(new TextDecoder().decode(datagram), line);
    }
    assertGreater(read, 3000);
  },
});
