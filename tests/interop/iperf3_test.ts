/** Debian's iperf3 as the client of our server, and as the server of our client. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { createHash, generateKeyPairSync } from "node:crypto";
import { encryptCredentials } from "../../lib/iperf3/auth.ts";
import { testClient } from "../iperf3/peers.ts";
import { ScratchFolder } from "../scratch.ts";
import {
  Program,
  type ProgramHere,
  run,
  runHere,
  serveHere,
  Server,
} from "../programs.ts";
import { freePort, interopTest } from "./programs.ts";

/**
 * The most datagrams lost of a stream. The rate is so low that no socket
 * overflows; but iperf3 does not count what arrives with the end of the test.
 */
const MAX_LOST = 2;
const FLAGS = ["--json", "--quiet"];
/** What Linux tells iperf3 of a connection, and not Deno. */
const TCP_INFO = [
  ...["retransmits", "snd_cwnd", "snd_wnd", "rtt", "rttvar", "pmtu"],
  ...["max_snd_cwnd", "max_snd_wnd", "max_rtt", "min_rtt", "mean_rtt"],
  ...["sender_tcp_congestion", "receiver_tcp_congestion"],
];

/** Starts `iperf3 -s`. */
async function serveIperf3(
  host: string,
  ...flags: string[]
): Promise<{ server: Server; port: number }> {
  const port = freePort("tcp");
  const server = new Server([
    ...["iperf3", "-s", "--forceflush", "-p", `${port}`, "-B", host, ...flags],
  ]);
  await server.heard(/Server listening/);
  return { server, port };
}

// deno-lint-ignore no-explicit-any
type Json = any;

/** Runs `iperf3 -c` to its end; gives its JSON. */
async function iperf3Client(
  { address, port }: ProgramHere,
  ...flags: string[]
): Promise<Json> {
  const host = address.startsWith("[::1]") ? "::1" : "127.0.0.1";
  const { stdout } = await run([
    ...["iperf3", "-c", host, "-p", port, "-J", ...flags],
  ]);
  return JSON.parse(stdout);
}

/** What iperf3 prints while data flows. */
const INTERVAL = /\bsec .*\/sec/;

/** Starts `iperf3 -c`, until data flows. */
async function startIperf3(
  { port }: ProgramHere,
  ...flags: string[]
): Promise<Program> {
  const client = new Program([
    ...["iperf3", "-c", "127.0.0.1", "-p", port, "-i", "0.1", "--forceflush"],
    ...flags,
  ]);
  await client.heard(INTERVAL);
  return client;
}

/** Runs our client to its end. */
async function ourClient(
  host: string,
  port: number,
  ...flags: string[]
): Promise<{ code: number; json: Json; stderr: string }> {
  const target = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const { code, stdout, stderr } = await runHere(
    "throughput_client",
    ...[target, ...FLAGS, ...flags],
  );
  return { code, json: stdout === "" ? null : JSON.parse(stdout), stderr };
}

const TRANSPORTS = [["tcp", []], ["udp", ["-u", "-b", "2M"]]] as const;
const WAYS = [[], ["-R"], ["--bidir"]];
const AMOUNTS = [
  ["-t", "1"],
  ["-t", "1", "-O", "1"],
  ["-n", "200K"],
  ["-k", "20"],
];

