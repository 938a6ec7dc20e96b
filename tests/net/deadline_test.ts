import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { openWithin } from "../../lib/net/deadline.ts";
import { dial, socketPair } from "../fixtures.ts";

const LIMIT = { timeout: 5000 };

Deno.test(
  "openWithin() gives the connection that is open in time",
  LIMIT,
  async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using conn = await openWithin(dial(listener), 4000);
    assertEquals(conn.remoteAddr.port, listener.addr.port);
  },
);

Deno.test(
  "openWithin() passes on why a connection cannot be opened",
  LIMIT,
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { addr } = listener;
    listener.close();
    await assertRejects(
      () => openWithin(dial({ addr }), 4000),
      Deno.errors.ConnectionRefused,
    );
  },
);

Deno.test(
  "openWithin() closes a connection that is open after the deadline",
  LIMIT,
  async () => {
    const opening = Promise.withResolvers<Deno.TcpConn>();
    await assertRejects(
      () => openWithin(opening.promise, 1),
      Deno.errors.TimedOut,
      "within 1 ms",
    );
    const [late, peer] = await socketPair();
    opening.resolve(late);
    using _ = peer;
    assertEquals(await peer.read(new Uint8Array(1)), null);
  },
);

Deno.test(
  "openWithin() rejects with the reason of an abort",
  LIMIT,
  async () => {
    const reason = new Error("interrupted");
    const stop = new AbortController();
    const opening = Promise.withResolvers<Deno.TcpConn>();
    const rejected = openWithin(opening.promise, 4000, stop.signal)
      .then(() => null, (error) => error);
    stop.abort(reason);
    assertStrictEquals(await rejected, reason);

    const already = await openWithin(opening.promise, 4000, stop.signal)
      .then(() => null, (error) => error);
    assertStrictEquals(already, reason);
    opening.reject(new Error("a failure nobody waits for any more"));
  },
);
