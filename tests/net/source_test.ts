import { assertEquals } from "@std/assert";
import {
  isLoopback,
  prefixOf,
  SourceLimit,
  sourceOf,
} from "../../lib/net/source.ts";
import { pureTest as test } from "../testing.ts";

test("sourceOf() counts IPv6 hosts by their network", () => {
  const sources = {
    "192.0.2.1": "192.0.2.1",
    "2001:db8::1": "2001:db8:0:0",
    "2001:db8:0:0:5:0:0:1": "2001:db8:0:0",
    "2001:db8:0:0:5::": "2001:db8:0:0",
    "2001:0:0:1:5:6:7:8": "2001:0:0:1",
    "2001:0:0:1::5": "2001:0:0:1",
    "fe80::1": "fe80:0:0:0",
    "fe80::1%eth0": "fe80:0:0:0",
    "::ffff:192.0.2.1": "192.0.2.1",
  };
  assertEquals(Object.keys(sources).map(sourceOf), Object.values(sources));
});

test("prefixOf() counts /24 and /56 networks", () => {
  const prefixes = {
    "192.0.2.1": "192.0.2",
    "::ffff:192.0.2.200": "192.0.2",
    "2001:db8:0:1234::1": "2001:db8:0:18",
    "2001:db8:0:12ff::1": "2001:db8:0:18",
    "2001:db8::1": "2001:db8:0:0",
  };
  assertEquals(Object.keys(prefixes).map(prefixOf), Object.values(prefixes));
});

test("isLoopback() is true for this machine only", () => {
  const hosts = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"];
  assertEquals(hosts.map(isLoopback), [true, true, true, true]);
  const others = [
    "10.0.0.1",
    "::",
    "::ffff:10.127.0.1",
    "fe80::1",
    "128.0.0.1",
  ];
  assertEquals(others.map(isLoopback), others.map(() => false));
});

test("SourceLimit exempts loopback and Unix sockets unless it is given", () => {
  const from = (hostname: string): Deno.NetAddr => ({
    transport: "tcp",
    hostname,
    port: 50_000,
  });
  const unix: Deno.UnixAddr = { transport: "unix", path: "/run/s" };
  const entered = (limit: SourceLimit, address: Deno.Addr) =>
    Array.from({ length: 100 }, () => limit.enter(address))
      .filter((leave) => leave !== null).length;
  const given = new SourceLimit(3);
  for (
    const [address, byDefault, whenGiven] of [
      [from("127.0.0.1"), 100, 3],
      [from("::1"), 100, 3],
      [from("10.0.0.1"), 64, 3],
      [from("2001:db8::1"), 64, 3],
      [unix, 100, 100],
    ] as const
  ) {
    assertEquals(entered(new SourceLimit(), address), byDefault);
    assertEquals(entered(given, address), whenGiven);
  }
  assertEquals(entered(given, from("2001:db8::2")), 0); // the same /64
});
