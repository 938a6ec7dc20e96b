/**
 * The configuration file, in TOML.
 *
 * ```toml
 * name = "office"
 * interval = "1s"
 * timeout = "2s"
 * targets = ["gateway.example", "connect:example.net:443"]
 * allow = ["stamp:c.example"] # for /probe alone
 *
 * [[group]]
 * name = "branches"
 * labels = { region = "north" }
 * targets = ["measure:a.example", { host = "stamp:b.example", name = "b" }]
 * key_file = "monitor/north.key" # the shared key of their measure servers
 *
 * [[alert]]
 * name = "loss"
 * when = "loss > 5% over 5m"
 * hold = "1m"
 * webhook = "https://chat.example/hook"
 *
 * [[agent]]
 * name = "north"
 * url = "https://monitor.north.example:8080"
 * token_file = "/etc/roundtrip/north.token"
 * ```
 *
 * @module
 */

// deno-std has no types.
import { parse as parseToml } from "npm:deno-std@^1.4.0/toml/parse.js";
import * as v from "npm:valibot@^1.1.0";
import { readKeyFile } from "../net/key_file.ts";
import { MIN_KEY_BYTES, SharedKey } from "../net/shared_key.ts";
import { parseDuration } from "../result/quantities.ts";
import { type AlertRule, parseCondition } from "./alert_rule.ts";
import { parseTargetWord, type TargetSpec } from "./target.ts";

/** Another monitor whose targets are shown beside ours. */
export interface Agent {
  /** Its name. */
  name: string;
  /** Where its page is. */
  url: string;
  /** Its token. */
  token: string | null;
}

/** A configuration. */
export interface MonitorConfig {
  /** The monitor's name. */
  name: string;
  /** What to probe. */
  targets: TargetSpec[];
  /** What `/probe` may probe beside these. */
  allow: TargetSpec[];
  /** When to raise an alarm. */
  rules: AlertRule[];
  /** Other monitors. */
  agents: Agent[];
}

/** A fault of a configuration: where it is, and what to do. */
export class ConfigError extends Error {
  /** Distinguishes it from other errors, also in a log. */
  override readonly name = "ConfigError";
  /** The line, from 1; `null` if that is not known. */
  readonly line: number | null;

  /**
   * Describes a fault.
   *
   * @param line The line, from 1.
   * @param message What is wrong, and what to write instead.
   */
  constructor(line: number | null, message: string) {
    super(message);
    this.line = line;
  }
}

/** The defaults of a target's times. */
export const TARGET_DEFAULTS = { intervalMs: 1000, timeoutMs: 2000 } as const;
/** The maximum number of targets of one monitor. */
const MAX_TARGETS = 5000;

function duration(minMs: number, maxMs: number) {
  const message =
    `is a time such as "250ms", "1s" or "5m", from ${minMs} ms to ${
      maxMs / 1000
    } s`;
  return v.pipe(
    v.string(message),
    v.transform((text) => parseDuration(text) ?? NaN),
    v.check((ms) => ms >= minMs && ms <= maxMs, message),
  );
}

