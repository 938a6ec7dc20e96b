import { assert, assertEquals, assertRejects } from "@std/assert";
import { LocalServers } from "../../lib/cli/local_servers.ts";
import { streamFirstByte } from "../../lib/cli/first_byte.ts";
import { StampSession } from "../../lib/stamp/session.ts";
import { bytes, openDatagrams } from "../fixtures.ts";
import {
  dialTo,
  inTime,
  listen,
  ServersInScope,
  stampOptions,
} from "./comparisons.ts";

const TIMEOUT_MS = 30_000;

Deno.test({
  name: "LocalServers.close() ends what it started, also a client at work",
  timeout: TIMEOUT_MS,
  async fn() {
    const servers = new LocalServers();
    const course = servers.streams(listen());
    servers.streams(listen(), "iterative");
    servers.reflector(openDatagrams());
    using idle = await dialTo(course);
    await streamFirstByte(() => dialTo(course));
    await inTime(() => servers.close());
    assertEquals(await idle.readLine(), null);
    await assertRejects(() => dialTo(course), Deno.errors.ConnectionRefused);
    await servers.close();
  },
});

Deno.test({
  name: "LocalServers.streams() does what it is told to",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const addr = servers.streams(listen(), "concurrent", async (connection) => {
      await connection.writeAll(bytes("hello\n"));
    });
    using connection = await dialTo(addr);
    const line = await connection.readLine();
    assertEquals(new TextDecoder().decode(line!), "hello\n");
  },
});

Deno.test({
  name: "LocalServers.reflector() holds back no answer, however many there are",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { reflector } = servers.both();
    const { signal } = new AbortController();
    const session = new StampSession(openDatagrams, reflector, {
      ...stampOptions(signal),
      count: 3000,
    });
    let answered = 0;
    for await (const { rttMs } of session.samples()) {
      if (rttMs !== null) answered += 1;
    }
    assertEquals(answered, 3000);
  },
});

Deno.test({
  name: "LocalServers.reflector() loses answers if it is told to",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const reflector = servers.reflector(openDatagrams(), {
      impairment: {
        drop: 1,
        duplicate: 0,
        reorder: 0,
        delayMs: 0,
        jitterMs: 0,
        seed: 1,
      },
    });
    const { signal } = new AbortController();
    const session = new StampSession(
      openDatagrams,
      reflector,
      stampOptions(signal, 100),
    );
    for await (const { rttMs } of session.samples()) assert(rttMs === null);
  },
});
