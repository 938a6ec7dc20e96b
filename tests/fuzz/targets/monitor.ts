import { assert, assertEquals } from "@std/assert";
import { parseCondition } from "../../../lib/monitor/alert_rule.ts";
import { ConfigError, parseConfig } from "../../../lib/monitor/config.ts";
import { importConfig } from "../../../lib/monitor/import.ts";
import { parseTargetWord } from "../../../lib/monitor/target.ts";
import type { Target } from "../parser_fuzz.ts";

const CONFIG = `name = "office"
interval = "1s"
targets = ["gateway.example", "connect:example.net:443"]
allow = ["stamp:c.example"]
[[group]]
name = "branches"
labels = { region = "north" }
targets = ["stamp:a.example", { host = "stamp:b.example", name = "b", family = 6 }]
[[alert]]
name = "loss"
when = "loss > 5% over 5m"
hold = "1m"
targets = ["branches"]
webhook = "https://chat.example/hook"
[[agent]]
name = "north"
url = "https://north.example:8080"
token_file = "token"
`;
const SMOKEPING = `*** Targets ***
probe = FPing
+ Office
menu = Office
++ Gate
host = gate.example
++ Web
probe = TCPPing
port = 443
host = web.example \\
# comment
`;
const PROBER = `targets:
- hosts: [a.example, b.example]
  interval: 1s
  network: ip6
  labels: {site: north}
`;
const CONDITIONS = [
  ...["loss > 5% over 5m", "p95 > 20ms over 5m", "p50 > 2x over 10m"],
  ...["no answer for 30s", "one-way-loss > 1% over 1h"],
];

export const MONITOR_TARGETS: Target[] = [{
  name: "monitor-config",
  corpus: [CONFIG, 'targets = ["192.0.2.1"]\n'],
  words: [
    ...["[[group]]", "[[alert]]", "[[agent]]", "[group]", "targets", "labels"],
    ...["name", "host", "family", "interval", "timeout", '"""', "'''", "{}"],
    ...["[]", "1979-05-27T07:32:00Z", "nan", "inf", "true", "__proto__", "a.b"],
  ],
  refusals: [ConfigError],
  run(_input, _random, text) {
    try {
      const { targets } = parseConfig(text, () => "token");
      for (const { intervalMs, timeoutMs, host } of targets) {
        assert(intervalMs >= 100 && timeoutMs >= 10 && host !== "");
      }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const { line, message } = error;
      assert(!/Invalid type|Expected /.test(message), message);
      assert(line === null || line >= 1 && line <= text.split("\n").length);
      // What stands before is the file's.
      const [what] = / (?:is|has|names) [\w ,]{1,30}/.exec(message) ?? [];
      if (what !== undefined) return what;
      throw error;
    }
  },
}, {
  /** What is imported is a configuration. */
  name: "monitor-import",
  corpus: [SMOKEPING, PROBER, "+ Office\n++ Gate\nhost = gate.example\n"],
  words: [
    ...["host = ", "probe = FPing6", "port = ", "*** Probes ***", "@include x"],
    ...["++ ", "+ ", "hosts:", "- host: x", "&a", "*a", "!!js", "interval: 5m"],
  ],
  refusals: [SyntaxError],
  run(_input, _random, text) {
    const { toml, notes } = importConfig(text);
    assert(parseConfig(toml).targets.length > 0);
    return notes.length === 0 ? "valid" : "valid, with notes";
  },
}, {
  name: "alert-rule",
  corpus: CONDITIONS,
  words: [" over ", " > ", "%", "x", "ms", "loss-forward", "no answer for "],
  maxBytes: 200,
  refusals: [SyntaxError],
  run(_input, _random, text) {
    const parsed = parseCondition(text);
    assert(Number.isFinite(parsed.limit) && parsed.limit >= 0);
    assert(parsed.windowSeconds >= 1);
    assertEquals(parseCondition(parsed.when), parsed);
    return parsed.unit;
  },
}, {
  name: "monitor-target",
  corpus: ["stamp:a.example", "connect:[::1]:22", "measure:192.0.2.1:80", "a"],
  words: ["stamp:", "connect:", "measure:", "unix:", "[", "]:", "%25eth0"],
  maxBytes: 200,
  refusals: [SyntaxError],
  run(_input, _random, text) {
    const { name, host, ways } = parseTargetWord(text);
    assert(name !== "" && host !== "" && ways.length > 0);
    assert(ways.every(({ port }) => port >= 1 && port <= 65_535));
  },
}];