const LABEL = /^[A-Za-z_][A-Za-z0-9_]*$/;
const NAME = v.pipe(
  v.string("is a text"),
  v.regex(
    /^[^\s~"\\/]{1,100}$/,
    "has 1 to 100 characters without spaces, ~, \\ and /",
  ),
);
const INTERVAL = duration(100, 3_600_000);
const TIMEOUT = duration(10, 60_000);
const PATH = v.string("is the path of a file");
/** What a file, a group and a target may set. */
const PROBING = {
  interval: v.optional(INTERVAL),
  timeout: v.optional(TIMEOUT),
  key_file: v.optional(PATH),
};
const LABELS = v.optional(
  v.record(
    v.pipe(v.string(), v.regex(LABEL, "is a label: letters, digits and _")),
    v.string("is a text in quotes"),
    'is a table such as { region = "north" }',
  ),
);
const TARGETS = v.array(
  v.union(
    [
      v.string(),
      v.strictObject({
        host: v.string('is a target such as "stamp:example.net"'),
        name: v.optional(NAME),
        labels: LABELS,
        family: v.optional(v.picklist([4, 6], "is 4 or 6")),
        ...PROBING,
      }),
    ],
    'is a target such as "stamp:example.net" or { host = "stamp:example.net", name = "b" }',
  ),
  "is a list of targets in brackets",
);
const URL_TEXT = v.pipe(
  v.string("is a URL in quotes"),
  v.url("is a URL such as https://example.net/hook"),
  v.regex(/^https?:/, "is a URL that starts with http:// or https://"),
);
const FILE = v.strictObject({
  name: v.optional(NAME),
  ...PROBING,
  targets: v.optional(TARGETS, []),
  allow: v.optional(TARGETS, []),
  group: v.optional(
    v.array(
      v.strictObject({
        name: NAME,
        labels: LABELS,
        targets: TARGETS,
        ...PROBING,
      }),
      "is a table: write [[group]]",
    ),
    [],
  ),
  alert: v.optional(
    v.array(
      v.strictObject({
        name: NAME,
        when: v.string('is a condition such as "loss > 5% over 5m"'),
        hold: v.optional(duration(0, 86_400_000)),
        targets: v.optional(
          v.array(
            v.string("is the name of a target or group"),
            "is a list of names in brackets",
          ),
        ),
        webhook: v.optional(URL_TEXT),
      }),
      "is a table: write [[alert]]",
    ),
    [],
  ),
  agent: v.optional(
    v.array(
      v.strictObject({
        name: NAME,
        url: URL_TEXT,
        token_file: v.optional(PATH),
      }),
      "is a table: write [[agent]]",
    ),
    [],
  ),
});

type FileContent = v.InferOutput<typeof FILE>;
type Path = (string | number)[];

/**
 * Reads a configuration.
 *
 * @param text The content of the file.
 * @param readToken Reads a token file.
 * @param readKey Reads a key file.
 * @returns The configuration.
 * @throws {ConfigError} If something is wrong with it.
 *
 * @example Usage
 * ```ts
 * import { parseConfig } from "./config.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { targets } = parseConfig(`targets = ["stamp:192.0.2.1"]`);
 * assertEquals(targets[0]?.intervalMs, 1000);
 * ```
 */
export function parseConfig(
  text: string,
  readToken: (path: string) => string = Deno.readTextFileSync,
  readKey: (path: string) => Uint8Array<ArrayBuffer> = readKeyFile,
): MonitorConfig {
  const file = readFile(text);
  const fail = (path: Path, message: string): never => {
    throw new ConfigError(findLine(text, path), `${pathText(path)} ${message}`);
  };
  const check = <T>(path: Path, action: () => T): T => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return fail(path, `is no target or condition: ${error.message}`);
    }
  };
  const keys = new Map<string, Promise<SharedKey>>();
  const keyIn = (path: string, at: Path): Promise<SharedKey> => {
    const known = keys.get(path);
    if (known) return known;
    let secret;
    try {
      secret = readKey(path);
    } catch (error) {
      return fail(at, `cannot be read: ${(error as Error).message}`);
    }
    if (secret.length < MIN_KEY_BYTES) {
      fail(at, `has a key of fewer than ${MIN_KEY_BYTES} bytes`);
    }
    const key = SharedKey.import(secret);
    keys.set(path, key);
    return key;
  };
  const targets: TargetSpec[] = [];
  const allow: TargetSpec[] = [];
  const seen = new Set<string>();
  const addTargets = (
    into: TargetSpec[],
    path: Path,
    list: FileContent["targets"],
    group?: FileContent["group"][number],
  ) => {
    for (const [index, entry] of list.entries()) {
      const given = typeof entry === "string" ? { host: entry } : entry;
      const at = [...path, index, given.host];
      const word = check(at, () => parseTargetWord(given.host));
      const keyFile = given.key_file ?? group?.key_file ?? file.key_file;
      const spec: TargetSpec = {
        ...word,
        name: given.name ?? word.name,
        group: group?.name ?? "",
        labels: { ...group?.labels, ...given.labels },
        intervalMs: given.interval ?? group?.interval ?? file.interval ??
          TARGET_DEFAULTS.intervalMs,
        timeoutMs: given.timeout ?? group?.timeout ?? file.timeout ??
          TARGET_DEFAULTS.timeoutMs,
        ...(given.family && { family: given.family }),
        ...(keyFile !== undefined && { key: keyIn(keyFile, [keyFile]) }),
      };
      const key = `${spec.name}~${spec.ways.at(-1)!.probe}`;
      if (seen.has(key)) {
        fail(
          at,
          `is there twice; give one of them another name, as in { host = "${given.host}", name = "other" }`,
        );
      }
      seen.add(key);
      into.push(spec);
    }
  };
  addTargets(targets, ["targets"], file.targets);
  for (const [index, group] of file.group.entries()) {
    addTargets(targets, ["group", index, "targets"], group.targets, group);
  }
  addTargets(allow, ["allow"], file.allow);
  if (targets.length + allow.length === 0) {
    fail(["targets"], 'is empty; write targets = ["example.net"]');
  }
  if (targets.length > MAX_TARGETS) {
    fail(
      ["targets"],
      `has more than ${MAX_TARGETS} targets; run another monitor for the rest`,
    );
  }
  const names = new Set(targets.flatMap(({ name, group }) => [name, group]));
  const rules = file.alert.map((alert, index): AlertRule => {
    const at: Path = ["alert", index];
    for (const name of alert.targets ?? []) {
      if (!names.has(name)) {
        fail(
          [...at, "targets", name],
          "names no target and no group of this file",
        );
      }
    }
    return {
      name: alert.name,
      ...check([...at, "when"], () => parseCondition(alert.when)),
      holdSeconds: (alert.hold ?? 0) / 1000,
      targets: alert.targets ?? null,
      webhook: alert.webhook ?? null,
    };
  });
  const agents = file.agent.map(({ name, url, token_file }, index): Agent => {
    let token = null;
    try {
      if (token_file !== undefined) token = readToken(token_file).trim();
    } catch (error) {
      fail(
        ["agent", index, "token_file"],
        `cannot be read: ${(error as Error).message}`,
      );
    }
    return { name, url, token };
  });
  return { name: file.name ?? "monitor", targets, allow, rules, agents };
}

