import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
} from "@std/assert";
import type { Section } from "../../lib/result/section.ts";
import { impairments } from "../../lib/net/impaired_path.ts";
import {
  assertPrinted,
  DURATION,
  usOf,
} from "../terminal/section_snapshots.ts";
import {
  type Ended,
  Program,
  run,
  script,
  serve,
  type Server,
  serveScript,
} from "../programs.ts";

const TIMEOUT_MS = 120_000;
/** As little as there is; the losses take a second or two all the same. */
const LEAST = "--rounds 1 -n 1 --clients 2 --delay 1".split(" ");
/** What the losses of the emulated path are, by their seed. */
const FAULTS = (() => {
  const next = impairments({
    drop: 0.02,
    seed: 70,
    duplicate: 0,
    reorder: 0,
    delayMs: 0,
    jitterMs: 0,
  });
  return Array.from({ length: 120 }, () => next().copies)
    .filter((copies) => copies === 0).length;
})();

function compare(...args: string[]): Promise<Ended> {
  return run(script("compare", args));
}

/** Three servers on loopback, as another host has them. */
class Host implements AsyncDisposable {
  constructor(readonly servers: [Server, Server, Server]) {}

  /** How they are found. */
  get args(): string[] {
    const [course, iterative, stamp] = this.servers.map(({ port }) => port);
    return [
      "127.0.0.1",
      "--port",
      course!,
      "--iterative-port",
      iterative!,
      "--stamp-port",
      stamp!,
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server[Symbol.asyncDispose]();
  }
}

async function host(): Promise<Host> {
  return new Host([
    await serveScript("measure_server"),
    await serveScript("measure_server", "--mode", "iterative"),
    await serveScript("stamp_server"),
  ]);
}

/** A row's figures. */
function row({ title, table }: Section, name: string): number[] {
  const found = table.rows.find((row) => row.name === name);
  assert(found !== undefined, `${title} has no row ${name}`);
  return found.values as number[];
}

function parsed(pattern: RegExp, sentence: string | undefined): string[] {
  const found = pattern.exec(sentence ?? "");
  assert(found !== null, `${pattern} is not in: ${sentence}`);
  return found.slice(1);
}

/** The first byte: medians, who was first, and how many times as long. */
function assertFirstByte(section: Section): void {
  const [setup, first] = section.sentences;
  const [connect, open] = row(section, "set-up, p50");
  const [connectText, openText] = parsed(
    new RegExp(
      `took (${DURATION}); UDP only opened a socket, in (${DURATION})`,
    ),
    setup,
  );
  assertPrinted(usOf(connectText!), connect!);
  assertPrinted(usOf(openText!), open!);
  const [tcp, udp] = row(section, "first byte, p50");
  const [least, fast, most, slow, ratio] = parsed(
    new RegExp(
      `after (${DURATION}) over (TCP|UDP) and after (${DURATION}) over ` +
        `(TCP|UDP), ([\\d.]+) times as long`,
    ),
    first,
  );
  const medians: Record<string, number> = { TCP: tcp!, UDP: udp! };
  assertPrinted(usOf(least!), medians[fast!]!);
  assertPrinted(usOf(most!), medians[slow!]!);
  assertPrinted(Number(ratio), medians[slow!]! / medians[fast!]!);
  assert(medians[fast!]! <= medians[slow!]!);
  const [tcpMax, udpMax] = row(section, "first byte, max");
  assert(tcpMax! >= tcp! && udpMax! >= udp!);
}

/**
 * A verdict names a side only if its interval leaves out 0, and says by how
 * much the medians of the table differ, but for the rank they are taken at.
 */
function assertVerdict(
  section: Section,
  [one, other]: [RegExp, RegExp],
): void {
  const [sentence] = section.sentences;
  const [by, from, to] = parsed(
    new RegExp(
      `differ by (${DURATION}) \\(95 % confidence: (${DURATION}) to ` +
        `(${DURATION})\\)`,
    ),
    sentence,
  ).map(usOf);
  const [first, second] = row(section, "p50");
  const apart = first! - second!;
  const isNeither = sentence!.includes("no faster");
  assertEquals(isNeither, from! <= 0 && to! >= 0, sentence);
  assert(from! <= to!);
  if (!isNeither) {
    // Whom it names first was faster; the table agrees.
    const oneIsNamed = sentence!.search(one) < sentence!.search(other);
    assertEquals(oneIsNamed, apart < 0, `${sentence} of ${apart}`);
    assert(from! > 0);
  }
  // The middle value by rank may be the next one to the middle.
  const spread = Math.max(to! - from!, 0.1 * Math.abs(by!), 20);
  assert(
    Math.abs(Math.abs(apart) - Math.abs(by!)) <= spread,
    `${sentence} of ${apart}`,
  );
}

function assertLosses(section: Section): void {
  const [udp, tcp] = section.sentences;
  assertEquals(row(section, "sent"), [120, 120]);
  assertEquals(row(section, "lost"), [FAULTS, 0]);
  const [udpWaited, tcpWaited] = row(section, "longer than 20 ms");
  const [udpMax, tcpMax] = row(section, "max");
  const [faults, sent, lost] = parsed(
    /^The path lost (\d+) of (\d+) messages\. Over UDP (\d+) did not come back/,
    udp,
  ).map(Number);
  assertEquals([faults, sent, lost], [FAULTS, 120, FAULTS]);
  const waiting = new RegExp(
    `and (none|\\d+) took longer than 20 ms, the longest (${DURATION})`,
  );
  const said = (sentence: string | undefined) => {
    const [waited, longest] = parsed(waiting, sentence);
    return { waited: waited === "none" ? 0 : Number(waited), longest };
  };
  assertEquals(said(udp).waited, udpWaited);
  assertPrinted(usOf(said(udp).longest!), udpMax!);
  assertMatch(tcp!, /sent again after 200 ms, all came back, and /);
  assertEquals(said(tcp).waited, tcpWaited);
  assertPrinted(usOf(said(tcp).longest!), tcpMax!);
  assertGreater(tcpWaited!, FAULTS);
  assert(tcp!.endsWith("those behind a late one waited with it."));
  assert(tcpMax! >= 200_000);
}

function assertBoundaries(section: Section): void {
  assertEquals(row(section, "bytes sent") as unknown, [
    "3 + 5 + 3",
    "3 + 5 + 3",
  ]);
  assertEquals(row(section, "bytes received") as unknown, ["11", "3 + 5 + 3"]);
  assertMatch(section.sentences[0]!, /Over TCP.* 1: .* not kept\. Over UDP/);
  assertMatch(section.sentences[0]!, /Over UDP.* 3: the boundaries were kept/);
}

function assertCrowd(section: Section, clients: number, delayMs: number): void {
  const waits = section.table.rows
    .filter(({ name }) => /^client \d+ waited$/.test(name))
    .map(({ values }) => values as number[]);
  assertEquals(waits.length, clients);
  const [one, all] = row(section, "all done after");
  assertEquals(waits.at(-1), [one!, all!]);
  waits.forEach(([iterative, concurrent], place) => {
    assert(iterative! >= (place + 1) * delayMs * 1000);
    assert(concurrent! >= delayMs * 1000);
  });
  const [oneText, allText, ratio, than] = parsed(
    new RegExp(
      `^One at a time, all were served after (${DURATION}); all at once, ` +
        `after (${DURATION}), ([\\d.]+) times as (long|fast)\\.$`,
    ),
    section.sentences[0],
  );
  assertPrinted(usOf(oneText!), one!);
  assertPrinted(usOf(allText!), all!);
  assertEquals(than, one! < all! ? "long" : "fast");
  assertPrinted(Number(ratio), Math.max(one! / all!, all! / one!));
}

function assertSections(sections: Section[], where: string): void {
  assertEquals(sections.length, 6);
  const [first, transports, losses, boundaries, nagle, crowd] = sections;
  for (const section of [first!, transports!, nagle!, crowd!]) {
    assert(section.title.endsWith(where), section.title);
  }
  for (const { sentences } of sections) {
    for (const sentence of sentences) {
      assert(!/NaN|null|undefined|Infinity/.test(sentence), sentence);
    }
  }
  assertFirstByte(first!);
  assertEquals(row(transports!, "sent"), [150, 150]);
  assertEquals(row(transports!, "received"), [150, 150]);
  assertVerdict(transports!, [/over TCP/, /over UDP/]);
  assertLosses(losses!);
  assertBoundaries(boundaries!);
  assertEquals(row(nagle!, "messages"), [50, 50]);
  assertVerdict(nagle!, [/\bwith\b(?! 95)/, /\bwithout\b/]);
  assertCrowd(crowd!, 8, 20);
}

function assertPlain(text: string): void {
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x09\x0b-\x1f\x7f]/.test(text), JSON.stringify(text));
  for (const line of text.split("\n")) assert([...line].length <= 80, line);
}

