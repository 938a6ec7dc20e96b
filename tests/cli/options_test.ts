import { assertEquals, assertThrows } from "@std/assert";
import {
  choice,
  custom,
  decimal,
  duration,
  flag,
  integer,
  repeated,
  size,
  text,
} from "../../lib/cli/option.ts";
import {
  noMoreOperands,
  parseOptions,
  UsageError,
} from "../../lib/cli/options.ts";

const TABLE = {
  host: text("HOST", "address to listen on", { default: "127.0.0.1" }),
  unix: text("PATH", "listen at this path"),
  port: integer("port to listen on", {
    short: "p",
    min: 0,
    max: 65_535,
    default: "12000",
  }),
  drop: decimal("share lost", { default: "0" }),
  idleTimeout: duration("patience", { short: "W", default: "5s" }),
  maxSize: size("longest payload"),
  mode: choice(["iterative", "concurrent"], "how to serve", {
    default: "concurrent",
  }),
  letter: custom("LETTER", (text) => {
    if (text.length !== 1) throw new SyntaxError(`a letter, not "${text}"`);
    return text;
  }, "a letter"),
  failIf: repeated("RULE", (text) => {
    if (!text.includes(">")) throw new SyntaxError(`a rule, not "${text}"`);
    return text.toUpperCase();
  }, "a rule"),
  quiet: flag("say nothing", "q"),
  verbose: flag("say more", "v"),
};

const DEFAULTS = {
  host: "127.0.0.1",
  unix: undefined,
  port: 12_000,
  drop: 0,
  idleTimeout: 5000,
  maxSize: undefined,
  mode: "concurrent",
  letter: undefined,
  failIf: [],
  quiet: false,
  verbose: false,
};

/** What differs from the defaults, and the operands. */
function parse(
  ...args: string[]
): { options: Record<string, unknown>; operands: string[] } {
  const { options, operands } = parseOptions(TABLE, args);
  const changed = Object.entries(options).filter(([name, value]) =>
    JSON.stringify(value) !==
      JSON.stringify(DEFAULTS[name as keyof typeof DEFAULTS])
  );
  return { options: Object.fromEntries(changed), operands };
}

Deno.test({
  name: "parseOptions() gives the defaults, and absence where there is none",
  permissions: "none",
  fn() {
    const { options, given, operands } = parseOptions(TABLE, []);
    assertEquals(options as object, DEFAULTS);
    assertEquals([given as object, operands as object], [{}, []]);
  },
});

Deno.test({
  name: "parseOptions() reads each kind of option in its unit",
  permissions: "none",
  fn() {
    const cases: [string[], Record<string, unknown>][] = [
      [["--host", "::1"], { host: "::1" }],
      [["--host=a=b c"], { host: "a=b c" }],
      [["--port", "0"], { port: 0 }],
      [["--port=65535"], { port: 65_535 }],
      [["--drop", "0.3"], { drop: 0.3 }],
      [["--idle-timeout", "250ms"], { idleTimeout: 250 }],
      [["--idle-timeout", "2m"], { idleTimeout: 120_000 }],
      [["--idle-timeout", "1h"], { idleTimeout: 3_600_000 }],
      [["--max-size", "64K"], { maxSize: 65_536 }],
      [["--mode", "iterative"], { mode: "iterative" }],
      [["--letter", "s"], { letter: "s" }],
      [["--fail-if", "a>1", "--fail-if=b>2"], { failIf: ["A>1", "B>2"] }],
      [["--quiet"], { quiet: true }],
      [["-p", "80"], { port: 80 }],
      [["-p80"], { port: 80 }],
      [["-p=80"], { port: 80 }],
      [["-W", "1s"], { idleTimeout: 1000 }],
      [["-q", "-v"], { quiet: true, verbose: true }],
      [["-qv"], { quiet: true, verbose: true }],
      [["-qp", "80"], { quiet: true, port: 80 }],
      [["-qp80"], { quiet: true, port: 80 }],
      [["-q", "--quiet"], { quiet: true }],
    ];
    for (const [args, options] of cases) {
      assertEquals(parse(...args), { options, operands: [] }, args.join(" "));
    }
  },
});

