import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertNotMatch,
} from "@std/assert";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import {
  Program,
  run,
  runHere,
  script,
  serve,
  type Server,
  serveScript,
} from "../programs.ts";

const LIMIT = { timeout: 60_000 };
const READ_MS = 20_000;
const EVE = "0".repeat(31) + "1";

/** Starts a peer on a free port of loopback. */
function servePeer(name: string, ...args: string[]): Promise<Server> {
  return serveScript("peer", "--host", "127.0.0.1", "--name", name, ...args);
}

/** Starts one that is acquainted with another. */
async function joinPeer(
  name: string,
  other: Server,
  ...args: string[]
): Promise<Server> {
  const peer = await servePeer(name, "--connect", other.address, ...args);
  await peer.heard(/^\* \S+ joined, /m);
  return peer;
}

/** Starts three that have all joined each other. */
async function serveThree(stack: AsyncDisposableStack): Promise<Server[]> {
  const ada = stack.use(await servePeer("ada"));
  const bob = stack.use(await joinPeer("bob", ada));
  const cleo = stack.use(await joinPeer("cleo", bob));
  const names = ["ada", "bob", "cleo"];
  const three = [ada, bob, cleo];
  for (const [index, peer] of three.entries()) {
    for (const name of names.filter((_, other) => other !== index)) {
      await peer.heard(joined(name));
    }
  }
  return three;
}

function joined(name: string): RegExp {
  return new RegExp(`^\\* ${name} joined, 127\\.0\\.0\\.1:\\d+$`, "m");
}

/** What was said by one, as it stands on standard output. */
function saidBy(name: string, stdout: string): string[] {
  return stdout.split("\n").filter((line) => line.startsWith(`${name}: `));
}

/** The protocol spoken by hand. */
class Hand implements Disposable {
  #connection: StreamConnection;

