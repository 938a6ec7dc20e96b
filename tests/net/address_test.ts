import { assertEquals, assertThrows } from "@std/assert";
import { formatAddress, parseTarget } from "../../lib/net/address.ts";
import { pureTest as test } from "../testing.ts";

const HOSTS: [text: string, hostname: string, port: number, written: string][] =
  [
    ["127.0.0.1", "127.0.0.1", 12_000, "127.0.0.1:12000"],
    ["127.0.0.1:1", "127.0.0.1", 1, "127.0.0.1:1"],
    ["127.0.0.1:65535", "127.0.0.1", 65_535, "127.0.0.1:65535"],
    ["localhost:80", "localhost", 80, "localhost:80"],
    ["example.org", "example.org", 12_000, "example.org:12000"],
    ["müller.example:80", "müller.example", 80, "müller.example:80"],
    ["my_host-2", "my_host-2", 12_000, "my_host-2:12000"],
    ["::1", "::1", 12_000, "[::1]:12000"],
    ["::", "::", 12_000, "[::]:12000"],
    ["fe80::1%eth0", "fe80::1%eth0", 12_000, "[fe80::1%eth0]:12000"],
    [
      "::ffff:192.0.2.1",
      "::ffff:192.0.2.1",
      12_000,
      "[::ffff:192.0.2.1]:12000",
    ],
    ["2001:DB8::1", "2001:DB8::1", 12_000, "[2001:DB8::1]:12000"],
    ["[::1]", "::1", 12_000, "[::1]:12000"],
    ["[::1]:9999", "::1", 9999, "[::1]:9999"],
    ["[fe80::1%eth0]:80", "fe80::1%eth0", 80, "[fe80::1%eth0]:80"],
  ];
test("parseTarget() parses targets, and formatAddress() formats them", () => {
  for (const [text, hostname, port, written] of HOSTS) {
    const target = { transport: "tcp", hostname, port } as const;
    assertEquals(parseTarget(text, 12_000), target, text);
    assertEquals(formatAddress(target), written);
    assertEquals(formatAddress({ ...target, transport: "udp" }), written);
    assertEquals(parseTarget(written, 1), target);
  }
  for (const path of ["/run/up.sock", "up.sock", "a b:c", "@abstract"]) {
    const target = { transport: "unix", path } as const;
    assertEquals(parseTarget(`unix:${path}`, 12_000), target);
    assertEquals(formatAddress(target), `unix:${path}`);
  }
});

const FORMS = "write it as HOST, HOST:PORT, [V6]:PORT or unix:PATH";
const BRACKETS = "brackets are for IPv6 addresses, as in [::1]:80";
const URL = "a URL is not accepted: leave out the part before the host";
// deno-fmt-ignore
const INVALID: [message: string, texts: string[]][] = [
  ["the host is missing", ["", ":80"]],
  ['the path after "unix:" is missing', ["unix:"]],
  [URL, ["http://host", "http://host:80"]],
  [BRACKETS, ["[]", "[]:80", "[127.0.0.1]:80", "[host]", "[g::1]:80", "[ : ]:80",
              "[my host:]:80", "[::1%]:80", "[::1\n]:80", "[a:/b]:80"]],
  [FORMS, [" ", "my host", "host\n", "host/path", "host\\path", "user@host",
           "host?x", "host#x", "[::1", "::1]", "[::1]x", "[::1]80", "x[::1]:80",
           "host:80:90", "127.0.0.1:80:90", "::g", "::1%"]],
];
// deno-fmt-ignore
const INVALID_PORTS = ["", "0", "65536", "99999", "100000", "-1", "+80", "80 ",
                       " 80", "8o", "0x50", "1e3", "80.0", "http", "٣"];
test("parseTarget() rejects other text, and says why", () => {
  for (const [message, texts] of INVALID) {
    for (const text of texts) {
      assertThrows(() => parseTarget(text, 1), SyntaxError, message);
    }
  }
  for (const port of INVALID_PORTS) {
    for (const host of ["host", "127.0.0.1", "[::1]"]) {
      assertThrows(
        () => parseTarget(`${host}:${port}`, 1),
        SyntaxError,
        `the port must be a number from 1 to 65535, not "${port}"`,
      );
    }
  }
});
