import { assertEquals, assertThrows } from "@std/assert";
import { parseConfig } from "../../lib/monitor/config.ts";
import { importConfig } from "../../lib/monitor/import.ts";

function targetsOf(text: string) {
  return parseConfig(importConfig(text).toml).targets.map((spec) => {
    const { name, group, host, ways, family } = spec;
    const { probe, port } = ways.at(-1)!;
    return [name, group, host, probe, port, family ?? 0];
  });
}

Deno.test("importConfig() reads a Targets file of SmokePing", () => {
  const text = `
*** Probes ***
+ FPing
binary = /usr/sbin/fping
*** Targets ***
probe = FPing
menu = Top
+ World
menu = World Wide
++ Resolver
host = 192.0.2.53 # public
++ Web
probe = TCPPing
port = 8443
host = \\
  web.example
+++ Inside
host = inside.example
++ Both
host = /World/Resolver /World/Web
+ Six
probe = FPing6
host = six.example
`;
  assertEquals(targetsOf(text), [
    ["Six", "", "six.example", "connect", 443, 6],
    ["World.Resolver", "World", "192.0.2.53", "connect", 443, 0],
    ["World.Web", "World", "web.example", "connect", 8443, 0],
    ["World.Web.Inside", "World.Web", "inside.example", "connect", 8443, 0],
  ]);
  assertEquals(importConfig(text).notes, [
    "World.Both: several hosts in one chart; use two targets side by side",
  ]);
});

Deno.test("importConfig() reads a file of smokeping_prober", () => {
  const text = `
targets:
- hosts: [a.example, b.example]
  interval: 5s
  network: ip4
  protocol: icmp
  labels: { site: x }
- host: c.example
`;
  assertEquals(targetsOf(text), [
    ["a.example", "", "a.example", "connect", 443, 4],
    ["b.example", "", "b.example", "connect", 443, 4],
    ["c.example", "", "c.example", "connect", 443, 0],
  ]);
  const [a] = parseConfig(importConfig(text).toml).targets;
  assertEquals([a!.labels, a!.intervalMs], [{ site: "x" }, 5000]);
});

Deno.test("importConfig() rejects other files", () => {
  for (const text of ["", "a: b", "targets: []", "{", "+ A\nmenu = x\n"]) {
    assertThrows(() => importConfig(text), SyntaxError);
  }
});