for (const [transport, flags] of TRANSPORTS) {
  for (const way of WAYS) {
    const name = `${transport} ${way[0] ?? "forward"}`;
    interopTest(
      ["iperf3"],
      `iperf3 measures with our server: ${name}`,
      async () => {
        await using server = await serveHere("throughput_server");
        for (const amount of AMOUNTS) {
          for (const parallel of ["1", "2"]) {
            const json = await iperf3Client(
              server,
              ...[...flags, ...way, ...amount, "-P", parallel, "-l", "1400"],
            );
            const what = [name, ...amount, parallel].join(" ");
            assertEquals(json.error, undefined, what);
            const { sum_sent, sum_received, sum, streams } = json.end;
            assertEquals(
              streams.length,
              Number(parallel) * (way[0] === "--bidir" ? 2 : 1),
            );
            if (transport === "tcp") {
              assert(sum_received.bytes > 0, what);
              // What iperf3 sent is received to the last byte.
              if (way.length === 0 && amount[0] !== "-t") {
                assertEquals(sum_received.bytes, sum_sent.bytes, what);
              }
            } else {
              assert(sum.packets > 0, what);
              const most = MAX_LOST * streams.length;
              assert(
                sum.lost_packets <= most,
                `${what} lost ${sum.lost_packets}`,
              );
            }
          }
        }
      },
    );
    interopTest(
      ["iperf3"],
      `our client measures with iperf3: ${name}`,
      async () => {
        const { server, port } = await serveIperf3("127.0.0.1");
        await using _server = server;
        for (const [flag, value] of AMOUNTS) {
          for (const parallel of ["1", "2"]) {
            const omit = flag === "-t" && parallel === "2" ? ["-O", "1s"] : [];
            const { code, json, stderr } = await ourClient(
              "127.0.0.1",
              port,
              ...[...flags, ...way, flag!, flag === "-t" ? "1s" : value!],
              ...["-P", parallel, "-l", "1400", ...omit],
            );
            const what = [name, flag, parallel].join(" ");
            assertEquals(code, 0, `${what}: ${stderr}`);
            for (const [at, one] of json.directions.entries()) {
              const { sender, receiver, datagrams } = one;
              // Of two directions the first can end a test by its amount before
              // the second has begun.
              assert(sender.bytes > 0 || at > 0 && flag !== "-t", what);
              assert(receiver.bytes >= 0, what);
              const most = MAX_LOST * Number(parallel);
              if (datagrams) {
                assert(
                  datagrams.lost <= most,
                  `${what} lost ${datagrams.lost}`,
                );
              }
            }
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
        }
      },
    );
  }
}

/** The keys of an object and the types of their values, at any depth. */
function shape(value: Json, path = ""): string[] {
  if (Array.isArray(value)) {
    return value.slice(0, 1).flatMap((one) => shape(one, `${path}[]`));
  }
  if (typeof value !== "object" || value === null) {
    return [`${path} ${typeof value}`];
  }
  return Object.entries(value)
    .filter(([key]) => !TCP_INFO.includes(key))
    .flatMap(([key, inner]) => shape(inner, `${path}.${key}`));
}

for (
  const flags of [[], ["-R"], ["-u"], ["-u", "-R"], ["--bidir"], [
    "-u",
    "--bidir",
  ]]
) {
  interopTest(
    ["iperf3"],
    `--iperf3-json has the keys and types of iperf3 -J: ${flags.join(" ")}`,
    async () => {
      const { server, port } = await serveIperf3("127.0.0.1");
      await using _server = server;
      const theirs = await run([
        ...[
          "iperf3",
          "-c",
          "127.0.0.1",
          "-p",
          `${port}`,
          "-J",
          "-t",
          "2",
          ...flags,
        ],
      ]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      const ours = await runHere(
        "throughput_client",
        ...[`127.0.0.1:${port}`, "--iperf3-json", "-t", "2s", ...flags],
      );
      assertEquals(
        [...new Set(shape(JSON.parse(ours.stdout)))].sort(),
        [...new Set(shape(JSON.parse(theirs.stdout)))].sort(),
      );
      const { end } = JSON.parse(ours.stdout);
      const { bytes, seconds, bits_per_second } = end.sum_sent;
      assert(bytes > 0 && seconds > 1.5 && seconds < 4);
      assert(Math.abs(bits_per_second - bytes * 8 / seconds) < 1);
    },
  );
}

interopTest(
  ["iperf3"],
  "iperf3 asks our server for its output, and finds it busy",
  async () => {
    await using server = await serveHere("throughput_server");
    await using first = await startIperf3(
      server,
      ...["-t", "3", "--get-server-output"],
    );
    const second = await iperf3Client(server, "-t", "1");
    assertMatch(second.error, /busy/);
    assertMatch((await first.ended()).stdout, /bytes received/);
  },
);

interopTest(
  ["iperf3"],
  "eight iperf3 clients at once get right counts with --concurrent 8",
  async () => {
    await using server = await serveHere(
      "throughput_server",
      ...["--concurrent", "8"],
    );
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        iperf3Client(
          server,
          ...["-n", `${(index + 1) * 50}K`, "-l", "1K"],
          ...(index % 2 === 0 ? [] : ["-u", "-b", "2M"]),
        )),
    );
    for (const [index, { error, end }] of outcomes.entries()) {
      const bytes = (index + 1) * 50 * 1024;
      assertEquals([index, error], [index, undefined]);
      assertEquals([index, end.sum_sent?.bytes ?? end.sum.bytes], [
        index,
        bytes,
      ]);
      if (index % 2 === 0) assertEquals(end.sum_received.bytes, bytes);
      // Eight programs start at once, and one socket queues for a short time.
      else assert(end.sum.lost_packets < end.sum.packets / 10, `${index}`);
    }
  },
);

