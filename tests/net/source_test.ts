import { assertEquals } from "@std/assert";
import {
  isLoopback,
  isResponder,
  prefixOf,
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
    "::ffff:c": "0:0:0:0", // no IPv4 address
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

test("isResponder() is true for known responders and its own port", () => {
  const udp = (port: number, hostname = "192.0.2.1"): Deno.NetAddr => ({
    transport: "udp",
    hostname,
    port,
  });
  const own = udp(12000, "127.0.0.1");
  // deno-fmt-ignore
  const responders = [0, 7, 11, 13, 15, 17, 19, 37, 53, 69, 123, 161, 389, 520,
                      862, 1900, 5353, 11211, 12000];
  const found = Array.from({ length: 65_536 }, (_, port) => port)
    .filter((port) => isResponder(udp(port), own));
  assertEquals(found, responders);
});
