import { assertEquals, assertThrows } from "@std/assert";
import { formatAddress, parseTarget } from "../../lib/net/address.ts";

Deno.test({
  name: "parseTarget() reads hosts, ports and paths",
  permissions: "none",
  fn() {
    const cases: [string, string, number][] = [
      ["127.0.0.1", "127.0.0.1", 12_000],
      ["127.0.0.1:1", "127.0.0.1", 1],
      ["127.0.0.1:65535", "127.0.0.1", 65_535],
      ["localhost:80", "localhost", 80],
      ["example.org", "example.org", 12_000],
      ["müller.example:80", "müller.example", 80],
      ["my_host-2", "my_host-2", 12_000],
      ["::1", "::1", 12_000],
      ["::", "::", 12_000],
      ["fe80::1%eth0", "fe80::1%eth0", 12_000],
      ["::ffff:192.0.2.1", "::ffff:192.0.2.1", 12_000],
      ["2001:DB8::1", "2001:DB8::1", 12_000],
      ["[::1]", "::1", 12_000],
      ["[::1]:9999", "::1", 9999],
      ["[fe80::1%eth0]:80", "fe80::1%eth0", 80],
    ];
    for (const [text, hostname, port] of cases) {
      const target = { transport: "tcp", hostname, port } as const;
      assertEquals(parseTarget(text, 12_000), target, text);
    }
    for (const path of ["/run/up.sock", "up.sock", "a b:c", "@abstract"]) {
      const target = { transport: "unix", path } as const;
      assertEquals(parseTarget(`unix:${path}`, 12_000), target);
    }
  },
});

Deno.test({
  name: "parseTarget() refuses a port that is none",
  permissions: "none",
  fn() {
    const ports = [
      "",
      "0",
      "65536",
      "99999",
      "100000",
      "-1",
      "+80",
      "80 ",
      " 80",
      "8o",
      "0x50",
      "1e3",
      "80.0",
      "http",
      "٣",
    ];
    for (const port of ports) {
      for (const host of ["host", "127.0.0.1", "[::1]"]) {
        assertThrows(
          () => parseTarget(`${host}:${port}`, 1),
          SyntaxError,
          `the port must be a number from 1 to 65535, not "${port}"`,
        );
      }
    }
  },
});

Deno.test({
  name: "parseTarget() refuses what is no host",
  permissions: "none",
  fn() {
    const forms = "write it as HOST, HOST:PORT, [V6]:PORT or unix:PATH";
    const brackets = "brackets are for IPv6 addresses, as in [::1]:80";
    const cases: [string, string][] = [
      ["", "the host is missing"],
      [":80", "the host is missing"],
      ["unix:", 'the path after "unix:" is missing'],
      ["[]", brackets],
      ["[]:80", brackets],
      ["[127.0.0.1]:80", brackets],
      ["[host]", brackets],
      [" ", forms],
      ["my host", forms],
      ["host\n", forms],
      [
        "http://host",
        "a URL is not accepted: leave out the part before the host",
      ],
      [
        "http://host:80",
        "a URL is not accepted: leave out the part before the host",
      ],
      ["host/path", forms],
      ["host\\path", forms],
      ["user@host", forms],
      ["host?x", forms],
      ["host#x", forms],
      ["[::1", forms],
      ["::1]", forms],
      ["[::1]x", forms],
      ["[::1]80", forms],
      ["x[::1]:80", forms],
      ["host:80:90", forms],
      ["::g", forms],
      ["::1%", forms],
    ];
    for (const [text, message] of cases) {
      assertThrows(() => parseTarget(text, 1), SyntaxError, message);
    }
  },
});

Deno.test({
  name: "parseTarget() takes in brackets only what it takes without them",
  permissions: "none",
  fn() {
    const accepted = ["g::1", " : ", "my host:", "::1%", "::1\n", "a:/b"]
      .filter((inner) => {
        try {
          parseTarget(`[${inner}]:80`, 1);
          return true;
        } catch (error) {
          return !(error instanceof SyntaxError);
        }
      });
    assertEquals(accepted, []);
  },
});

Deno.test({
  name: "parseTarget() refuses an IPv4 address with two ports",
  permissions: "none",
  fn() {
    assertThrows(() => parseTarget("127.0.0.1:80:90", 1), SyntaxError);
  },
});

Deno.test({
  name: "formatAddress() writes what parseTarget() reads back",
  permissions: "none",
  fn() {
    const texts = [
      "127.0.0.1:80",
      "localhost:65535",
      "[::1]:80",
      "[fe80::1%eth0]:1",
      "unix:/run/up.sock",
      "unix:a b:c",
    ];
    for (const text of texts) {
      assertEquals(formatAddress(parseTarget(text, 1)), text);
    }
    assertEquals(formatAddress(parseTarget("::1", 80)), "[::1]:80");
  },
});

Deno.test({
  name: "formatAddress() writes the addresses of sockets",
  permissions: "none",
  fn() {
    const addresses: [Deno.Addr, string][] = [
      [{ transport: "tcp", hostname: "0.0.0.0", port: 80 }, "0.0.0.0:80"],
      [{ transport: "udp", hostname: "::", port: 9 }, "[::]:9"],
      [{ transport: "unix", path: "/tmp/x" }, "unix:/tmp/x"],
    ];
    for (const [address, text] of addresses) {
      assertEquals(formatAddress(address), text);
    }
  },
});
