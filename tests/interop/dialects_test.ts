/**
 * measure_client against servers, in Python, that speak the course's protocol
 * or one of its dialects.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { runHere, serve } from "../programs.ts";
import { interopTest, python } from "./programs.ts";

/** The parts of a result that are looked at. */
interface Result {
  probes: { sent: number; received: number; lost: number; warmup: number };
  rtt_us: { count: number; min: number; p50: number };
  quality: { notes: string[] };
}

const COUNT = 10;

async function measure(
  address: string,
  ...options: string[]
): Promise<{ code: number; result: Result | null; stderr: string }> {
  const { code, stdout, stderr } = await runHere(
    "measure_client",
    ...["rtt", address, "--json", "--count", `${COUNT}`, "--warmup", "2"],
    ...options,
  );
  const result = stdout === "" ? null : JSON.parse(stdout);
  return { code, result, stderr };
}

const CONFORMING: { title: string; server: string[]; client: string[] }[] = [
  { title: "the course's server", server: [], client: [] },
  { title: "the course's server leniently", server: [], client: ["--lenient"] },
  {
    title: "a server that stays open after t",
    server: ["--stay-open"],
    client: [],
  },
  {
    title: "a server that stays open after t leniently",
    server: ["--stay-open"],
    client: ["--lenient"],
  },
  {
    title: "a server that goes on after a 404",
    server: ["--go-on"],
    client: [],
  },
];

for (const { title, server, client } of CONFORMING) {
  interopTest(["python3"], `measure_client measures ${title}`, async () => {
    await using running = await serve(python("course_server", ...server));
    // Twice: the server has to be left fit for the next client.
    for (let time = 1; time <= 2; time++) {
      const { code, result, stderr } = await measure(
        running.address,
        ...client,
      );
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(result?.probes.received, COUNT);
      assertEquals(result?.quality.notes.filter(isTolerance), []);
    }
  });
}

function isTolerance(note: string): boolean {
  return note.startsWith("tolerated: ");
}

/** What the strict client says of each, and the lenient one. */
const DIALECTS: {
  title: string;
  server: string[];
  refusal: RegExp;
  options?: string[];
  notes: string[];
}[] = [
  {
    title: "replies without LF",
    server: ["--no-lf"],
    refusal: /to the setup, received "200 OK: Ready"; --lenient/,
    notes: [
      'the reply "200 OK: Ready" to the setup',
      'the reply "200 OK: Closing Connection" to the termination',
    ],
  },
  {
    title: "replies and echoes without LF",
    server: ["--no-lf", "--echo-no-lf"],
    refusal: /to the setup, received "200 OK: Ready"; --lenient/,
    notes: [
      'the reply "200 OK: Ready" to the setup',
      'echoes that end in ""',
      'the reply "200 OK: Closing Connection" to the termination',
    ],
  },
  {
    title: "echoes without LF",
    server: ["--echo-no-lf"],
    refusal: /the echo of probe 1, received "m 1 abc/,
    notes: ['echoes that end in ""'],
  },
  {
    title: "200 OK: READY",
    server: ["--ready", "200 OK: READY"],
    refusal: /received "200 OK: READY\\n"; --lenient/,
    notes: ['the reply "200 OK: READY\\n" to the setup'],
  },
  {
    title: "200 Ready without LF",
    server: ["--ready", "200 Ready", "--no-lf"],
    refusal: /received "200 Ready"; --lenient/,
    notes: [
      'the reply "200 Ready" to the setup',
      'the reply "200 OK: Closing Connection" to the termination',
    ],
  },
  {
    title: "a space at the end of replies",
    server: ["--tail", " "],
    refusal: /received "200 OK: Ready \\n"; --lenient/,
    notes: [
      'the reply "200 OK: Ready \\n" to the setup',
      'the reply "200 OK: Closing Connection \\n" to the termination',
    ],
  },
  {
    title: "a NUL in place of the LF of replies",
    server: ["--tail", "\\0", "--no-lf"],
    refusal: /received "200 OK: Ready\\u0000"; --lenient/,
    notes: [
      'the reply "200 OK: Ready\\u0000" to the setup',
      'the reply "200 OK: Closing Connection\\u0000" to the termination',
    ],
  },
  {
    title: "another closing reply",
    server: ["--closing", "200 OK: Bye"],
    refusal: /to the termination, received "200 OK: Bye\\n"; --lenient/,
    notes: ['the reply "200 OK: Bye\\n" to the termination'],
  },
  {
    title: "no closing reply",
    server: ["--closing", ""],
    refusal: /to the termination, but the peer closed the connection/,
    notes: ["no reply to the termination"],
  },
  {
    title: "echoes of the payload alone",
    server: ["--echo", "payload"],
    refusal: /the echo of probe 1, received "abc.*--lenient/,
    notes: ["echoes of the payload alone"],
  },
  {
    title: "echoes of the payload alone without LF",
    server: ["--echo", "payload", "--echo-no-lf"],
    refusal: /the echo of probe 1, received "abc/,
    notes: ["echoes of the payload alone", 'echoes that end in ""'],
  },
  {
    title: "rebuilt echoes numbered from 0",
    server: ["--echo", "rebuilt"],
    refusal: /the echo of probe 1, received "m 0 abc.*--lenient/,
    notes: ["echoes numbered -1 off"],
  },
  {
    title: "sequence numbers from 0",
    server: ["--from-zero"],
    refusal:
      /probe 1.*"404 ERROR: Invalid Measurement Message\\n.*--first-probe 0/,
    options: ["--first-probe", "0"],
    notes: [],
  },
  {
    title: "sequence numbers from 0, and goes on after a 404",
    server: ["--from-zero", "--go-on"],
    refusal:
      /probe 1.*"404 ERROR: Invalid Measurement Message\\n.*--first-probe 0/,
    options: ["--first-probe", "0"],
    notes: [],
  },
  {
    title: "sequence numbers from 0, and echoes after the 404 as well",
    server: ["--from-zero", "--go-on", "--echo-errors"],
    refusal:
      /probe 1.*"404 ERROR: Invalid Measurement Message\\n.*--first-probe 0/,
    options: ["--first-probe", "0"],
    notes: [],
  },
];