interopTest(
  ["iperf3"],
  "our client and iperf3 survive a kill on either side",
  async () => {
    await using server = await serveHere("throughput_server");
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      await using client = await startIperf3(server, "-t", "30");
      client.signal(signal);
      await client.ended();
      const json = await iperf3Client(server, "-n", "100K");
      assertEquals(json.error, undefined);

      const theirs = await serveIperf3("127.0.0.1");
      const running = ourClient("127.0.0.1", theirs.port, "-t", "30s");
      await theirs.server.heard(INTERVAL);
      theirs.server.signal(signal);
      const { code, json: ours } = await running;
      assertEquals(code, 1);
      assertEquals(ours.ended, "failed");
      assert(ours.directions[0].sender.bytes > 0);
      await theirs.server[Symbol.asyncDispose]();
    }
  },
);

interopTest(["iperf3", "::1"], "iperf3 and we measure over IPv6", async () => {
  await using server = await serveHere("throughput_server", "--host", "::1");
  for (const flags of [[], ["-u"]]) {
    const json = await iperf3Client(server, "-t", "1", ...flags);
    assertEquals(json.error, undefined);
    const theirs = await serveIperf3("::1");
    const { code } = await ourClient("::1", theirs.port, "-t", "1s", ...flags);
    assertEquals(code, 0);
    await theirs.server[Symbol.asyncDispose]();
  }
});

interopTest(["iperf3"], "iperf3 and we accept each other's users", async () => {
  using folder = new ScratchFolder();
  const keys = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const publicKey = folder.file("public.pem", keys.publicKey);
  const hash = createHash("sha256").update("{ann}secret").digest("hex");
  const files = [
    ...["--rsa-private-key-path", folder.file("private.pem", keys.privateKey)],
    ...["--authorized-users-path", folder.file("users", `ann,${hash}\n`)],
  ];
  await using server = await serveHere("throughput_server", ...files);
  const theirs = await serveIperf3("127.0.0.1", ...files);
  await using _theirs = theirs.server;
  for (const password of ["secret", "wrong"]) {
    const isRight = password === "secret";
    const { stdout } = await run([
      ...["env", `IPERF3_PASSWORD=${password}`, "iperf3", "-c", "127.0.0.1"],
      ...["-p", server.port, "-J", "-n", "100K", "--username", "ann"],
      ...["--rsa-public-key-path", publicKey],
    ]);
    assertEquals(JSON.parse(stdout).error === undefined, isRight, stdout);
    const client = testClient(theirs.port, {
      num: 100_000,
      authtoken: encryptCredentials(
        { user: "ann", password },
        keys.publicKey,
        { pkcs1: true }, // 3.12 knows no other padding
      ),
    });
    const outcome = await client.run().then(() => true, (error) => {
      assertEquals(error.fault, "authentication");
      return false;
    });
    assertEquals(outcome, isRight);
  }
});
