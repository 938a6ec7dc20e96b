import { assertEquals, assertThrows } from "@std/assert";
import { Iperf3Error, newCookie } from "../../lib/iperf3/messages.ts";
import {
  formatParameters,
  parseParameters,
} from "../../lib/iperf3/parameters.ts";
import { formatResults, parseResults } from "../../lib/iperf3/results.ts";

const UNSIGNED_MINUS_ONE = JSON.parse("18446744073709551615");

Deno.test("newCookie() has 36 characters of its alphabet and a NUL", () => {
  const text = String.fromCharCode(...newCookie());
  assertEquals(/^[a-z2-7]{36}\0$/.test(text), true, text);
});

Deno.test("parseParameters() fills in what is missing", () => {
  const { transport, timeSec, parallel, blockBytes } = parseParameters({});
  assertEquals(
    { transport, timeSec, parallel, blockBytes },
    { transport: "tcp", timeSec: 10, parallel: 1, blockBytes: 131_072 },
  );
  assertEquals(parseParameters({ udp: true }).blockBytes, 1460);
  assertEquals(parseParameters({ num: 5, time: 0 }).timeSec, 0);
});

Deno.test("parseParameters() reads what formatParameters() writes", () => {
  for (
    const given of [
      { udp: true, bidirectional: true, parallel: 3, burst: 8, bandwidth: 1e6 },
      { tcp: true, reverse: true, num: 1e9, nodelay: true, authtoken: "a" },
      { tcp: true, blockcount: 7, get_server_output: 1, omit: 2 },
      { udp: true, udp_counters_64bit: 1, len: 65_507 },
    ]
  ) {
    const parameters = parseParameters(given);
    const written = JSON.parse(JSON.stringify(formatParameters(parameters)));
    assertEquals(parseParameters(written), parameters);
  }
});

Deno.test("parseParameters() rejects a wrong type or range in each field", () => {
  const wrong: [string, unknown[]][] = [
    ["parallel", [0, -1, 129, 1e9, "1", null, true, [1], {}, NaN]],
    ["time", [-1, 86_401, UNSIGNED_MINUS_ONE, "10", {}]],
    ["omit", [-1, 601, "0", []]],
    ["num", [-1, 2 ** 60, "1K"]],
    ["blockcount", [-1, 2 ** 60, false]],
    ["len", [0, -5, 1_048_577, 2 ** 32, "128K"]],
    ["bandwidth", [-1, 1e30, "1M"]],
    ["burst", [-1, 1001, "2"]],
    ["reverse", ["yes", 2, {}, []]],
    ["udp", ["udp", 7]],
    ["authtoken", [1, {}, "x".repeat(5000)]],
  ];
  for (const [key, values] of wrong) {
    for (const value of values) {
      assertThrows(
        () => parseParameters({ [key]: value }),
        Iperf3Error,
        key,
      );
    }
  }
  for (const value of [null, 1, "text", [], true]) {
    assertThrows(() => parseParameters(value), Iperf3Error);
  }
  assertThrows(() => parseParameters({ udp: true, len: 15 }), Iperf3Error);
  assertThrows(() => parseParameters({ udp: true, len: 65_508 }), Iperf3Error);
  assertThrows(() => parseParameters({ sctp: true }), Iperf3Error, "SCTP");
});

Deno.test("parseParameters() lists what Deno cannot set", () => {
  const { ignored } = parseParameters({ window: 65_536, TOS: 16, title: "x" });
  assertEquals(ignored, ["window", "TOS"]);
});

/** Results as a receiver before 3.14 sends them. */
const RESULTS = {
  cpu_util_total: 12.5,
  cpu_util_user: 2.5,
  cpu_util_system: 10,
  sender_has_retransmits: UNSIGNED_MINUS_ONE,
  streams: [{
    id: 1,
    bytes: 1000,
    retransmits: UNSIGNED_MINUS_ONE,
    jitter: 0.001,
    errors: 2,
    packets: 10,
  }],
};

Deno.test("parseResults() reads 2^64 - 1 as -1, and fills in what is new", () => {
  const { hasRetransmits, streams: [stream] } = parseResults(RESULTS, [1]);
  assertEquals([hasRetransmits, stream!.retransmits], [-1, -1]);
  assertEquals(stream!.arrivals, null);
  assertEquals(stream!.omittedErrors, 0);
});

Deno.test("parseResults() reads what formatResults() writes", () => {
  const results = parseResults(RESULTS, [1]);
  results.streams[0]!.arrivals = { received: 8, reordered: 1, duplicate: 0 };
  const written = JSON.parse(JSON.stringify(formatResults(results)));
  assertEquals(parseResults(written, [1]), results);
});

Deno.test("parseResults() rejects wrong types, unknown and repeated streams", () => {
  const [stream] = RESULTS.streams;
  const wrong: object[] = [
    { streams: {} },
    { streams: [stream, stream] },
    { streams: [{ ...stream, id: 2 }] },
    { streams: [{ ...stream, id: "1" }] },
    { streams: [{ ...stream, bytes: -7 }] },
    { streams: [{ ...stream, bytes: 1e300 }] },
    { streams: [{ ...stream, jitter: "0" }] },
    { streams: [{ ...stream, packets: undefined }] },
    { streams: [{ ...stream, received: "1", reordered: 0, duplicate: 0 }] },
    { streams: [null] },
    { streams: Array(1000).fill(stream) },
    { cpu_util_total: "all" },
    { sender_has_retransmits: undefined },
    { server_output_text: 5 },
  ];
  for (const part of wrong) {
    assertThrows(
      () => parseResults({ ...RESULTS, ...part }, [1]),
      Iperf3Error,
    );
  }
  assertEquals(parseResults({ ...RESULTS, streams: [] }, [1]).streams, []);
});
