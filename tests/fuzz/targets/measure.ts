import { assert, assertEquals } from "@std/assert";
import { FramingError } from "../../../lib/framing/line_decoder.ts";
import { measureSession } from "../../../lib/measure/client.ts";
import {
  learnEchoForm,
  parseServerDialect,
} from "../../../lib/measure/dialects.ts";
import {
  formatSetup,
  parseSetup,
  ProtocolError,
} from "../../../lib/measure/messages.ts";
import { measureStreams } from "../../../lib/measure/server.ts";
import { isDisconnect } from "../../../lib/net/errors.ts";
import { sentenceOf, type Target } from "../parser_fuzz.ts";
import { ENDS, ScriptedConn } from "../scripted_conn.ts";

const WORDS = [
  ...["s rtt ", "s tput ", "m 1 ", "m 2 ", "t\n", "200 OK: Ready\n", "404 "],
  ...["200 OK: Closing Connection\n", "m 1 abc\n", "s rtt 2 3 0\n", "\r\n"],
];
const SESSION = "s rtt 2 3 0\nm 1 abc\nm 2 a c\ns tput 1 1 0\nm 1 x\nt\n";

export const MEASURE_TARGETS: Target[] = [{
  name: "measure-setup",
  corpus: ["s rtt 10 1000 0\n", "s tput 1000000 1048576 59999.5\r\n"],
  words: WORDS,
  refusals: [SyntaxError, RangeError],
  run(input) {
    const written = formatSetup(parseSetup(input));
    assertEquals(formatSetup(parseSetup(written)), written);
  },
}, {
  /** What the server replies and refuses does not depend on segments. */
  name: "measure-server",
  corpus: [SESSION, SESSION.replaceAll("\n", "\r\n"), "s rtt 1 1 0\nt"],
  words: WORDS,
  async run(input, random) {
    const limits = { probes: 1000, sizeBytes: 512, delayMs: 0 };
    const serve = async () => {
      const script = new ScriptedConn(input, random);
      using connection = script.stream();
      let ended = "closed";
      const log = (line: string) => ended = line.replace(/^\S+ /, "");
      await measureStreams({ limits, log })(connection).catch((error) => {
        if (!isDisconnect(error)) throw error;
      });
      return { ended, written: script.written };
    };
    const [one, other] = [await serve(), await serve()];
    assertEquals(one.written, other.written);
    assertEquals(...[one, other].map(({ ended }) => /^ref/.test(ended)) as [
      boolean,
      boolean,
    ]);
    assert(one.written.length <= 64 * (input.length + 1));
    return sentenceOf({ name: "", message: one.ended });
  },
}, {
  /** What a server may send to a client that trusts nobody. */
  name: "measure-client",
  corpus: [
    "200 OK: Ready\nm 1 abc\nm 2 abc\n200 OK: Closing Connection\n",
    "200 Ready\0abcabc",
    "404 ERROR: Invalid Connection Setup Message\n",
    "s rtt 2 3 0\n",
  ],
  words: WORDS,
  refusals: [ProtocolError, FramingError, ...ENDS],
  async run(input, random) {
    const deviations: string[] = [];
    const script = new ScriptedConn(input, random);
    const isLenient = random() < 0.5;
    const session = measureSession(() => Promise.resolve(script.stream()), {
      setup: { type: "rtt", probes: 2, sizeBytes: 3, delayMs: 0 },
      warmup: 0,
      intervalMs: 0,
      ...(isLenient && { tolerate: (what) => deviations.push(what) }),
    });
    for await (const { rttMs } of session) assert(rttMs === null || rttMs >= 0);
    return `valid, ${deviations.length} deviations`;
  },
}, {
  name: "measure-dialect",
  corpus: [
    "from-zero,ready=200 Ready,no-lf",
    "payload-only,flush",
    "m 0 abc\r",
  ],
  words: ["from-zero", "ready=", "no-lf", "payload-only", "flush", ","],
  refusals: [SyntaxError],
  run(input, _random, text) {
    const form = learnEchoForm(input, 1, 3);
    assert(form === null || form.ending.length <= input.length);
    assert(/^[\x20-\x7e]{1,80}$/.test(parseServerDialect(text).ready));
  },
}];
