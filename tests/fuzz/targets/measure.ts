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
import { StreamConnection } from "../../../lib/net/stream_connection.ts";
import { outcomeOf, sentenceOf, type Target } from "../parser_fuzz.ts";
import { ScriptedConn } from "../scripted_conn.ts";

const WORDS = [
  ...["s rtt ", "s tput ", "m 1 ", "m 2 ", "t\n", "200 OK: Ready\n", "404 "],
  ...["200 OK: Closing Connection\n", "m 1 abc\n", "s rtt 2 3 0\n", "\r\n"],
];
const SESSION = "s rtt 2 3 0\nm 1 abc\nm 2 a c\ns tput 1 1 0\nm 1 x\nt\n";

const setup: Target = {
  name: "measure-setup",
  corpus: ["s rtt 10 1000 0\n", "s tput 1000000 1048576 59999.5\r\n"],
  words: WORDS,
  run: (input) =>
    outcomeOf(
      () => {
        const parsed = parseSetup(input);
        const written = formatSetup(parsed);
        assertEquals(formatSetup(parseSetup(written)), written);
      },
      SyntaxError,
      RangeError,
    ),
};

/** The replies of the server, and its last refusal, do not depend on segments. */
const server: Target = {
  name: "measure-server",
  corpus: [SESSION, SESSION.replaceAll("\n", "\r\n"), "s rtt 1 1 0\nt"],
  words: WORDS,
  async run(input, random) {
    const limits = { probes: 1000, sizeBytes: 512, delayMs: 0 };
    const seen = [];
    for (let round = 0; round < 2; round++) {
      const script = new ScriptedConn(input, random);
      using connection = new StreamConnection(script.conn);
      let ended = "closed";
      const log = (line: string) => ended = line.replace(/^\S+ /, "");
      try {
        await measureStreams({ limits, log })(connection);
      } catch (error) {
        if (!isDisconnect(error)) throw error;
      }
      assert(script.written.length <= input.length + 64 * 64);
      seen.push({ written: script.written, isRefused: /^refused/.test(ended) });
      if (round === 1) {
        assertEquals(seen[0], seen[1]);
        return sentenceOf({ name: "", message: ended });
      }
    }
    throw new Error("unreachable");
  },
};

/** What a server may send to a client that trusts nobody. */
const client: Target = {
  name: "measure-client",
  corpus: [
    "200 OK: Ready\nm 1 abc\nm 2 abc\n200 OK: Closing Connection\n",
    "200 Ready\0abcabc",
    "404 ERROR: Invalid Connection Setup Message\n",
    "s rtt 2 3 0\n",
  ],
  words: WORDS,
  async run(input, random) {
    const deviations: string[] = [];
    const isLenient = random() < 0.5;
    const script = new ScriptedConn(input, random);
    let samples = 0;
    try {
      for await (
        const sample of measureSession(
          () => Promise.resolve(new StreamConnection(script.conn)),
          {
            setup: { type: "rtt", probes: 2, sizeBytes: 3, delayMs: 0 },
            warmup: 0,
            intervalMs: 0,
            ...(isLenient && { tolerate: (what) => deviations.push(what) }),
          },
        )
      ) {
        assert(sample.rttMs === null || sample.rttMs >= 0);
        samples += 1;
      }
      return `${samples} samples, ${deviations.length} deviations`;
    } catch (error) {
      const isRefused = error instanceof ProtocolError ||
        error instanceof FramingError || isDisconnect(error);
      if (!isRefused) throw error;
      assert((error as Error).message.length < 2000);
      return sentenceOf(error as Error);
    }
  },
};

const dialect: Target = {
  name: "measure-dialect",
  corpus: [
    "from-zero,ready=200 Ready,no-lf",
    "payload-only,flush",
    "m 0 abc\r\n",
  ],
  words: ["from-zero", "ready=", "no-lf", "payload-only", "flush", ","],
  run(input) {
    const form = learnEchoForm(input, 1, 3);
    assert(form === null || form.ending.length <= input.length);
    return outcomeOf(() => {
      const { ready } = parseServerDialect(new TextDecoder().decode(input));
      assert(/^[\x20-\x7e]{1,80}$/.test(ready));
    }, SyntaxError);
  },
};

export const MEASURE_TARGETS: Target[] = [setup, server, client, dialect];
