import { assert, assertEquals } from "@std/assert";
import { parseUsers } from "../../../lib/iperf3/auth.ts";
import { ThroughputClient } from "../../../lib/iperf3/client.ts";
import { DatagramCounts } from "../../../lib/iperf3/datagrams.ts";
import {
  ControlConnection,
  Iperf3Error,
} from "../../../lib/iperf3/messages.ts";
import {
  formatParameters,
  parseParameters,
} from "../../../lib/iperf3/parameters.ts";
import { formatResults, parseResults } from "../../../lib/iperf3/results.ts";
import { DeadlineError } from "../../../lib/net/errors.ts";
import { framed, ONE_STREAM } from "../../iperf3/peers.ts";
import type { Bytes } from "../mutator.ts";
import type { Target } from "../parser_fuzz.ts";
import { ENDS, ScriptedConn } from "../scripted_conn.ts";

const PARAMETERS = {
  ...{ tcp: true, omit: 0, time: 10, num: 0, blockcount: 0, parallel: 1 },
  ...{ len: 131072, bandwidth: 1e6, burst: 10, nodelay: true, MSS: 1400 },
};
const UDP = { udp: true, len: 1460, reverse: 1, udp_counters_64bit: true };
const RESULTS = {
  ...ONE_STREAM,
  streams: [{
    ...ONE_STREAM.streams[0],
    ...{ omitted_errors: 1, omitted_packets: 2, received: 3, end_time: 10.5 },
  }],
  server_output_text: "text",
};
const WORDS = [
  ...Object.keys({ ...PARAMETERS, ...UDP, ...RESULTS.streams[0] }),
  ...["sctp", "bidirectional", "authtoken", "streams", "get_server_output"],
  ...["true", "null", "{}", "[]", '"text"', '{"id":', "1e308"],
];
const REFUSALS = [Iperf3Error, DeadlineError, ...ENDS];

/** Reads JSON as from a peer, checks it, and checks it again as written. */
function reader<T>(
  parse: (value: unknown) => T,
  format: (parsed: T) => object,
) {
  return async (input: Bytes, random: () => number) => {
    using control = new ControlConnection(new ScriptedConn(input, random).conn);
    const parsed = parse(await control.readJson(8192, 0));
    const written = JSON.parse(JSON.stringify(format(parsed)));
    assertEquals(parse(written), parsed);
  };
}

export const IPERF3_TARGETS: Target[] = [{
  name: "iperf3-parameters",
  corpus: [framed(PARAMETERS), framed(UDP), framed({ tcp: 1, num: 5e9 })],
  words: WORDS,
  refusals: REFUSALS,
  // What is ignored is not written.
  run: reader(
    (value) => ({ ...parseParameters(value), ignored: [] }),
    formatParameters,
  ),
}, {
  name: "iperf3-results",
  corpus: [framed(RESULTS), framed({ ...RESULTS, streams: [] })],
  words: WORDS,
  refusals: REFUSALS,
  run: reader((value) => parseResults(value, [1, 3]), formatResults),
}, {
  /** Whatever numbers the datagrams have, no count is negative. */
  name: "iperf3-datagrams",
  corpus: [1, 2, 5, 4, 4, 6].map((last) =>
    Uint8Array.from({ length: 64 }, (_, at) => at % 16 === 11 ? last : at >> 4)
  ),
  maxBytes: 4096,
  run(input, random) {
    const size = 12 + Math.floor(random() * 8);
    const counts = new DatagramCounts(random() < 0.5);
    for (let at = 0; at < input.length; at += size) {
      counts.add(input.subarray(at, at + size), at);
      const { packets, errors, missing, reordered, duplicate } = counts;
      for (const count of [errors, missing, reordered, duplicate]) {
        assert(count >= 0 && count <= packets + at, `${count}`);
      }
      assert(Number.isSafeInteger(packets));
      assert(Number.isFinite(counts.jitterSec));
    }
    return `${counts.reordered > 0}, ${counts.duplicate > 0}`;
  },
}, {
  /** A client against what a server may send. */
  name: "iperf3-client",
  corpus: [
    Uint8Array.from([9, 10, 1, 2, 13, ...framed(RESULTS), 14]),
    Uint8Array.of(9, 254, 0, 0, 0, 37, 0, 0, 0, 0),
    Uint8Array.of(9, 255),
  ],
  words: WORDS,
  refusals: REFUSALS,
  async run(input, random) {
    const scripts = [input, input.subarray(0, 0)]
      .map((given) => new ScriptedConn(given, random).conn);
    const client = new ThroughputClient({
      connect: () => Promise.resolve(scripts.shift()!),
    }, {
      parameters: parseParameters({ tcp: true, num: 1000, len: 500 }),
      intervalSec: 0.1,
      stepTimeoutMs: 50,
    });
    await client.run();
    for (const { receiver } of client.streams) {
      assert((receiver?.bytes ?? 0) >= 0);
    }
  },
}, {
  name: "iperf3-users",
  corpus: [`# users\nann,${"0a".repeat(32)}\r\n\nbob,${"F".repeat(64)}\n`],
  refusals: [SyntaxError],
  run: (_input, _random, text) => void parseUsers(text),
}];
