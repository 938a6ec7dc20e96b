import { assertEquals } from "@std/assert";
import type { ThroughputClient } from "../../lib/iperf3/client.ts";
import { writeHeader } from "../../lib/iperf3/datagrams.ts";
import type { StreamResult } from "../../lib/iperf3/results.ts";
import type { Flow } from "../../lib/iperf3/flow.ts";
import {
  throughputResult,
  type ThroughputSetup,
} from "../../lib/result/throughput_builder.ts";
import { checkedResult } from "../../lib/result/schema.ts";
import { testClient } from "../iperf3/peers.ts";

const SAID: StreamResult = {
  id: 1,
  bytes: 900,
  retransmits: -1,
  jitterSec: 0.001,
  errors: 0,
  packets: 0,
  omittedErrors: 0,
  omittedPackets: 0,
  seconds: 2,
  arrivals: null,
};

const ADDR = { transport: "tcp", hostname: "192.0.2.1", port: 1 } as const;

/** A client with one flow that moves nothing by itself. */
function clientWith(way: { reverse?: boolean }, move: (flow: Flow) => void) {
  const client = testClient(1, { udp: true, len: 16, ...way });
  move(client.transfer.addFlow({
    localAddr: ADDR,
    remoteAddr: ADDR,
    write: () => Promise.resolve(0),
    close: () => {},
  }));
  return client;
}

/** The result of one flow, which the other side describes. */
function resultOf(
  client: ThroughputClient,
  said: Partial<StreamResult> | null,
) {
  if (said !== null) {
    client.results = {
      processor: { total: 1, user: 1, system: 0 },
      hasRetransmits: 0,
      serverOutput: null,
      streams: [{ ...SAID, ...said }],
    };
  }
  const setup: ThroughputSetup = {
    target: "192.0.2.1:5201",
    started: new Date(0),
    client,
    options: { given: {}, used: {} },
    thresholds: [],
  };
  const result = throughputResult(setup);
  assertEquals<unknown>(checkedResult(result), result);
  return result.directions[0]!.datagrams!;
}

/** A flow that sent so many datagrams, of which some in the start left out. */
function sender(sent: number, omitted = 0): ThroughputClient {
  return clientWith({}, (flow) => {
    flow.sent = omitted;
    flow.base = flow.total();
    flow.sent = sent;
  });
}

/** A flow that received those numbers, the first of them in the start. */
function receiver(
  numbers: number[],
  omitted: number[] = [],
): ThroughputClient {
  return clientWith({ reverse: true }, (flow) => {
    const datagram = new Uint8Array(16);
    const add = (number: number) => {
      writeHeader(datagram, 0, number, false);
      flow.counts!.add(datagram, 0);
    };
    omitted.forEach(add);
    flow.base = flow.total();
    numbers.forEach(add);
  });
}

Deno.test("throughputResult() counts losses by what each side says", () => {
  const cases: [
    string,
    ThroughputClient,
    Partial<StreamResult> | null,
    (number | null)[],
  ][] = [
    // sent, received, lost
    ["no results", sender(100), null, [100, null, null]],
    ["iperf3 has all", sender(100), { packets: 100 }, [100, null, 0]],
    ["a gap", sender(100), { packets: 100, errors: 3 }, [100, null, 3]],
    ["the tail", sender(100), { packets: 90, errors: 1 }, [100, null, 11]],
    ["3.12 with a start left out", sender(200, 100), {
      packets: 200,
      errors: 2,
    }, [100, null, 2]],
    ["3.14, likewise", sender(200, 100), {
      packets: 200,
      errors: 7,
      omittedErrors: 5,
      omittedPackets: 100,
    }, [100, null, 2]],
    ["our server", sender(100), {
      arrivals: { received: 97, reordered: 1, duplicate: 2 },
    }, [100, 97, 3]],
    ["received all", receiver([1, 2, 3]), { packets: 3 }, [3, 3, 0]],
    ["received, with a gap", receiver([1, 3]), { packets: 3 }, [3, 2, 1]],
    ["received, without the tail", receiver([1]), { packets: 3 }, [3, 1, 2]],
    ["received a copy", receiver([1, 3, 3]), { packets: 3 }, [3, 2, 1]],
    ["received after a start", receiver([4, 6], [1, 3]), { packets: 6 }, [
      3,
      2,
      1,
    ]],
  ];
  for (const [name, client, said, expected] of cases) {
    const { sent, received, lost } = resultOf(client, said);
    assertEquals([name, sent, received, lost], [name, ...expected]);
  }
});
