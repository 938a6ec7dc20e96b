/**
 * A valid client of each server, whose every answer is checked: for servers
 * under load and under faults.
 *
 * @module
 */

import { ThroughputClient } from "../lib/iperf3/client.ts";
import { parseParameters } from "../lib/iperf3/parameters.ts";
import { DatagramSocket } from "../lib/net/datagram_socket.ts";
import { StampReplyReader, StampRequest } from "../lib/stamp/request.ts";
import { parseTime } from "../lib/text/time.ts";
import { bytes, openDatagrams, readToEnd, writeAll } from "./fixtures.ts";

/** An answer on TCP is wrong if it takes longer, in milliseconds. */
const PATIENCE_MS = 30_000;
/** A request over UDP is lost after this time, in milliseconds. */
const LOST_MS = 2000;
/** The times of servers whose clocks are set differ by this, in milliseconds. */
const CLOCK_STEP_MS = 3_600_000;
const hostname = "127.0.0.1";

/** An answer that is not the expected one. */
export class WrongAnswer extends Error {
  constructor(answer: string) {
    super(JSON.stringify(answer.slice(0, 200)));
  }
}

/**
 * Makes one request and checks that it gets exactly one correct answer.
 * `false`: no answer came, which UDP permits. It throws a
 * {@linkcode WrongAnswer}, or the error of a connection. Some hold a socket.
 */
export type Ask =
  & ((number: number) => Promise<boolean>)
  & Partial<Disposable>;

/** The valid client of each server, by its name; takes the server's port. */
export const VALID_CLIENTS: Record<string, (port: number) => Ask> = {
  hello: conversation(() => "hi\n", (answer) => answer === "hello\n"),
  tcp: conversation(
    (number) => `number ${number}\nand more\n`,
    (answer, number) => answer === `NUMBER ${number}\nAND MORE\n`,
  ),
  time: conversation(() => "", isNow),
  measure: conversation(
    (number) => {
      const probes = [1, 2, 3].map((sequence) =>
        `m ${sequence} ${pad(number)}`
      );
      return `s rtt 3 ${pad(number).length} 0\n${probes.join("\n")}\nt\n`;
    },
    (answer, number) =>
      answer ===
        `200 OK: Ready\n${
          [1, 2, 3].map((sequence) => `m ${sequence} ${pad(number)}\n`).join("")
        }200 OK: Closing Connection\n`,
  ),
  peer: conversation(
    (number) => {
      const id = String(number).padStart(32, "0");
      return `hello 2 ${id} 0 eve\nwelcome\nping ${number}\nbye leave\n`;
    },
    (answer, number) =>
      // It pings as well.
      /^hello 2 \w{32} \d+ \S+\nwelcome\npeers.*\npong (\d+)\n$/
        .exec(answer.replaceAll(/^ping .*\n/gm, ""))?.[1] === String(number),
  ),
  monitor: conversation(
    () =>
      `GET /api/targets HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`,
    (answer) =>
      /^HTTP\/1.1 200 OK\r\n[^]*"targets":[^]*\]\}(\r\n0\r\n\r\n)?$/
        .test(answer),
    { endsSide: false },
  ),
  throughput: throughputTest,
  udp: (port) =>
    datagrams(
      port,
      (number) => bytes(`number ${number}`),
      (answer, number) => text(answer) === `NUMBER ${number}`,
    ),
  "time-udp": (port) => async (number) => {
    // A source gets few replies a second.
    const ask = datagrams(
      port,
      () => new Uint8Array(26),
      (answer) => isNow(text(answer)),
    );
    try {
      return await ask(number);
    } finally {
      ask[Symbol.dispose]();
    }
  },
  stamp: (port) => {
    const request = new StampRequest({
      ...{ sizeBytes: 44, ssid: 7, format: "ntp", errorUs: null },
    });
    const reader = new StampReplyReader(request);
    return datagrams(
      port,
      (number) => {
        request.prepare(number, { seconds: 0, nanoseconds: 0 });
        return request.bytes;
      },
      (answer, number) =>
        reader.take(answer) && reader.senderSequence === number,
    );
  },
};

function pad(number: number): string {
  return String(number).padStart(64, "x");
}

function text(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}

/** Whether a time is now, by the clock or by one that was set. */
function isNow(answer: string): boolean {
  const now = new Date();
  const time = parseTime(bytes(answer), now);
  if (time === null || !answer.endsWith("\r\n")) return false;
  return [0, CLOCK_STEP_MS].some((stepMs) => {
    const behindMs = now.getTime() + stepMs - time.fromMs;
    return behindMs > -1000 && behindMs < 1000 + PATIENCE_MS;
  });
}

/** Sends all, ends its side, and reads all until the server ends its own. */
function conversation(
  request: (number: number) => string,
  isCorrect: (answer: string, number: number) => boolean,
  { endsSide = true } = {},
): (port: number) => Ask {
  return (port) => async (number) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    using conn = await Deno.connect({ hostname, port, signal });
    const close = () => conn[Symbol.dispose]();
    signal.addEventListener("abort", close);
    try {
      const reading = readToEnd(conn);
      reading.catch(() => {}); // so does writing
      await writeAll(conn, bytes(request(number)));
      if (endsSide) await conn.closeWrite();
      const answer = text(await reading);
      if (!isCorrect(answer, number)) throw new WrongAnswer(answer);
      return true;
    } finally {
      signal.removeEventListener("abort", close);
    }
  };
}

/** A socket that is replaced after a loss, so that no late answer is taken. */
function datagrams(
  port: number,
  request: (number: number) => Uint8Array,
  isCorrect: (answer: Uint8Array, number: number) => boolean,
): Ask & Disposable {
  let socket = new DatagramSocket(openDatagrams());
  const ask = async (number: number) => {
    await socket.send(request(number), { hostname, port });
    const answer = await socket.receiveFrom({ hostname, port }, LOST_MS);
    if (answer === null) {
      socket[Symbol.dispose]();
      socket = new DatagramSocket(openDatagrams());
      return false;
    }
    if (!isCorrect(answer, number)) throw new WrongAnswer(text(answer));
    return true;
  };
  return Object.assign(ask, {
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  });
}

/** A test in which 64 KiB are sent. */
function throughputTest(port: number): Ask {
  return async () => {
    const num = 65_536;
    const client = new ThroughputClient({
      connect: () => Deno.connect({ hostname, port }),
    }, { parameters: parseParameters({ num, len: 16_384 }) });
    await client.run();
    const received = client.results?.streams[0]?.bytes;
    if (received !== num) throw new WrongAnswer(`${received} of ${num} bytes`);
    return true;
  };
}