for (const { title, server, refusal, options = [], notes } of DIALECTS) {
  interopTest(["python3"], `measure_client refuses ${title}`, async () => {
    await using running = await serve(python("course_server", ...server));
    const { code, stderr } = await measure(
      running.address,
      ...["--timeout", "1s"],
    );
    assertMatch(stderr, /^measure-client: [^\n]+\n$/);
    assertMatch(stderr, refusal);
    assert(stderr.includes(running.address), stderr);
    assertEquals(code, 1);
  });

  interopTest(
    ["python3"],
    `measure_client --lenient takes ${title}`,
    async () => {
      await using running = await serve(python("course_server", ...server));
      const { code, result, stderr } = await measure(
        running.address,
        "--lenient",
        ...options,
      );
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(
        result?.quality.notes.filter(isTolerance),
        notes.map((note) => `tolerated: ${note}`),
      );
      const { sent, received, lost } = result!.probes;
      assertEquals({ sent, received, lost }, {
        sent: COUNT,
        received: COUNT,
        lost: 0,
      });
      // The silence that ended the first echo must not be taken for the path's.
      assert(result!.rtt_us.p50 < 150_000, `p50 ${result!.rtt_us.p50} us`);
    },
  );
}

const DELAYS: { title: string; server: string[]; client: string[] }[] = [
  { title: "in milliseconds", server: [], client: [] },
  {
    title: "--delay-unit s in seconds",
    server: ["--seconds"],
    client: ["--delay-unit", "s"],
  },
  {
    title: "--lenient --delay-unit s in seconds",
    server: ["--seconds", "--no-lf", "--echo-no-lf"],
    client: ["--delay-unit", "s", "--lenient"],
  },
];

for (const { title, server, client } of DELAYS) {
  interopTest(["python3"], `measure_client --delay ${title}`, async () => {
    await using running = await serve(python("course_server", ...server));
    const { code, result, stderr } = await measure(
      running.address,
      ...["--delay", "60ms", ...client],
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const { min, p50 } = result!.rtt_us;
    assert(min >= 60_000 && p50 < 1_000_000, `min ${min} us, p50 ${p50} us`);
  });
}

interopTest(
  ["python3"],
  "measure_client gives up on a server that takes its delay for seconds",
  async () => {
    await using server = await serve(python("course_server", "--seconds"));
    const { code, stderr } = await measure(
      server.address,
      ...["--delay", "50ms", "--timeout", "500ms"],
    );
    assertMatch(
      stderr,
      /^measure-client: [^\n]* in time; [^\n]*--delay-unit s[^\n]*\n$/,
    );
    assertEquals(code, 1);
  },
);

interopTest(
  ["python3"],
  "measure_client says that the uppercase server does not measure",
  async () => {
    for (const lenient of [[], ["--lenient"]]) {
      await using server = await serve(python("tcp_server"));
      const { code, stderr } = await measure(
        server.address,
        ...["--timeout", "1s", ...lenient],
      );
      assertMatch(
        stderr,
        /^measure-client: [^\n]*echo server[^\n]*"S RTT 12 100 0"[^\n]*\n$/,
      );
      assertEquals(code, 1);
    }
  },
);