Deno.test({
  name: "parseOptions() gives the operands as they were written",
  permissions: "none",
  fn() {
    const cases: [string[], string[]][] = [
      [["hello", "world"], ["hello", "world"]],
      [["007", "1e3", "0x10"], ["007", "1e3", "0x10"]], // not as numbers
      [["a", "-q", "b"], ["a", "b"]],
      [["-"], ["-"]],
      [["--", "-q", "--port", "x"], ["-q", "--port", "x"]],
      [["a", "--", "--"], ["a", "--"]],
      [["", "a"], ["", "a"]],
      [["constructor", "__proto__"], ["constructor", "__proto__"]],
      [["--quiet", "true"], ["true"]],
      [["-q", "0"], ["0"]],
    ];
    for (const [args, operands] of cases) {
      assertEquals(parse(...args).operands, operands, args.join(" "));
    }
    noMoreOperands([]);
    assertThrows(() => noMoreOperands(["80"]), UsageError, '"80"');
  },
});

Deno.test({
  name: "parseOptions() tells what was given from what is a default",
  permissions: "none",
  fn() {
    const args = ["-p", "12000", "-q", "--fail-if", "a>1", "--max-size=1K"];
    assertEquals<object>(parseOptions(TABLE, args).given, {
      port: "12000",
      maxSize: "1K",
      failIf: ["a>1"],
      quiet: true,
    });
  },
});

Deno.test({
  name: "parseOptions() takes the last value of an option given twice",
  permissions: "none",
  fn() {
    // A task gives --port; what its user writes comes after that.
    for (const line of ["--port 1 --port 2", "--port 1 -p 2", "-p 1 -p2"]) {
      const { options, given } = parseOptions(TABLE, line.split(" "));
      assertEquals([options.port, given.port], [2, "2"], line);
    }
    const line = ["--port", "1", "--port"];
    assertThrows(() => parseOptions(TABLE, line), UsageError, "needs a value");
  },
});

Deno.test({
  name: "parseOptions() rejects each invalid command line with a reason",
  permissions: "none",
  async fn(t) {
    const lines = [
      "--frobnicate",
      "--prot 80",
      "--maxSize 5",
      "--max_size 5",
      "--no-quiet",
      "--no-port",
      "--constructor",
      "--__proto__ x",
      "-x",
      "-qx",
      "-5",
      "---quiet",
      "--port.x 5",
      "--=x",
      "--_ x",
      "--quiet=no",
      "--quiet=",
      "--quiet=false",
      "-q=false",
      "--port",
      "--port=",
      "--port --quiet",
      "-p",
      "--unix",
      "--mode",
      "--fail-if",
      "--fail-if=",
      "--port 65536",
      "--port x",
      "--port 1.5",
      "--port 1e3",
      "--port 0x10",
      "--port=-1",
      "--port 99999999999999999999",
      "--drop 1.1",
      "--drop .5",
      "--drop NaN",
      "--drop Infinity",
      "--idle-timeout 0",
      "--idle-timeout 2h",
      "--idle-timeout soon",
      "--idle-timeout 5constructor",
      "--max-size 0",
      "--max-size 2M",
      "--max-size 1.5",
      "--mode parallel",
      "--mode Iterative",
      "--letter ss",
      "--fail-if a>1 --fail-if b",
    ];
    const complaints = lines.map((line) => {
      const error = assertThrows(
        () => parseOptions(TABLE, line.split(" ")),
        UsageError,
      );
      return `${line}\n    ${error.message}`;
    });
    await t.assertSnapshot(complaints.join("\n"), {
      serializer: (text: string) => text,
    });
  },
});