  constructor(connection: StreamConnection) {
    this.#connection = connection;
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async say(...lines: string[]): Promise<void> {
    const bytes = new TextEncoder().encode(lines.map((l) => `${l}\n`).join(""));
    await this.#connection.writeAll(bytes);
  }

  hello(name: string): Promise<void> {
    return this.say(`hello 2 ${EVE} 0 ${name}`, "welcome");
  }

  /** The lines up to one that fits; `null` at the end is one that does not. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = await this.#connection.readLine();
      assert(line !== null, `it closed before it said ${pattern}`);
      const text = new TextDecoder().decode(line).trimEnd();
      if (pattern.test(text)) return text;
    }
  }
}

async function dialByHand(peer: Server): Promise<Hand> {
  const conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: Number(peer.port),
  });
  const limits = { messageBytes: 4096, readMs: READ_MS, writeMs: READ_MS };
  return new Hand(new StreamConnection(conn, limits));
}

/** A port that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test(
  "peer: three learn of each other, and obey every command",
  LIMIT,
  async () => {
    await using stack = new AsyncDisposableStack();
    const [ada, bob, cleo] = await serveThree(stack) as [
      Server,
      Server,
      Server,
    ];

    const lines = Array.from({ length: 20 }, (_, index) => `line ${index} ß`);
    await ada.write(lines.map((line) => `${line}\n`).join(""));
    await bob.heard(/^ada: line 19 ß$/m);
    await cleo.heard(/^ada: line 19 ß$/m);

    await ada.write("/peers\n");
    for (const [name, { address }] of [["bob", bob], ["cleo", cleo]] as const) {
      const row = await ada.heard(
        new RegExp(`^${name} +${address} .*RTT +([\\d.]+) \\w+$`, "m"),
      );
      assertGreater(Number(row[1]), 0);
    }

    await ada.write("/msg cleo for you\n/msg nobody what\n");
    await cleo.heard(/^ada, to you alone: for you$/m);
    await ada.heard(
      /^! no peer has the name "nobody": see \/peers$/m,
      "stderr",
    );

    await bob.write("/name robert\n/name a b\nand now\n");
    for (const other of [ada, cleo]) {
      await other.heard(/^\* bob is now called robert\nrobert: and now$/m);
    }
    await bob.heard(/^! expected a name of .* not "a b"$/m, "stderr");

    await ada.write("/help\n/dance\n");
    await ada.heard(/^! unknown command \/dance: see \/help$/m, "stderr");
    for (
      const command of "peers connect disconnect msg name help quit".split(" ")
    ) await ada.heard(new RegExp(`^ +/${command}\\b`, "m"), "stderr");

    await ada.write("/disconnect robert\n");
    await ada.heard(/^\* robert left$/m);
    await bob.heard(/^\* ada left$/m);
    await ada.write("for cleo alone now\n");
    await cleo.heard(/^ada: for cleo alone now$/m);
    await ada.write(`/connect ${bob.address}\n`);
    await ada.heard(/^\* robert left\n[^]*^\* robert joined, /m);
    await bob.heard(/^\* ada left\n[^]*^\* ada joined, /m);

    await ada.write("/quit\nnever said\n");
    const first = await ada.ended();
    assertEquals(first.code, 0);
    await bob.heard(/^\* ada left\n[^]*^\* ada left$/m);
    await cleo.heard(/^\* ada left$/m);
    await bob.closeInput();
    await cleo.closeInput();
    const others = [await bob.ended(), await cleo.ended()];
    for (const [index, { code, stdout, stderr }] of others.entries()) {
      assertEquals(code, 0, stderr);
      const expected = index === 0 ? lines : [...lines, "for cleo alone now"];
      assertEquals(saidBy("ada", stdout), expected.map((l) => `ada: ${l}`));
    }
    assertNotMatch(others[0]!.stdout, /for you/);
    assertNotMatch(first.stdout + first.stderr, /^ada/m);
  },
);

Deno.test(
  "peer leaves at the end of its input, once all was sent",
  LIMIT,
  async () => {
    await using ada = await servePeer("ada");
    await using cleo = await joinPeer("cleo", ada);
    const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);
    const { code, stdout, stderr } = await run(
      script("peer", [
        ...["--port", "0", "--name", "bob", "--connect", ada.address],
      ]),
      lines.join("\n"), // and no newline at the end
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(stdout, joined("ada"));
    const expected = lines.map((line) => `bob: ${line}`);
    for (const peer of [ada, cleo]) {
      await peer.heard(/^\* bob left$/m);
      await peer.heard(/^bob: line 199$/m);
      await peer.closeInput();
    }
    for (const peer of [ada, cleo]) {
      const ended = await peer.ended();
      assertEquals(ended.code, 0, ended.stderr);
      assertEquals(saidBy("bob", ended.stdout), expected);
    }
  },
);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(
    `peer says goodbye when it gets ${signal}, and is not dialled again`,
    LIMIT,
    async () => {
      await using ada = await servePeer("ada");
      await using bob = await joinPeer("bob", ada);
      await ada.heard(joined("bob"));
      await bob.write("hello\n");
      await ada.heard(/^bob: hello$/m);
      ada.signal(signal);
      const { code, stderr } = await ada.ended();
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      await bob.heard(/^\* ada left$/m);
      await bob.write("/peers\n");
      await bob.heard(/^no peers$/m);
    },
  );
}

Deno.test(
  "peer misses one that is killed, and finds it when it comes back",
  LIMIT,
  async () => {
    await using stack = new AsyncDisposableStack();
    const [ada, bob, cleo] = await serveThree(stack) as [
      Server,
      Server,
      Server,
    ];
    bob.signal("SIGKILL");
    assertEquals((await bob.ended()).code, 128 + 9);
    await ada.heard(/^\* bob left$/m);
    await cleo.heard(/^\* bob left$/m);
    await ada.write("still here\n");
    await cleo.heard(/^ada: still here$/m);
    await using again = await serve(
      script("peer", ["--port", bob.port, "--name", "again"]),
    );
    for (const peer of [ada, cleo]) await peer.heard(joined("again"));
    // Each side joins on its own, and a line reaches those that have joined.
    for (const name of ["ada", "cleo"]) await again.heard(joined(name));
    await again.write("back\n");
    for (const peer of [ada, cleo]) await peer.heard(/^again: back$/m);
  },
);

Deno.test(
  "peer --json prints nothing but one JSON object a line",
  LIMIT,
  async () => {
    await using ada = await servePeer("ada", "--json");
    await using bob = await joinPeer("bob", ada);
    await bob.write("hello \x1b\x9b\u202e\n/msg ada you alone\n/name robert\n");
    await ada.heard(/^\{"event":"renamed",.*$/m);
    await ada.heard(/^\{"event":"told",.*$/m);
    {
      using hand = await dialByHand(ada);
      await hand.say("good morning");
      await hand.until(/^bye error$/);
    }
    await ada.heard(/^\{"event":"error",.*$/m);
    await ada.write("/peers\n");
    await ada.heard(/^\{"event":"peers",.*$/m);
    await bob.closeInput();
    await bob.ended();
    await ada.heard(/^\{"event":"left",.*$/m);
    await ada.closeInput();
    const { code, stdout } = await ada.ended();
    assertEquals(code, 0);

    const [listening, ...rows] = stdout.trimEnd().split("\n");
    assertEquals(JSON.parse(listening!), {
      event: "listening",
      address: ada.address,
    });
    // deno-lint-ignore no-explicit-any
    const events: any[] = rows.map((row) => JSON.parse(row));
    assertEquals(
      events.map(({ event }) => event),
      "joined said told renamed error peers left".split(" "),
    );
    const [first, said, told, renamed, error, peers, left] = events;
    const { id } = first;
    assertMatch(id, /^[0-9a-f]{32}$/);
    const { address } = bob;
    assertEquals(first, { event: "joined", id, name: "bob", address });
    assertEquals(said, {
      event: "said",
      id,
      name: "bob",
      text: "hello \x1b\x9b\u202e",
    });
    assertEquals(told, { event: "told", id, name: "bob", text: "you alone" });
    assertEquals(renamed, {
      event: "renamed",
      id,
      name: "robert",
      before: "bob",
    });
    assertMatch(error.address, /^127\.0\.0\.1:\d+$/);
    assertMatch(error.error, /another protocol, which begins "good morning"/);
    assertMatch(stdout, /"hello \\u001b\\u009b\\u202e"/);
    assertEquals(peers.peers.length, 1);
    assertEquals(peers.peers[0].name, "robert");
    assertEquals(peers.peers[0].address, address);
    assertEquals(left, { event: "left", id, name: "robert", address });
  },
);

Deno.test(
  "peer fails when a line reached no peer",
  LIMIT,
  async () => {
    const { code, stderr } = await run(
      script("peer", ["--port", "0"]),
      "one\n\ntwo\n",
    );
    assertEquals(code, 1);
    assertEquals(
      stderr,
      "peer: 2 lines not sent: no peer was connected, or the line was too long\n",
    );
    const silent = await run(script("peer", ["--port", "0"]), "/peers\n");
    assertEquals(silent.code, 0);
    assertMatch(silent.stdout, /^listening tcp \S+\nno peers\n$/);
  },
);

Deno.test(
  "peer listens and dials until a peer answers",
  LIMIT,
  async () => {
    const port = `${freePort()}`;
    await using ada = await servePeer(
      "ada",
      "--connect",
      `127.0.0.1:${port}`,
    );
    await ada.heard(
      new RegExp(`^! 127\\.0\\.0\\.1:${port}: nothing listens there;`, "m"),
      "stderr",
    );
    await using _cleo = await joinPeer("cleo", ada);
    await ada.heard(joined("cleo"));
    await using bob = await serve(
      script("peer", ["--port", port, "--name", "bob"]),
    );
    await ada.heard(joined("bob"));
    await bob.heard(joined("ada"));
    await bob.heard(joined("cleo"));
    await ada.closeInput();
    const { code, stderr } = await ada.ended();
    assertEquals(code, 0);
    assertEquals(stderr.split("\n").length, 2, stderr); // it says so once
  },
);

const MISUSES: [complaint: RegExp, ...args: string[]][] = [
  [/--name is a name of .* not "a b"/, "--name", "a b"],
  [/--name needs a value/, "--name", ""],
  [/--name is a name of /, "--name", "a".repeat(33)],
  [/--connect is an address .* not a path/, "--connect", "unix:/x"],
  [/--connect is an address .*99999/, "--connect", "x:99999"],
  [/--max-peers is a whole number/, "--max-peers", "0"],
  [/unexpected argument "hello"/, "hello"],
];

for (const [complaint, ...args] of MISUSES) {
  Deno.test(
    `peer ${args.join(" ").slice(0, 40)} is misuse`,
    LIMIT,
    async () => {
      const { code, stdout, stderr } = await runHere("peer", ...args);
      assertEquals({ code, stdout }, { code: 2, stdout: "" });
      assertMatch(stderr, complaint);
      assertMatch(stderr, /^peer: [^\n]+\n$/);
    },
  );
}

Deno.test("peer says in one line that its port is taken", LIMIT, async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, stdout, stderr } = await runHere(
    ...["peer", "--port", `${taken.addr.port}`] as const,
  );
  assertEquals({ code, stdout }, { code: 1, stdout: "" });
  assertMatch(
    stderr,
    /^peer: Cannot listen on \S+: the address is taken by [^\n]+\n$/,
  );
});

Deno.test(
  "peer shows no control characters of another's as they are",
  LIMIT,
  async () => {
    await using ada = await servePeer("ada");
    {
      using hand = await dialByHand(ada);
      await hand.hello("e\x1b[2Jve");
      await hand.until(/^bye error$/);
    }
    await ada.heard(
      /^! \S+ not connected: it sent what is not a name: .*\\u001b\[2Jve/m,
      "stderr",
    );
    using hand = await dialByHand(ada);
    await hand.hello("eve");
    await ada.heard(joined("eve"));
    await hand.say(
      `say \x1b[2Jboo\rah \u202etxt\x07\x9b1m`,
      "tell \x1b]0;title\x07",
      "name eva",
      "name e\x1bva",
    );
    await hand.until(/^bye error$/);
    await ada.heard(
      /^eve: \\x1b\[2Jboo\\x0dah \\u202etxt\\x07\\x9b1m\neve, to you alone: \\x1b\]0;title\\x07\n\* eve is now called eva\n\* eva left$/m,
    );
    await ada.heard(/not a name: [^]*not a name: /, "stderr");
    await ada.closeInput();
    const { code, stdout, stderr } = await ada.ended();
    assertEquals(code, 0);
    // deno-lint-ignore no-control-regex
    assertNotMatch(stdout + stderr, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  },
);

Deno.test(
  "peer does not say a line that is too long, and says so",
  LIMIT,
  async () => {
    await using ada = await servePeer("ada");
    await using bob = await joinPeer("bob", ada);
    const longest = "ß".repeat(2000);
    await bob.write(`${"x".repeat(5000)}\n${longest}\n${longest}y\n`);
    await bob.write(`/msg ada ${longest}\n/msg ada ${longest}y\nshort\n`);
    await ada.heard(/^bob: short$/m);
    for (const peer of [bob, ada]) await peer.closeInput();
    const refused = await bob.ended();
    assertEquals(refused.code, 1);
    assertEquals(
      refused.stderr,
      "! not sent: longer than 4000 bytes\n".repeat(3) +
        "peer: 3 lines not sent: no peer was connected, or the line was too long\n",
    );
    const { stdout } = await ada.ended();
    assertEquals(saidBy("bob", stdout), [`bob: ${longest}`, "bob: short"]);
    assertMatch(stdout, /^bob, to you alone: ß{2000}$/m);
    assertEquals(stdout.match(/to you alone/g)!.length, 1);
  },
);

Deno.test(
  "peer drops one that is silent, although it is connected",
  LIMIT,
  async () => {
    await using ada = await servePeer("ada", "--timeout", "300ms");
    using hand = await dialByHand(ada);
    await hand.hello("eve");
    await ada.heard(joined("eve"));
    await hand.until(/^ping \w+$/);
    await ada.heard(/^\* eve left$/m);
  },
);

Deno.test(
  "peer ends quietly when its output is closed",
  LIMIT,
  async () => {
    await using ada = await servePeer("ada");
    await using bob = new Program(
      script("peer", [
        "--port",
        "0",
        "--name",
        "bob",
        "--connect",
        ada.address,
      ]),
    );
    await bob.heard(joined("ada"));
    await ada.heard(joined("bob"));
    await bob.stdout.cancel();
    // A read that is pending here may still take what bob writes first.
    const writing = setInterval(() => ada.write("is bob there\n"), 100);
    const { code, stderr } = await bob.ended().finally(() =>
      clearInterval(writing)
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    await ada.heard(/^\* bob left$/m);
  },
);
