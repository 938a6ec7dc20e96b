/** Our clients against servers made of ncat, socat and the shell. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  Program,
  run,
  runHere,
  script,
  serveHere,
  type Server,
} from "../programs.ts";
import {
  fileFlags,
  interopTest,
  serveNcat,
  serveSocat,
  serveSocatUnix,
  withSocketPath,
} from "./programs.ts";

const TELL_TIME = "sh tests/interop/programs/time_server.sh";
const MEASURE = "sh tests/interop/programs/course_server.sh";
const CTIME_AND_OFFSET =
  /^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\nclock offset [+-]\S+ (us|ms|s), \+- \S+ (ms|s)\n$/;
/** ncat gets stuck on more than the pipes of its command hold, 64 KB each. */
const MIDDLING = "a".repeat(32_768);
const LONG = "a".repeat(500_000);

const CONVERSATIONS: {
  needs: "ncat" | "socat";
  title: string;
  server: () => Promise<Server>;
  client: [name: string, ...args: string[]];
  stdin?: string;
  code?: number;
  stdout: string | RegExp;
  stderr?: RegExp;
}[] = [
  {
    needs: "ncat",
    title: "tcp_client gets its answers from sed behind ncat",
    server: () => serveNcat("-k", "--sh-exec", "sed -u 's/.*/\\U&/'"),
    client: ["tcp_client"],
    stdin: "one\ntwo\n",
    stdout: "ONE\nTWO\n",
  },
  {
    needs: "socat",
    title: "tcp_client gets its answers from tr on a terminal behind socat",
    server: () => serveSocat("TCP-LISTEN", "EXEC:tr a-z A-Z,pty,rawer,stderr"),
    client: ["tcp_client"],
    stdin: "one\ntwo\n",
    stdout: "ONE\nTWO\n",
  },
  {
    needs: "socat",
    title: "tcp_client gives up on tr, which answers when its input ends",
    server: () => serveSocat("TCP-LISTEN", "EXEC:tr a-z A-Z"),
    client: ["tcp_client", "--timeout", "500ms", "hello"],
    code: 1,
    stdout: "",
    stderr: /^tcp-client: Cannot get a reply [^\n]*Timed out[^\n]*\n$/,
  },
  {
    needs: "socat",
    title: "tcp_client gets a long sentence back from socat's echo",
    server: () => serveSocat("TCP-LISTEN", "PIPE"),
    client: ["tcp_client"],
    stdin: `${LONG}\nshort\n`,
    stdout: `${LONG}\nshort\n`,
  },
  {
    needs: "ncat",
    title: "tcp_client gets 32 KB back from cat behind ncat",
    server: () => serveNcat("-k", "--sh-exec", "cat"),
    client: ["tcp_client"],
    stdin: `${MIDDLING}\nshort\n`,
    stdout: `${MIDDLING}\nshort\n`,
  },
  {
    needs: "ncat",
    title: "tcp_client says that ncat closed without an answer",
    server: () => serveNcat("-k", "--sh-exec", "read -r line"),
    client: ["tcp_client", "hello"],
    code: 1,
    stdout: "",
    stderr: /^tcp-client: No reply from \S+: it closed the connection\n$/,
  },
  {
    needs: "socat",
    title: "udp_client gets its answers from tr behind socat",
    server: () => serveSocat("UDP-RECVFROM", "EXEC:tr a-z A-Z"),
    client: ["udp_client", "--timeout", "5s"],
    stdin: "one\ntwo\n",
    stdout: "ONE\nTWO\n",
  },
  {
    needs: "socat",
    title: "udp_client gets its sentences back from socat's echo",
    server: () => serveSocat("UDP-LISTEN", "PIPE"),
    client: ["udp_client", "--timeout", "5s"],
    stdin: "one\ntwo\n",
    stdout: "one\ntwo\n",
  },
  {
    needs: "ncat",
    title: "udp_client gets its answer from cat behind ncat",
    server: () => serveNcat("--udp", "--sh-exec", "cat"),
    client: ["udp_client", "--timeout", "5s", "hello"],
    stdout: "hello\n",
  },
  {
    needs: "ncat",
    title: "hello_client is greeted by a shell behind ncat",
    server: () => serveNcat("-k", "--sh-exec", "read -r hi; echo hello $hi"),
    client: ["hello_client"],
    stdout: "hello hi\n",
  },
  {
    needs: "ncat",
    title: "time_client reads the date behind ncat",
    server: () => serveNcat("-k", "--sh-exec", TELL_TIME),
    client: ["time_client"],
    stdout: CTIME_AND_OFFSET,
  },
  {
    needs: "ncat",
    title: "time_client reads the date behind ncat in UTC and ISO 8601",
    server: () => serveNcat("-k", "--sh-exec", "date -u +%FT%TZ"),
    client: ["time_client"],
    stdout: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\nclock offset [^\n]+\n$/,
  },
  {
    needs: "socat",
    title: "time_client reads the date behind socat",
    server: () => serveSocat("TCP-LISTEN", `EXEC:${TELL_TIME}`),
    client: ["time_client"],
    stdout: CTIME_AND_OFFSET,
  },
  {
    needs: "socat",
    title: "time_client says what is no time",
    server: () => serveSocat("TCP-LISTEN", "EXEC:echo noon"),
    client: ["time_client"],
    code: 1,
    stdout: "",
    stderr: /^time-client: The reply from \S+ is not a time: "noon\\n"\n$/,
  },
  {
    needs: "socat",
    title: "measure_client says that an echo does not measure",
    server: () => serveSocat("TCP-LISTEN", "PIPE"),
    client: ["measure_client"],
    code: 1,
    stdout: /"ended": "failed"/,
    stderr: /^measure-client: [^\n]* the peer is an echo server: [^\n]*\n$/,
  },
  {
    needs: "socat",
    title: "measure_client --lenient says that an echo does not measure",
    server: () => serveSocat("TCP-LISTEN", "PIPE"),
    client: ["measure_client", "--lenient"],
    code: 1,
    stdout: /"ended": "failed"/,
    stderr: /^measure-client: [^\n]* the peer is an echo server: [^\n]*\n$/,
  },
];

