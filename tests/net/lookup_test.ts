import { assert, assertEquals, assertRejects } from "@std/assert";
import { DatagramSocket } from "../../lib/net/datagram_socket.ts";
import { addressOf } from "../../lib/net/lookup.ts";

Deno.test({
  name: "addressOf() gives an IPv4 address back, without any permission",
  permissions: "none",
  async fn() {
    for (const address of ["127.0.0.1", "0.0.0.0", "192.0.2.255"]) {
      assertEquals(await addressOf(address), address);
    }
  },
});

Deno.test({
  name: "addressOf() writes an IPv6 address as sockets do",
  permissions: "none",
  async fn() {
    const cases = [
      ["::1", "::1"],
      ["0:0:0:0:0:0:0:1", "::1"],
      ["::", "::"],
      ["0:0::0", "::"],
      ["2001:DB8::A", "2001:db8::a"],
      ["2001:0db8:0000:0001::000a", "2001:db8:0:1::a"],
      ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
      ["FE80::1%eth0", "fe80::1%eth0"],
      ["fe80:0::0:1%2", "fe80::1%2"],
    ] as const;
    for (const [written, canonical] of cases) {
      assertEquals(await addressOf(written), canonical);
    }
  },
});

Deno.test("addressOf() writes ::1 as the source of a datagram has it", async () => {
  using socket = new DatagramSocket(
    Deno.listenDatagram({ transport: "udp", hostname: "::1", port: 0 }),
  );
  await socket.send(new Uint8Array(1), socket.local);
  const datagram = await socket.receive(4000);
  const address = await addressOf("0:0:0:0:0:0:0:1");
  assertEquals(address, datagram!.from.hostname);
});

Deno.test("addressOf() finds localhost on the loopback", async () => {
  const address = await addressOf("localhost");
  assert(/^127\.\d+\.\d+\.\d+$|^::1$/.test(address), address);
});

Deno.test("addressOf() prefers IPv4 for localhost, where servers listen", async () => {
  let hasIpv4 = true;
  try {
    using listener = Deno.listen({ hostname: "localhost", port: 0 });
    hasIpv4 = listener.addr.hostname !== "::1";
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrNotAvailable)) throw error;
  }
  const address = await addressOf("localhost");
  assert(!hasIpv4 || address.startsWith("127."), address);
});

Deno.test({
  name: "addressOf() finds nothing for a name that is none",
  // Whether there is a server of names or not, and a permission or not: RFC 6761.
  async fn() {
    await assertRejects(() => addressOf("no-such-host.invalid"), Error);
  },
});

Deno.test({
  name: "addressOf() looks up no name without permission for it",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    await assertRejects(() => addressOf("localhost"), Error);
  },
});