function assertOneSentence(stderr: string, pattern: RegExp): void {
  assertMatch(stderr, pattern);
  assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
}

Deno.test({
  name: "compare says of loopback what its figures say",
  timeout: TIMEOUT_MS,
  async fn() {
    const { code, stdout, stderr } = await compare("--short", "--json");
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const { sections, notes, mode, format, options } = JSON.parse(stdout);
    assertEquals([mode, format, notes], ["compare", 1, []]);
    assertEquals(options.given, { short: true, json: true });
    assertEquals(options.used.rounds, 10);
    assertSections(sections, ", on loopback");
  },
});

Deno.test({
  name: "compare says of a host what its figures say",
  timeout: TIMEOUT_MS,
  async fn() {
    await using there = await host();
    const { code, stdout, stderr } = await compare(
      ...there.args,
      "--short",
      "--json",
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const { sections, target, options: { used } } = JSON.parse(stdout);
    assertEquals(target, `127.0.0.1:${used.port}`);
    assertSections(sections, ", to 127.0.0.1");
    assert(row(sections[1], "p50 on loopback").every((us) => us > 0));
  },
});

Deno.test({
  name: "compare prints what fits into 80 columns, drawn as it is told to",
  timeout: TIMEOUT_MS,
  async fn() {
    const [unicode, ascii, none] = await Promise.all(
      [[], ["--plots", "ascii"], ["--plots", "none"]]
        .map((plots) => compare(...LEAST, ...plots)),
    );
    for (const { code, stdout, stderr } of [unicode!, ascii!, none!]) {
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertPlain(stdout);
      assert(!/NaN|null|undefined|Infinity/.test(stdout), stdout);
    }
    assertMatch(unicode!.stdout, /█/);
    assertMatch(ascii!.stdout, /^[\n\x20-\x7e]*$/);
    assertMatch(ascii!.stdout, /#/);
    assertMatch(none!.stdout, /^[\n\x20-\x7e]*$/);
    assert(!/#|^How long each/m.test(none!.stdout));
    // One round says nothing of which is faster.
    const words = none!.stdout.replaceAll(/\s+/g, " ");
    assertEquals(words.match(/ faster (over|with)/g), null);
    assertEquals(words.match(/cannot be said/g)?.length, 2);
  },
});

Deno.test({
  name: "compare tells each part as an event, and the whole as the last one",
  timeout: TIMEOUT_MS,
  async fn() {
    const { code, stdout } = await compare(...LEAST, "--ndjson");
    assertEquals(code, 0);
    const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(
      events.map(({ event }) => event),
      ["start", ...Array(6).fill("section"), "end"],
    );
    const { sections, notes, ...label } = events.at(-1).data;
    assertEquals(events[0].data, label);
    assertEquals(notes, []);
    assertEquals(sections, events.slice(1, -1).map(({ data }) => data));
  },
});

Deno.test({
  name: "compare shows the parts that were done when it is interrupted",
  timeout: TIMEOUT_MS,
  async fn() {
    for (const [parts, title] of [[1, "Connection"], [2, "RTT of"]] as const) {
      await using program = new Program(script("compare", ["--ndjson"]));
      await program.heard(new RegExp(`"section","data":{"title":"${title}`));
      program.signal("SIGINT");
      const { code, stdout, stderr } = await program.ended();
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const { event, data } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
      assertEquals(event, "end");
      assertEquals(data.sections.length, parts);
      assertEquals(data.notes, [
        `the run was interrupted, after ${parts} of 6 parts`,
      ]);
    }
  },
});

Deno.test({
  name: "compare says in one sentence, and soon, that a host does not answer",
  timeout: TIMEOUT_MS,
  async fn() {
    await using course = await serveScript("measure_server");
    const soon = ["--short", "--timeout", "500ms"];
    const startMs = performance.now();
    const refused = await compare("127.0.0.1", "--port", "1", ...soon);
    assertEquals([refused.code, refused.stdout], [1, ""]);
    assertOneSentence(
      refused.stderr,
      /^compare: Cannot connect to 127\.0\.0\.1:1: nothing listens there/,
    );
    const silent = await compare(
      ...["127.0.0.1", "--port", course.port, "--stamp-port", "1"],
      ...soon,
    );
    assertEquals([silent.code, silent.stdout], [1, ""]);
    assertOneSentence(
      silent.stderr,
      /^compare: Cannot measure the path to 127\.0\.0\.1:1 over UDP: nothing came back; start stamp-server there/,
    );
    assertLess(performance.now() - startMs, 20_000);
  },
});

Deno.test({
  name: "compare ends when it is interrupted while it waits for an answer",
  timeout: TIMEOUT_MS,
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using program = new Program(
      script("compare", [
        ...["127.0.0.1", "--port", String(listener.addr.port)],
        ...["--timeout", "6s"],
      ]),
    );
    using conn = await listener.accept();
    await conn.read(new Uint8Array(100)); // it has asked
    const startMs = performance.now();
    program.signal("SIGINT");
    const { code, stdout, stderr } = await program.ended();
    assertEquals([code, stdout], [1, ""]);
    assertOneSentence(stderr, /Interrupted before anything was measured/);
    assertLess(performance.now() - startMs, 3000);
  },
});

Deno.test({
  name: "compare says in one sentence that a server speaks another protocol",
  timeout: TIMEOUT_MS,
  async fn() {
    await using other = await serveScript("tcp_server");
    await using stamp = await serveScript("stamp_server");
    const { code, stdout, stderr } = await compare(
      ...["127.0.0.1", "--port", other.port, "--stamp-port", stamp.port],
      ...LEAST,
    );
    assertEquals([code, stdout], [1, ""]);
    assertOneSentence(stderr, /^compare: Cannot measure the path to /);
  },
});

Deno.test({
  name: "compare says in one sentence that a reflector wants a key",
  timeout: TIMEOUT_MS,
  async fn() {
    await using course = await serveScript("measure_server");
    const keyFile = await Deno.makeTempFile({ dir: "/tmp" });
    try {
      await Deno.writeTextFile(keyFile, "0123456789abcdef0123456789abcdef\n");
      await using stamp = await serveProtected(keyFile);
      const { code, stdout, stderr } = await compare(
        ...["127.0.0.1", "--port", course.port, "--stamp-port", stamp.port],
        ...["--short", "--timeout", "500ms"],
      );
      assertEquals([code, stdout], [1, ""]);
      assertOneSentence(stderr, /nothing came back; .*without a key/);
    } finally {
      await Deno.remove(keyFile);
    }
  },
});

/** A reflector with a key, and the permission to read it. */
async function serveProtected(keyFile: string): Promise<Server> {
  return await serve(script(
    "stamp_server",
    ["--port", "0", "--key-file", keyFile],
    [
      "--no-prompt",
      "--unstable-net",
      "--allow-net",
      "--allow-env=STAMP_HMAC_KEY",
      `--allow-read=${keyFile}`,
    ],
  ));
}

Deno.test({
  name: "compare goes on where a server dies, and says which parts failed",
  timeout: TIMEOUT_MS,
  async fn() {
    await using there = await host();
    const [course] = there.servers;
    await using program = new Program(
      script("compare", [...there.args, ...LEAST, "--ndjson", "-W", "1s"]),
    );
    await program.heard(/"section","data":{"title":"RTT of/);
    course.signal("SIGKILL");
    const { code, stdout, stderr } = await program.ended();
    assertEquals(code, 1);
    assertEquals(stderr, "2 of 6 parts failed\n");
    const { sections } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!).data;
    assertEquals(sections.length, 6);
    const failed = sections.filter(({ sentences }: Section) =>
      sentences[0]?.startsWith("This part failed: ")
    );
    assertEquals(failed.length, 2);
    for (const { sentences: [sentence], table } of failed) {
      assertMatch(sentence, /nothing listens there/);
      assertEquals(table.rows, []);
    }
  },
});

Deno.test({
  name: "compare refuses misuse in one sentence",
  timeout: TIMEOUT_MS,
  async fn() {
    const misuses: [string[], RegExp][] = [
      [["--size", "46"], /--size is 44, or from 48 to 1400 bytes, not 46/],
      [["--csv"], /unknown option --csv/],
      [["--json", "--ndjson"], /choose one of --json and --ndjson/],
      [["one.example", "two.example"], /unexpected argument/],
      [["unix:/tmp/socket"], /name a host/],
      [["--count", "91"], /--count is a whole number, from 1 to 90/],
    ];
    for (const [args, pattern] of misuses) {
      const { code, stdout, stderr } = await compare(...args);
      assertEquals({ code, stdout }, { code: 2, stdout: "" }, args.join(" "));
      assertOneSentence(stderr, pattern);
    }
  },
});

Deno.test({
  name: "compare ends quietly when nobody reads its output any more",
  timeout: TIMEOUT_MS,
  async fn() {
    const [command, ...args] = script("compare", [...LEAST, "--ndjson"]);
    const child = new Deno.Command(command!, {
      args,
      cwd: new URL("../..", import.meta.url),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const stderr = await new Response(child.stderr).text();
    const { code } = await child.status;
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  },
});

Deno.test({
  name: "demo ends within 20 s, with a comparison at its end",
  timeout: TIMEOUT_MS,
  async fn() {
    const startMs = performance.now();
    const { code, stdout, stderr } = await run([
      Deno.execPath(),
      "run",
      "--unstable-net",
      "--allow-net=127.0.0.1",
      "scripts/demo.ts",
    ]);
    assertLess(performance.now() - startMs, 20_000);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(stdout, /^\$ compare --short$/m);
    assertMatch(stdout, /^Iterative or concurrent: 8 clients/m);
    assertPlain(stdout);
  },
});
