import { assertEquals, assertNotMatch, assertThrows } from "@std/assert";
import { Terminal } from "../../lib/terminal/terminal.ts";
import { FakeTime, RecordingSink } from "./sinks.ts";
import { pureTest } from "../pure.ts";

/** A sink that accepts a number of bytes a call, or fails. */
class FakeSink extends RecordingSink {
  writes = 0;
  error: Error | null = null;

  constructor(terminal = false, readonly maxBytes = Infinity) {
    super(terminal);
  }

  override writeSync(bytes: Uint8Array): number {
    this.writes += 1;
    if (this.error) throw this.error;
    return super.writeSync(bytes.subarray(0, this.maxBytes));
  }
}

/** Holds the size of the console until disposed of. */
class ConsoleSize implements Disposable {
  #size = Deno.consoleSize;
  constructor(public columns: number) {
    Deno.consoleSize = () => ({ columns: this.columns, rows: 24 });
  }
  [Symbol.dispose](): void {
    Deno.consoleSize = this.#size;
  }
}

/** The rows of a screen on which that was written; what the block needs of it. */
function screenOf(written: string): string[] {
  const rows = [""];
  let row = 0;
  // deno-lint-ignore no-control-regex
  for (const [part] of written.matchAll(/\x1b\[[AK]|[\s\S]/g)) {
    if (part === "\x1b[A") row -= 1;
    else if (part === "\x1b[K") rows[row] = "";
    else if (part === "\n") rows[++row] ??= "";
    else if (part !== "\r") rows[row] += part;
  }
  return rows.slice(0, row + 1);
}

pureTest("Terminal.print() writes data and a newline to stdout alone", () => {
  const [stdout, stderr] = [new FakeSink(), new FakeSink()];
  const terminal = new Terminal(stdout, stderr);
  terminal.print("one");
  terminal.print("zwei €\n");
  assertEquals(stdout.text, "one\nzwei €\n\n");
  assertEquals(stdout.writes, 2);
  assertEquals(stderr.text, "");
});

pureTest("Terminal.info() writes messages to stderr alone", () => {
  const [stdout, stderr] = [new FakeSink(), new FakeSink()];
  new Terminal(stdout, stderr).info("nothing listens there");
  assertEquals([stdout.text, stderr.text], ["", "nothing listens there\n"]);
});

pureTest("Terminal.write() continues after a short write", () => {
  for (const maxBytes of [1, 2, 3, 7]) {
    const [stdout, stderr] = [0, 0].map(() => new FakeSink(false, maxBytes));
    const terminal = new Terminal(stdout, stderr);
    terminal.print("straße €");
    terminal.info("talk");
    assertEquals(stdout!.text, "straße €\n");
    assertEquals(stderr!.text, "talk\n");
  }
});

pureTest(
  "Terminal.write() stops when the reader closes the pipe, and calls back once",
  () => {
    const stdout = new FakeSink();
    const terminal = new Terminal(stdout, new FakeSink());
    let calls = 0;
    terminal.onPipeClosed = () => calls += 1;
    terminal.print("one");
    assertEquals(terminal.closed, false);
    stdout.error = new Deno.errors.BrokenPipe();
    for (let times = 0; times < 3; times++) terminal.print("two");
    assertEquals([terminal.closed, calls, stdout.writes], [true, 1, 2]);
    assertEquals(stdout.text, "one\n");
  },
);

pureTest("Terminal.write() throws other errors of stdout", () => {
  const stdout = new FakeSink();
  stdout.error = new Error("No space left on device");
  const terminal = new Terminal(stdout, new FakeSink());
  assertThrows(() => terminal.print("x"), Error, "No space left");
  assertEquals(terminal.closed, false);
});

pureTest("Terminal.info() ignores a closed stderr", () => {
  const [stdout, stderr] = [new FakeSink(), new FakeSink(true)];
  stderr.error = new Deno.errors.BrokenPipe();
  const terminal = new Terminal(stdout, stderr);
  terminal.info("talk");
  terminal.log("talk");
  terminal.live(() => ["talk"]);
  terminal.print("data");
  assertEquals([stdout.text, terminal.closed], ["data\n", false]);
});

pureTest("Terminal.info() lets no control character through", () => {
  // An error may quote a peer; JSON's escapes leave these as they are.
  const stderr = new FakeSink(true);
  new Terminal(new FakeSink(), stderr)
    .info(`refused: ${JSON.stringify("\x9b2J \x7f \u202e")}`);
  assertNotMatch(stderr.text.trimEnd(), /[\p{Cc}\u202a-\u202e]/u);
});

pureTest(
  "Terminal.printReply() escapes a peer's text on a terminal only",
  () => {
    const reply = new TextEncoder().encode("\x1b[2Jhello\n");
    for (const isTerminal of [true, false]) {
      const stdout = new FakeSink(isTerminal);
      const terminal = new Terminal(stdout, new FakeSink());
      assertEquals(terminal.isTerminal, isTerminal);
      terminal.printReply(reply);
      assertEquals(
        stdout.text,
        isTerminal ? "\\x1b[2Jhello\n" : "\x1b[2Jhello\n",
      );
    }
  },
);

pureTest("Terminal.printReply() writes the bytes unchanged to a pipe", () => {
  const written: number[] = [];
  const stdout = {
    writeSync: (bytes: Uint8Array) => written.push(...bytes) && bytes.length,
    isTerminal: () => false,
  };
  const reply = Uint8Array.of(0xff, 0x00, 0x1b, 0xc3);
  new Terminal(stdout, new FakeSink()).printReply(reply);
  assertEquals(Uint8Array.from(written), reply);
});

pureTest(
  "Terminal.log() writes twenty lines a second and counts the others",
  () => {
    using time = new FakeTime(5000);
    const stderr = new FakeSink();
    const terminal = new Terminal(new FakeSink(), stderr);
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => `line ${from + index}`);
    for (const line of lines(0, 50)) terminal.log(line);
    assertEquals(stderr.text.trimEnd().split("\n"), lines(0, 20));
    time.nowMs += 1000;
    for (const line of lines(50, 55)) terminal.log(line);
    assertEquals(stderr.text.trimEnd().split("\n").slice(20), [
      "(30 more lines omitted)",
      ...lines(50, 55),
    ]);
  },
);

