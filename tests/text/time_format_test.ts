import { assertEquals } from "@std/assert";
import {
  formatTime,
  parseTime,
  TIME_FORMATS,
} from "../../lib/text/time_format.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const big32 = (value: number) =>
  Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);

/** The moments that RFC 868 itself counts out, and the turn of its 32 bits. */
const RFC868_MOMENTS: [number, string][] = [
  [0, "1900-01-01T00:00:00Z"],
  [1, "1900-01-01T00:00:01Z"],
  [2_208_988_800, "1970-01-01T00:00:00Z"],
  [2_398_291_200, "1976-01-01T00:00:00Z"],
  [2_524_521_600, "1980-01-01T00:00:00Z"],
  [2_629_584_000, "1983-05-01T00:00:00Z"],
  [2 ** 32 - 1, "2036-02-07T06:28:15Z"],
  [0, "2036-02-07T06:28:16Z"],
  [1, "2036-02-07T06:28:17Z"],
];

Deno.test({
  name: "formatTime() writes ctime with its day padded by a space",
  permissions: "none",
  fn() {
    // Dates of the local time zone, whichever that is.
    const cases: [Date, string][] = [
      [new Date(1970, 0, 1, 0, 0, 0), "Thu Jan  1 00:00:00 1970\r\n"],
      [new Date(2024, 1, 29, 9, 8, 7), "Thu Feb 29 09:08:07 2024\r\n"],
      [new Date(2026, 10, 21, 12, 0, 59), "Sat Nov 21 12:00:59 2026\r\n"],
      [new Date(1999, 11, 31, 23, 59, 59, 999), "Fri Dec 31 23:59:59 1999\r\n"],
    ];
    for (const [date, line] of cases) {
      assertEquals(text(formatTime(date, "ctime")), line);
    }
  },
});

Deno.test({
  name: "formatTime() writes ISO times in UTC to the millisecond",
  permissions: "none",
  fn() {
    const date = new Date(Date.UTC(2026, 10, 21, 12, 0, 0, 7));
    assertEquals(text(formatTime(date, "iso")), "2026-11-21T12:00:00.007Z\r\n");
  },
});

Deno.test({
  name: "formatTime() writes RFC 868's seconds, big-endian, also past 2036",
  permissions: "none",
  fn() {
    assertEquals(
      formatTime(new Date(0), "rfc868"),
      Uint8Array.of(0x83, 0xaa, 0x7e, 0x80),
    );
    for (const [seconds, moment] of RFC868_MOMENTS) {
      assertEquals(formatTime(new Date(moment), "rfc868"), big32(seconds));
    }
  },
});

Deno.test({
  name: "formatTime() does not round RFC 868's seconds up",
  permissions: "none",
  fn() {
    const message = formatTime(new Date("1970-01-01T00:00:00.999Z"), "rfc868");
    assertEquals(message, big32(2_208_988_800));
  },
});

Deno.test({
  name: "parseTime() places RFC 868's seconds near the given moment",
  permissions: "none",
  fn() {
    const decadeMs = 3.2e11;
    for (const [seconds, moment] of RFC868_MOMENTS) {
      const ms = Date.parse(moment);
      for (const offMs of [-decadeMs, 0, decadeMs]) {
        assertEquals(parseTime(big32(seconds), new Date(ms + offMs)), {
          text: `${seconds} (seconds since 1900)`,
          fromMs: ms,
          resolutionMs: 1000,
        });
      }
    }
  },
});

Deno.test({
  name: "parseTime() reads RFC 868's seconds from a view into a larger buffer",
  permissions: "none",
  fn() {
    const buffer = Uint8Array.of(9, 9, 0x83, 0xaa, 0x7e, 0x80, 9);
    const told = parseTime(buffer.subarray(2, 6), new Date(0));
    assertEquals(told?.fromMs, 0);
  },
});

