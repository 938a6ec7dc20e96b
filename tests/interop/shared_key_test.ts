/** The shared key, with Python's own hmac on the other side. */

import { assertEquals, assertMatch } from "@std/assert";
import { run, script, serve, Server } from "../programs.ts";
import { SECRET } from "../shared_key.ts";
import { interopTest, python } from "./programs.ts";

const SESSION = "s rtt 1 5 0\nm 1 hello\nt\n";
const ANSWERS = "200 OK: Ready\nm 1 hello\n200 OK: Closing Connection\n";
const SETUP_ERROR = "404 ERROR: Invalid Connection Setup Message\n";

/** One of our programs with the key in its environment. */
const withKey = (line: string, ...args: string[]) => [
  ...["env", `ROUNDTRIP_KEY=${SECRET}`],
  ...script(line, args),
];

for (const [secret, answers] of [[SECRET, ANSWERS], ["other", SETUP_ERROR]]) {
  interopTest(
    ["python3"],
    `measure_server with a shared key answers Python with the key "${secret}"`,
    async () => {
      await using server = await serve(withKey("measure_server --port 0"));
      const { code, stdout, stderr } = await run(
        python("shared_key_client", ...server.hostAndPort, "measure"),
        `${secret}\n${SESSION}`,
      );
      assertEquals([code, stdout, stderr], [0, answers, ""]);
    },
  );
}

for (const secret of [SECRET, "other"]) {
  interopTest(
    ["python3"],
    `measure_client with a shared key and Python with the key "${secret}"`,
    async () => {
      await using server = new Server(python("shared_key_server"));
      await server.write(`${secret}\n`);
      const [, address] = await server.heard(/^listening tcp (\S+)$/m);
      const { code, stdout, stderr } = await run(
        withKey("measure_client rtt", address!, "--json"),
      );
      const { probes, error = "" } = JSON.parse(stdout);
      const isSame = secret === SECRET;
      assertEquals([code, probes.received], isSame ? [0, 10] : [1, 0]);
      assertMatch(
        error,
        isSame ? /^$/ : /rejected our proof of the shared key/,
      );
      assertEquals(stderr.includes(error), true);
    },
  );
}

interopTest(
  ["python3"],
  "peer with a shared key is joined by Python with the same key",
  async () => {
    const id = `${"0".repeat(31)}1`;
    await using peer = await serve(
      withKey("peer --port 0 --name ada --host 127.0.0.1"),
    );
    const { code, stdout, stderr } = await run(
      python("shared_key_client", ...peer.hostAndPort, "peer"),
      `${SECRET}\nhello 2 ${id} 0 eve\nwelcome\nsay hi\nbye leave\n`,
    );
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^hello 2 [0-9a-f]{32} \d+ ada\n/);
    await peer.heard(/^eve: hi$/m);
  },
);