pureTest("Terminal.log() does not limit Terminal.info()", () => {
  using _time = new FakeTime(5000);
  const stderr = new FakeSink();
  const terminal = new Terminal(new FakeSink(), stderr);
  for (let count = 0; count < 50; count++) terminal.info("talk");
  assertEquals(stderr.text, "talk\n".repeat(50));
});

pureTest("Terminal.live() replaces its lines, and data erases them", () => {
  using time = new FakeTime(5000);
  const [stdout, stderr] = [new FakeSink(), new FakeSink(true)];
  const terminal = new Terminal(stdout, stderr);
  terminal.live(() => ["1 of 9", "last 5 us", "one"]);
  assertEquals(stderr.text, "\r\x1b[K1 of 9\nlast 5 us\none");
  stderr.text = "";
  time.nowMs += 200;
  terminal.live(() => ["2 of 9"]);
  assertEquals(stderr.text, "\r\x1b[K\x1b[A\x1b[K\x1b[A\x1b[K2 of 9");
  stderr.text = "";
  terminal.print("data");
  terminal.print("data");
  terminal.clearLive();
  assertEquals(stderr.text, "\r\x1b[K");
  assertEquals(stdout.text, "data\ndata\n");
});

pureTest("Terminal.live() leaves nothing of its lines on the screen", () => {
  using time = new FakeTime(5000);
  const stderr = new FakeSink(true);
  const terminal = new Terminal(new FakeSink(), stderr);
  terminal.info("before");
  for (const rows of [3, 1, 4, 2]) {
    time.nowMs += 200;
    terminal.live(() =>
      Array.from({ length: rows }, (_, row) => `row ${row} of ${rows}`)
    );
    assertEquals(screenOf(stderr.text).length, rows + 1);
  }
  terminal.info("after");
  assertEquals(screenOf(stderr.text), ["before", "after", ""]);
});

pureTest(
  "Terminal.live() erases the rows that a narrower terminal made",
  () => {
    using time = new FakeTime(5000);
    using size = new ConsoleSize(100);
    const stderr = new FakeSink(true);
    const terminal = new Terminal(new FakeSink(), stderr);
    terminal.live(
      () => ["x".repeat(90), "y", `\x1b[31m${"z".repeat(60)}\x1b[m`],
    );
    stderr.text = "";
    time.nowMs += 200;
    size.columns = 30;
    terminal.clearLive();
    // 3 rows of x, 1 of y, 2 of z: the cursor is in the sixth.
    assertEquals(stderr.text, "\r\x1b[K" + "\x1b[A\x1b[K".repeat(5));
  },
);

pureTest("Terminal.live() is erased before a message", () => {
  using _time = new FakeTime(5000);
  const stderr = new FakeSink(true);
  const terminal = new Terminal(new FakeSink(), stderr);
  terminal.live(() => ["1 of 9"]);
  terminal.info("crossed p99>5ms");
  assertEquals(stderr.text, "\r\x1b[K1 of 9\r\x1b[Kcrossed p99>5ms\n");
});

pureTest(
  "Terminal.live() shows its lines five times a second and makes no others",
  () => {
    using time = new FakeTime(5000);
    const stderr = new FakeSink(true);
    const terminal = new Terminal(new FakeSink(), stderr);
    let made = 0;
    for (let ms = 0; ms < 1000; ms++, time.nowMs++) {
      terminal.live(() => [`${made++}`]);
    }
    assertEquals([made, stderr.writes], [5, 5]);
  },
);

pureTest("Terminal.live() shows nothing without a terminal", () => {
  const stderr = new FakeSink(false);
  const terminal = new Terminal(new FakeSink(true), stderr);
  terminal.live(() => {
    throw new Error("lines were made that are not shown");
  });
  terminal.clearLive();
  assertEquals(stderr.writes, 0);
});

pureTest("Terminal.live() cuts a line that is wider than the terminal", () => {
  const stderr = new FakeSink(true);
  const terminal = new Terminal(new FakeSink(), stderr);
  terminal.live(() => ["x".repeat(10_000)]);
  const shown = stderr.text.replace("\r\x1b[K", "");
  assertEquals(shown, "x".repeat(terminal.columns - 1));
});