function readFile(text: string): FileContent {
  let content;
  try {
    content = parseToml(text);
  } catch (error) {
    const { message } = error as Error;
    const [, line, rest] = /line (\d+), column \d+: (.*)/.exec(message) ?? [];
    throw new ConfigError(
      line === undefined ? null : Number(line),
      `this is no TOML: ${
        rest ?? message
      }; a text stands in quotes, a list in brackets`,
    );
  }
  const result = v.safeParse(FILE, content, { abortEarly: true });
  if (result.success) return result.output;
  const issue = deepest(result.issues[0]);
  const path = (issue.path ?? []).map(({ key }) => key as string | number);
  const value = typeof issue.input === "string" ? [issue.input] : [];
  const message = issue.type === "strict_object"
    ? issue.expected === "never"
      ? "is no key of the configuration; remove it, or check its spelling"
      : "is missing"
    : issue.message;
  throw new ConfigError(
    findLine(text, [...path, ...value]),
    `${pathText(path)} ${message}`,
  );
}

/** The fault inside of one of several alternatives says more. */
function deepest(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown> {
  const inner = issue.issues?.find(({ path }) => path !== undefined);
  if (inner === undefined) return issue;
  return deepest({
    ...inner,
    path: [...issue.path ?? [], ...inner.path ?? []] as never,
  });
}

function pathText(path: Path): string {
  return path.map((key) => typeof key === "number" ? `[${key + 1}]` : `.${key}`)
    .join("").replace(/^\./, "") || "the file";
}

/** The line of a key or a value: TOML's parser does not tell. */
function findLine(text: string, path: Path): number | null {
  const lines = text.split("\n");
  let at = 0;
  let isFound = false;
  for (const [depth, key] of path.entries()) {
    if (typeof key === "number") continue;
    const index = path[depth + 1];
    const matches = (line: string) =>
      line.replaceAll(/\s/g, "").startsWith(`[[${key}]]`) ||
      line.includes(`"${key}"`) || line.includes(`'${key}'`) ||
      new RegExp(`(^|[{,\\s])${RegExp.escape(key)}\\s*=`).test(line);
    let left = typeof index === "number" && depth === 0 &&
        lines.some((line) => line.trim().startsWith(`[[${key}]]`))
      ? index
      : 0;
    const found = lines.findIndex((line, number) =>
      number >= at && matches(line) && left-- === 0
    );
    if (found < 0) continue;
    at = found;
    isFound = true;
  }
  return isFound ? at + 1 : null;
}
