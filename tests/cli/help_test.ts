import { assert, assertEquals } from "@std/assert";
import {
  type Description,
  formatCompletion,
  formatHelp,
  SHELLS,
} from "../../lib/cli/help.ts";
import {
  choice,
  duration,
  flag,
  integer,
  repeated,
  size,
  text,
} from "../../lib/cli/option.ts";

const DESCRIPTION: Description = {
  name: "tcp-server",
  summary: "Answers each line in upper case, over TCP.",
  operands: "TARGET [WORD...]",
  details: [
    "A paragraph that is longer than a line of the terminal, so that it has to be broken between two of its words.",
    "Another.",
  ],
  examples: ["", "--port 0 --mode iterative"],
};

const TABLE = {
  port: integer("port to listen on; 0 picks a free one", {
    short: "p",
    default: "12000",
  }),
  mode: choice(
    ["iterative", "concurrent"],
    "serve one client at a time, or all side by side",
    { default: "concurrent" },
  ),
  idleTimeout: duration(
    "close a connection whose next message takes longer than this",
    { default: "1m" },
  ),
  maxSize: size("the server's [longest]: it"),
  unix: text("PATH", "listen at this path"),
  failIf: repeated("RULE", (text) => text, "exit with 3"),
  quiet: flag("show no progress", "q"),
};

/** Snapshots of text are stored as it is, not as a string literal. */
const asText = { serializer: (text: string) => text };

Deno.test({
  name: "formatHelp() of a program with every kind of option",
  permissions: "none",
  async fn(t) {
    await t.assertSnapshot(formatHelp(DESCRIPTION, TABLE), asText);
  },
});

Deno.test({
  name: "formatHelp() is at most 80 columns wide",
  permissions: "none",
  fn() {
    for (const line of formatHelp(DESCRIPTION, TABLE).split("\n")) {
      assert(line.length <= 80, line);
      assertEquals(line, line.trimEnd());
    }
  },
});

Deno.test({
  name: "formatHelp() omits missing operands and details",
  permissions: "none",
  fn() {
    const bare = { ...DESCRIPTION, operands: "", details: [], examples: [""] };
    const quiet = { quiet: TABLE.quiet };
    assertEquals(
      formatHelp(bare, quiet),
      [
        "Answers each line in upper case, over TCP.",
        "",
        "usage: tcp-server [options]",
        "",
        "options:",
        "  -q, --quiet  show no progress",
        "",
        "examples:",
        "  tcp-server",
      ].join("\n"),
    );
  },
});

Deno.test({
  name: "formatCompletion() has options, values and subcommands in each shell",
  permissions: "none",
  async fn(t) {
    const program = { name: "tcp-server", operands: "rtt|tput TARGET" };
    const scripts = SHELLS.map((shell) =>
      `# ${shell}\n${formatCompletion(program, TABLE, shell)}`
    );
    await t.assertSnapshot(scripts.join("\n\n"), asText);
  },
});