for (const conversation of CONVERSATIONS) {
  const { needs, title, server, client, stdin } = conversation;
  interopTest([needs], title, async () => {
    await using running = await server();
    const [name, ...words] = client;
    const target = name === "measure_client"
      ? ["rtt", running.address, "--json"]
      : [running.address];
    const { code, stdout, stderr } = stdin === undefined
      ? await runHere(name, ...target, ...words)
      : await run(script(name, [...target, ...words]), stdin);
    assertMatch(stderr, conversation.stderr ?? /^$/);
    assertEquals(code, conversation.code ?? 0);
    const expected = conversation.stdout;
    if (typeof expected === "string") {
      assert(stdout === expected, `got ${JSON.stringify(stdout)}`);
    } else assertMatch(stdout, expected);
  });
}

interopTest(
  ["socat"],
  "time_client --udp reads the date behind socat",
  async () => {
    await using server = await serveSocat("UDP-RECVFROM", `EXEC:${TELL_TIME}`);
    const { code, stdout, stderr } = await runHere(
      "time_client",
      ...["--udp", server.address],
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(stdout, CTIME_AND_OFFSET);
  },
);

interopTest(["ncat"], "tcp_client talks with who sits at ncat", async () => {
  await using person = await serveNcat();
  await using client = new Program(script("tcp_client", [person.address]));
  await client.write("who is there\n");
  await person.heard(/^who is there\n$/);
  await person.write("nobody\n");
  await client.heard(/^nobody\n$/);
  await client.write("good\n");
  await person.heard(/\ngood\n$/);
  await person.write("bye\n");
  await client.heard(/\nbye\n$/);
  await client.closeInput();
  const { code, stderr } = await client.ended();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals((await person.ended()).code, 0);
});

const MEASURED: {
  needs: "ncat" | "socat";
  title: string;
  server: () => Promise<Server>;
}[] = [
  {
    needs: "ncat",
    title: "a shell behind ncat",
    server: () => serveNcat("-k", "--sh-exec", MEASURE),
  },
  {
    needs: "socat",
    title: "a shell behind socat",
    server: () => serveSocat("TCP-LISTEN", `EXEC:${MEASURE}`),
  },
];

for (const { needs, title, server } of MEASURED) {
  for (const [mode, size] of [["rtt", "100"], ["tput", "8192"]]) {
    interopTest(
      [needs],
      `measure_client ${mode} measures ${title}`,
      async () => {
        await using running = await server();
        await assertMeasures([mode!, running.address, "--size", size!]);
      },
    );
  }
}

interopTest(
  ["socat"],
  "measure_client measures through a relay of socat's",
  async () => {
    await using server = await serveHere("measure_server");
    await using relay = await serveSocat(
      "TCP-LISTEN",
      `TCP:${server.address}`,
    );
    await assertMeasures(["tput", relay.address, "--size", "64K"]);
    await assertMeasures(["rtt", relay.address, "--size", "1M"]);
  },
);

interopTest(
  ["socat"],
  "udp_client gets its answers through a relay of socat's",
  async () => {
    await using server = await serveHere("udp_server");
    await using relay = await serveSocat("UDP-LISTEN", `UDP:${server.address}`);
    const { code, stdout, stderr } = await run(
      script("udp_client", [relay.address, "--timeout", "5s"]),
      "one\ntwo\n",
    );
    assertEquals({ code, stdout, stderr }, {
      code: 0,
      stdout: "ONE\nTWO\n",
      stderr: "",
    });
  },
);

interopTest(
  ["socat"],
  "tcp_client and measure_client reach socat's Unix socket",
  () =>
    withSocketPath(async (path) => {
      const flags = ["--allow-net", ...fileFlags(path)];
      {
        await using _echo = await serveSocatUnix(path, "PIPE");
        const { code, stdout, stderr } = await run(
          script("tcp_client", [`unix:${path}`], flags),
          "one\ntwo\n",
        );
        assertEquals({ code, stdout, stderr }, {
          code: 0,
          stdout: "one\ntwo\n",
          stderr: "",
        });
      }
      await Deno.remove(path); // it is left by who is killed
      await using _server = await serveSocatUnix(path, `EXEC:${MEASURE}`);
      await assertMeasures(["rtt", `unix:${path}`], flags);
    }),
);

async function assertMeasures(args: string[], flags?: string[]): Promise<void> {
  const words = [...args, "--json"];
  const { code, stdout, stderr } = flags
    ? await run(script("measure_client", words, flags))
    : await runHere("measure_client", ...words);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const { probes, rtt_us, quality } = JSON.parse(stdout);
  assertEquals(probes, { sent: 10, received: 10, lost: 0, warmup: 5 });
  assert(rtt_us.count === 10 && rtt_us.min > 0, stdout);
  const tolerated = quality.notes
    .filter((note: string) => note.startsWith("tolerated"));
  assertEquals(tolerated, []);
}