Deno.test({
  name: "parseTime() reads what formatTime() writes, to its resolution",
  permissions: "none",
  fn() {
    const random = seededRandom(9);
    for (let round = 0; round < 2000; round++) {
      // From 1970 to 2096, so that the 32 bits start anew on the way.
      const date = new Date(Math.floor(random() * 4e12));
      for (const format of TIME_FORMATS) {
        const told = parseTime(formatTime(date, format), date)!;
        const resolutionMs = format === "iso" ? 1 : 1000;
        assertEquals(told.resolutionMs, resolutionMs);
        const ms = date.getTime();
        // A time that the local clocks show twice, half an hour or an hour
        // apart, may be read as either.
        const offMs = format === "ctime"
          ? (ms - told.fromMs) % 1_800_000
          : ms - told.fromMs;
        assertEquals(offMs, ms % resolutionMs, `${date} as ${format}`);
      }
    }
  },
});

Deno.test({
  name: "parseTime() takes any ending, and the text without it",
  permissions: "none",
  fn() {
    for (const end of ["", "\n", "\r\n", " \r\n", "\0", "\r\n\0\0"]) {
      const told = parseTime(
        bytes(`1970-01-01T00:00:00.000Z${end}`),
        new Date(),
      );
      assertEquals(told, {
        text: "1970-01-01T00:00:00.000Z",
        fromMs: 0,
        resolutionMs: 1,
      });
    }
  },
});

Deno.test({
  name: "parseTime() reads a day padded by a space, by nothing or by a zero",
  permissions: "none",
  fn() {
    const fromMs = new Date(1970, 0, 1).getTime();
    for (const day of [" 1", "1", "01"]) {
      const line = `Thu Jan ${day} 00:00:00 1970\r\n`;
      assertEquals(parseTime(bytes(line), new Date()), {
        text: line.trimEnd(),
        fromMs,
        resolutionMs: 1000,
      });
    }
  },
});

Deno.test({
  name: "parseTime() reads an ISO time without milliseconds to the second",
  permissions: "none",
  fn() {
    const told = parseTime(bytes("1970-01-01T00:00:05Z\n"), new Date());
    assertEquals([told?.fromMs, told?.resolutionMs], [5000, 1000]);
  },
});

Deno.test({
  name: "parseTime() gives null for what tells no time",
  permissions: "none",
  fn() {
    const messages = [
      "",
      "\n",
      "now",
      "hello world",
      "1970-01-01",
      "1970-01-01T00:00:00",
      "1970-01-01T00:00:00+01:00",
      "1970-13-01T00:00:00Z",
      "1970-01-01T00:00:00.0001Z",
      "x1970-01-01T00:00:00Z",
      "Thu Foo  1 00:00:00 1970",
      "Thu Jan  1 00:00 1970",
      "Thu Jan   1 00:00:00 1970",
      "Thu Jan  1 00:00:00 1970 UTC",
      "\x1b[2JThu Jan  1 00:00:00 1970",
      "200 OK: Ready",
    ];
    for (const message of messages) {
      assertEquals(parseTime(bytes(message), new Date(0)), null, message);
    }
  },
});

Deno.test({
  name: "parseTime() gives null for a day or an hour that does not exist",
  permissions: "none",
  fn() {
    const messages = [
      "Sat Feb 31 00:00:00 1970",
      "Wed Dec  0 00:00:00 1970",
      "Thu Jan  1 25:00:00 1970",
      "Thu Jan  1 00:61:00 1970",
      "Thu Jan  1 00:00:99 1970",
      "1970-02-31T00:00:00Z",
    ];
    const read = messages.filter((message) =>
      parseTime(bytes(message), new Date(0)) !== null
    );
    assertEquals(read, []);
  },
});

Deno.test({
  name: "parseTime() never gives a moment that is not a number, on rubbish",
  permissions: "none",
  fn() {
    const random = seededRandom(10);
    const line = "Thu Jan  1 00:00:00 1970\r\n";
    for (let round = 0; round < 20_000; round++) {
      const message = bytes(line);
      for (let changes = 0; changes < 3; changes++) {
        message[Math.floor(random() * message.length)] = 0x20 +
          Math.floor(random() * 96);
      }
      const told = parseTime(message, new Date(0));
      assertEquals(Number.isFinite(told?.fromMs ?? 0), true, text(message));
    }
  },
});
