/**
 * Makes a configuration of those of other programs: SmokePing's `Targets` file,
 * and the YAML file of smokeping_prober.
 *
 * Their pings have no counterpart here: a host becomes a target without a kind,
 * which is probed by STAMP if it answers and by connections otherwise.
 *
 * @module
 */

import { stringify } from "npm:deno-std@^1.4.0/toml/stringify.js";
import { parse } from "npm:deno-std@^1.4.0/yaml/parse.js";
import * as v from "npm:valibot@^1.1.0";
import { ConfigError, parseConfig } from "./config.ts";
import { parseTargetWord } from "./target.ts";

/** A converted configuration. */
export interface Imported {
  /** The configuration, in TOML. */
  toml: string;
  /** What was left out, and why. */
  notes: string[];
}

interface ImportedTarget {
  host: string;
  name?: string;
  interval?: string;
  family?: 4 | 6;
  labels?: Record<string, string>;
}

interface ImportedGroup {
  name: string;
  targets: ImportedTarget[];
}

/**
 * Converts a file.
 *
 * @param text Its content.
 * @returns The configuration.
 * @throws {SyntaxError} If it is neither of the two.
 *
 * @example Usage
 * ```ts
 * import { importConfig } from "./import.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const { toml } = importConfig("+ Office\n++ Gate\nhost = gate.example\n");
 * assertStringIncludes(toml, 'host = "gate.example"');
 * ```
 */
export function importConfig(text: string): Imported {
  const isSmokePing = /^\s*(\*\*\*\s*Targets|\++\s*\w)/m.test(text);
  const notes: string[] = [];
  const groups = isSmokePing ? fromSmokePing(text, notes) : fromProber(text);
  const taken = new Set<string>();
  const known = groups.map(({ name, targets }): ImportedGroup => ({
    name,
    targets: targets.filter((target) =>
      isUsable({ name, targets: [target] }, taken, notes)
    ),
  })).filter(({ targets }) => targets.length > 0);
  if (known.length === 0) throw new SyntaxError("there is no host in it");
  return { toml: tomlOf(known), notes };
}

function tomlOf(groups: ImportedGroup[]): string {
  const own = groups.filter(({ name }) => name === "");
  const others = groups.filter(({ name }) => name !== "");
  return stringify({
    ...(own.length > 0 && { targets: own.flatMap(({ targets }) => targets) }),
    ...(others.length > 0 && { group: others }),
  });
}

/** Whether a group of one target is a configuration, and the target is new. */
function isUsable(
  group: ImportedGroup,
  taken: Set<string>,
  notes: string[],
): boolean {
  const [target] = group.targets;
  const where = target!.name ?? target!.host;
  try {
    const [spec] = parseConfig(tomlOf([group])).targets;
    const key = `${spec!.name}~${spec!.ways.at(-1)!.probe}`;
    if (!taken.has(key)) {
      taken.add(key);
      return true;
    }
    notes.push(`${where}: it is there twice; the first one is taken`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    notes.push(`${where}: ${error.message}`);
  }
  return false;
}

/** Sections are `+ name`, `++ name` and so on; a `\` continues a line. */
function fromSmokePing(text: string, notes: string[]): ImportedGroup[] {
  const groups = new Map<string, ImportedGroup>();
  let path: { name: string; values: Record<string, string> }[] = [];
  let isTargets = !/^\s*\*\*\*/m.test(text);
  const take = () => {
    const section = path.at(-1);
    const host = section?.values.host;
    if (!section || !host) return;
    delete section.values.host;
    const where = path.map(({ name }) => name).join(".");
    if (/\s|^\//.test(host)) {
      notes.push(
        `${where}: several hosts in one chart; use two targets side by side`,
      );
      return;
    }
    const inherited = (key: string) =>
      path.findLast(({ values }) => values[key] !== undefined)?.values[key];
    const probe = inherited("probe") ?? "FPing";
    const isTcp = /^TCPPing|^Curl|^EchoPingHttp/i.test(probe);
    const port = inherited("port") ??
      (/https|Curl/i.test(probe) ? "443" : "80");
    const word = isTcp ? `connect:${host}:${port}` : host;
    if (!isTarget(word)) {
      notes.push(
        `${where}: ${host} is no host name; write its name or address`,
      );
      return;
    }
    const group = path.slice(0, -1).map(({ name }) => name).join(".");
    const entry = groups.get(group) ?? { name: group, targets: [] };
    groups.set(group, entry);
    entry.targets.push({
      host: word,
      name: where,
      ...(/FPing6/i.test(probe) && { family: 6 as const }),
    });
  };
  for (const raw of text.replaceAll(/\\\n\s*/g, "").split("\n")) {
    const line = raw.replace(/(^|\s)#.*$/, "").trim();
    const file = /^\*\*\*\s*(\w+)/.exec(line);
    if (file) {
      take();
      isTargets = file[1] === "Targets";
      path = [];
      continue;
    }
    if (!isTargets) continue;
    if (/^@include/.test(line)) {
      notes.push(`${line}: import that file as well`);
    }
    const section = /^(\++)\s*(\S+)/.exec(line);
    if (section) {
      take();
      path = path.slice(0, section[1]!.length - 1);
      path.push({ name: section[2]!, values: {} });
      continue;
    }
    const [, key, value] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key === undefined) continue;
    if (path.length === 0) path.push({ name: "", values: {} });
    path.at(-1)!.values[key] = value!.trim();
  }
  take();
  return [...groups.values()];
}

const PROBER = v.object({
  targets: v.array(
    v.object({
      hosts: v.optional(v.array(v.string())),
      host: v.optional(v.string()),
      interval: v.optional(v.string()),
      network: v.optional(v.string()),
      labels: v.optional(v.record(v.string(), v.string())),
    }),
  ),
});

function fromProber(text: string): ImportedGroup[] {
  let content;
  try {
    content = parse(text);
  } catch {
    content = null;
  }
  const result = v.safeParse(PROBER, content);
  if (!result.success) {
    throw new SyntaxError(
      "it is neither a Targets file of SmokePing nor a file of smokeping_prober",
    );
  }
  const targets = result.output.targets.flatMap((target) => {
    const { hosts = [], host, interval, network, labels } = target;
    const family = network === "ip4" ? 4 : network === "ip6" ? 6 : undefined;
    return [...hosts, ...(host === undefined ? [] : [host])]
      .filter(isTarget)
      .map((host): ImportedTarget => ({
        host,
        ...(interval !== undefined && { interval }),
        ...(family !== undefined && { family }),
        ...(labels !== undefined && { labels }),
      }));
  });
  return [{ name: "", targets }];
}

function isTarget(word: string): boolean {
  try {
    return parseTargetWord(word).host !== "";
  } catch {
    return false;
  }
}
