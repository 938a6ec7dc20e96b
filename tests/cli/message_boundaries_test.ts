import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  datagramBoundaries,
  streamBoundaries,
} from "../../lib/cli/message_boundaries.ts";
import { bytes, openDatagrams } from "../fixtures.ts";
import { connectTo, inTime, listen } from "./comparisons.ts";

const TIMEOUT_MS = 30_000;
const MESSAGES = ["one", "three", "two"].map(bytes);
const LENGTHS = [3, 5, 3];

Deno.test({
  name: "streamBoundaries() reads at once what was written in three calls",
  timeout: TIMEOUT_MS,
  async fn() {
    for (let run = 0; run < 10; run++) {
      const listener = listen();
      const found = await streamBoundaries(listener, connectTo, MESSAGES);
      assertEquals(found, { sent: LENGTHS, received: [11] });
      await assertRejects(() => listener.accept(), Deno.errors.BadResource);
    }
  },
});

Deno.test({
  name: "streamBoundaries() of one message, and of none",
  timeout: TIMEOUT_MS,
  async fn() {
    const of = (messages: Uint8Array[]) =>
      streamBoundaries(listen(), connectTo, messages);
    assertEquals(await of([bytes("whole")]), { sent: [5], received: [5] });
    assertEquals(await of([]), { sent: [], received: [] });
  },
});

Deno.test({
  name: "streamBoundaries() closes its listener if it cannot connect",
  timeout: TIMEOUT_MS,
  async fn() {
    const listener = listen();
    await assertRejects(
      () =>
        inTime(() =>
          streamBoundaries(
            listener,
            () => Promise.reject(new Deno.errors.ConnectionRefused()),
            MESSAGES,
          )
        ),
      Deno.errors.ConnectionRefused,
    );
  },
});

Deno.test({
  name: "datagramBoundaries() receives as many as were sent, each whole",
  timeout: TIMEOUT_MS,
  async fn() {
    for (let run = 0; run < 10; run++) {
      assertEquals(await datagramBoundaries(openDatagrams, MESSAGES), {
        sent: LENGTHS,
        received: LENGTHS,
      });
    }
  },
});

Deno.test({
  name: "datagramBoundaries() receives an empty datagram too",
  timeout: TIMEOUT_MS,
  async fn() {
    const messages = [bytes("a"), bytes(""), bytes("bc")];
    const found = await datagramBoundaries(openDatagrams, messages);
    assertEquals(found, { sent: [1, 0, 2], received: [1, 0, 2] });
    assertEquals(await datagramBoundaries(openDatagrams, []), {
      sent: [],
      received: [],
    });
  },
});

/** Opens sockets, the sender's of which does something else than send. */
function opening(
  send: (
    send: (bytes: Uint8Array, to: Deno.Addr) => Promise<number>,
    bytes: Uint8Array,
    to: Deno.Addr,
  ) => Promise<number>,
) {
  const opened: Deno.DatagramConn[] = [];
  const open = () => {
    const socket = openDatagrams();
    const usual = socket.send.bind(socket);
    socket.send = (bytes, to) => send(usual, bytes, to);
    opened.push(socket);
    return socket;
  };
  return { open, opened };
}

Deno.test({
  name: "datagramBoundaries() lacks a datagram that was lost, in bounded time",
  timeout: TIMEOUT_MS,
  async fn() {
    for (const lost of [3, 5]) {
      const { open } = opening((send, bytes, to) =>
        bytes.length === lost ? Promise.resolve(lost) : send(bytes, to)
      );
      const { sent, received } = await inTime(() =>
        datagramBoundaries(open, MESSAGES)
      );
      assertEquals(sent, LENGTHS);
      assertEquals(received, LENGTHS.filter((length) => length !== lost));
    }
  },
});

Deno.test({
  name: "datagramBoundaries() closes both sockets if sending fails",
  timeout: TIMEOUT_MS,
  async fn() {
    const { open, opened } = opening(() =>
      Promise.reject(new Deno.errors.PermissionDenied("no"))
    );
    await assertRejects(
      () => inTime(() => datagramBoundaries(open, MESSAGES)),
      Deno.errors.PermissionDenied,
    );
    const stillOpen = opened.filter((socket) => {
      try {
        socket.close();
        return true;
      } catch {
        return false;
      }
    });
    assert(stillOpen.length === 0, `${stillOpen.length} left open`);
  },
});
