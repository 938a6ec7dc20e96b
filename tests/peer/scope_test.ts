import { assertEquals } from "@std/assert";
import { mayTell, parseNumeric, scopeOf } from "../../lib/peer/scope.ts";
import { pureTest as test } from "../testing.ts";

test("scopeOf() tells this machine, private networks and the public one apart", () => {
  const hosts: [scope: 0 | 1 | 2 | null, hosts: string][] = [
    [0, "127.0.0.1 127.255.255.254 ::1"],
    [1, "10.0.0.1 172.16.0.1 172.31.255.1 192.168.1.1 169.254.1.1"],
    [1, "100.64.0.1 100.127.0.1 fe80::1 febf::1 fc00::1 fdff::1"],
    [2, "8.8.8.8 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 2001:db8::1"],
    [2, "128.0.0.1 192.167.0.1 169.253.1.1 3fff::1"],
    [null, "0.0.0.0 0.1.2.3 224.0.0.1 255.255.255.255 240.0.0.1"],
    [null, ":: ::2 ff02::1 64:ff9b::1 4000::1 fec0::1"],
    [
      null,
      "localhost example.com 1.2.3 1.2.3.256 0x7f.1 2130706433 01.2.3.4",
    ],
  ];
  for (const [scope, list] of hosts) {
    for (const host of list.split(" ")) {
      assertEquals(scopeOf(host), scope, host);
    }
  }
  assertEquals(scopeOf(""), null);
});

test("parseNumeric() takes numeric addresses, each in one form", () => {
  const good = {
    "192.0.2.1:1": "192.0.2.1:1",
    "[2001:DB8:0:0::01]:65535": "[2001:db8::1]:65535",
    "[::1]:5000": "[::1]:5000",
    "[::ffff:127.0.0.1]:5": "127.0.0.1:5",
  };
  for (const [text, address] of Object.entries(good)) {
    assertEquals(parseNumeric(text)?.address, address);
  }
  assertEquals(parseNumeric("[::1]:5000")!.hostname, "::1");
  const bad = [
    ...["", "192.0.2.1", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:05"],
    ...["host:1", "localhost:1", "::1:1", "[192.0.2.1]:1", "[::1]", "[x]:1"],
    ...["0.0.0.0:1", "[::]:1", "[fe80::1%eth0]:1", "[::ffff:7f00:1]:1"],
    ...["192.0.2.1:1/x", "u@192.0.2.1:1", "192.0.2.1:1 ", "unix:/x"],
  ];
  for (const address of bad) {
    assertEquals(parseNumeric(address), null, address);
  }
});

test("mayTell() takes no address that is closer than its teller", () => {
  const hosts = ["127.0.0.1", "192.168.1.2", "198.51.100.1"];
  const allowed = hosts.map((teller) =>
    hosts.map((host) => mayTell(host, teller))
  );
  assertEquals(allowed, [
    [true, true, true],
    [false, true, true],
    [false, false, true],
  ]);
  assertEquals(mayTell("192.0.2.1", "unknown"), false);
  assertEquals(mayTell("example.com", "127.0.0.1"), false);
});
