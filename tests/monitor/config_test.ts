import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError, parseConfig } from "../../lib/monitor/config.ts";
import { SharedKey } from "../../lib/net/shared_key.ts";
import { parseTargetWord } from "../../lib/monitor/target.ts";

Deno.test("parseConfig() reads targets, groups, rules and agents", () => {
  const config = parseConfig(
    `
      name = "here"
      interval = "500ms"
      targets = ["a.example", "connect:[2001:db8::1]:22"]
      allow = ["stamp:z.example"]
      [[group]]
      name = "g"
      labels = { site = "x" }
      timeout = "1s"
      targets = [{ host = "measure:b.example", name = "b", interval = "5s", family = 6, labels = { role = "r" } }]
      [[alert]]
      name = "down"
      when = "no answer for 30s"
      hold = "1m"
      targets = ["g"]
      webhook = "https://chat.example/hook"
      [[agent]]
      name = "there"
      url = "https://there.example:8080"
      token_file = "there.token"
    `,
    () => "secret\n",
  );
  assertEquals(
    config.targets.map((
      { name, intervalMs, timeoutMs },
    ) => [name, intervalMs, timeoutMs]),
    [
      ["a.example", 500, 2000],
      ["[2001:db8::1]:22", 500, 2000],
      ["b", 5000, 1000],
    ],
  );
  const [, , b] = config.targets;
  assertEquals([b!.labels, b!.family, b!.group], [
    { site: "x", role: "r" },
    6,
    "g",
  ]);
  assertEquals(config.allow.map(({ host }) => host), ["z.example"]);
  assertEquals(
    config.rules.map(({ holdSeconds, targets }) => [holdSeconds, targets]),
    [[60, ["g"]]],
  );
  assertEquals(config.agents, [
    { name: "there", url: "https://there.example:8080", token: "secret" },
  ]);
});

Deno.test("parseConfig() says the line of a fault, and what to write", () => {
  for (
    const [text, line, message] of [
      ["targets = [", 1, "this is no TOML"],
      [`name = "x"\ntargets = 7`, 2, "targets is a list"],
      [`targets = ["a"]\ninterval = 5`, 2, "interval is a time such as"],
      [`targets = ["a"]\ninterval = "1ms"`, 2, "from 100 ms to 3600 s"],
      [`targets = ["a"]\nintervall = "1s"`, 2, "intervall is no key"],
      [`targets = [\n"a",\n"connect:b"]`, 3, "the port is missing"],
      [
        `targets = [\n"a",\n{ host = "b", nme = "c" }]`,
        3,
        "targets[2].nme is no key",
      ],
      [`targets = [\n"a",\n"b",\n"a"]`, 2, "is there twice"],
      [
        `[[group]]\nname = "g"\ntargets = ["a"]\n[[group]]\ntargets = ["b"]`,
        4,
        "group[2].name is missing",
      ],
      [
        `targets = ["a"]\n[[alert]]\nname = "l"\nwhen = "loss"`,
        4,
        "write it as",
      ],
      [
        `targets = ["a"]\n[[alert]]\nname = "l"\nwhen = "loss > 1% over 5m"\ntargets = ["z"]`,
        5,
        "names no target",
      ],
      [
        `targets = ["a"]\n[[agent]]\nname = "x"\nurl = "ftp://x"`,
        4,
        "is a URL",
      ],
      ["", null, "targets is empty"],
    ] as const
  ) {
    const error = assertThrows(() => parseConfig(text), ConfigError, message);
    assertEquals(error.line, line, text);
  }
});

Deno.test("parseTargetWord() rejects what is no target", () => {
  for (
    const word of [
      "connect:a",
      "a:80",
      "http://a",
      "stamp:",
      "unix:/x",
      "stamp:unix:/x",
      "connect:a:99999",
      "",
    ]
  ) assertThrows(() => parseTargetWord(word), SyntaxError);
  assertEquals(parseTargetWord("stamp:a").ways.map(({ port }) => port), [
    8620,
    862,
  ]);
});

Deno.test("parseConfig() reads the key of measure servers", async () => {
  const read: string[] = [];
  const readKey = (path: string) => {
    read.push(path);
    if (path === "missing") throw new Deno.errors.NotFound("no such file");
    return new Uint8Array(path === "short" ? 15 : 16);
  };
  const parse = (text: string) =>
    parseConfig(text, undefined, readKey).targets.map(({ key }) => key);
  const [one, other, group, none] = parse(`
    key_file = "file"
    targets = ["measure:a", { host = "measure:b", key_file = "own" }]
    [[group]]
    name = "g"
    key_file = "file"
    targets = ["measure:c"]
  `);
  assertEquals([one === group, one === other, none], [true, false, undefined]);
  assert((await one) instanceof SharedKey);
  assertEquals(read, ["file", "own"]);
  for (
    const [file, message] of [
      ["missing", "missing cannot be read: no such file"],
      ["short", "short has a key of fewer than 16 bytes"],
    ] as const
  ) {
    const error = assertThrows(
      () => parse(`targets = ["measure:a"]\nkey_file = "${file}"`),
      ConfigError,
      message,
    );
    assertEquals(error.line, 2);
  }
});
