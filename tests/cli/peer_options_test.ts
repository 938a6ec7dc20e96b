import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseOptions, UsageError } from "../../lib/cli/options.ts";
import {
  parseName,
  parsePeer,
  PEER_OPTIONS,
  PEER_PORT,
} from "../../lib/cli/peer_options.ts";

function parse(...args: string[]) {
  return parseOptions(PEER_OPTIONS, args).options;
}

/** What a person is told. */
function complaint(...args: string[]): string {
  return assertThrows(() => parse(...args), UsageError).message;
}

Deno.test({
  name: "parsePeer() reads an address as people write it",
  permissions: "none",
  fn() {
    assertEquals(PEER_PORT, 5000);
    const cases = [
      ["192.0.2.1", "192.0.2.1:5000"],
      ["192.0.2.1:1", "192.0.2.1:1"],
      ["localhost:65535", "localhost:65535"],
      ["localhost:05001", "localhost:5001"],
      ["::1", "[::1]:5000"],
      ["[::1]", "[::1]:5000"],
      ["[2001:db8::1]:9", "[2001:db8::1]:9"],
      ["fe80::1%eth0", "[fe80::1%eth0]:5000"],
    ];
    for (const [written, address] of cases) {
      assertEquals(parsePeer(written!), address!);
      assertEquals(parsePeer(address!), address!, "as it writes it itself");
    }
  },
});

Deno.test({
  name: "parsePeer() says what an address looks like, and what was given",
  permissions: "none",
  fn() {
    const wrong = [
      "",
      ":5000",
      "a b",
      "host:0",
      "host:65536",
      "host:x",
      "host:",
      "[::1",
      "[host]:5000",
      "http://host:5000",
      "host/path",
    ];
    for (const text of wrong) {
      const { message } = assertThrows(() => parsePeer(text), SyntaxError);
      assertStringIncludes(
        message,
        `an address such as 192.0.2.1:5000, not "${text}": `,
      );
    }
    assertThrows(() => parsePeer("host:0"), SyntaxError, "from 1 to 65535");
    for (const path of ["unix:/tmp/peer", "unix:a"]) {
      const { message } = assertThrows(() => parsePeer(path), SyntaxError);
      assertEquals(message, "an address such as 192.0.2.1:5000, not a path");
    }
  },
});

Deno.test({
  name: "parseName() rejects what is no name, and quotes it",
  permissions: "none",
  fn() {
    for (const name of ["a", "Ада", "x".repeat(32)]) {
      assertEquals(parseName(name), name);
    }
    for (
      const name of [
        "",
        "a b",
        "x".repeat(33),
        "a\u200b",
        "a\n",
        "\t",
        "a#2",
        "*",
      ]
    ) {
      const { message } = assertThrows(() => parseName(name), SyntaxError);
      assertEquals(
        message,
        `a name of 1 to 32 characters that begins with a letter or digit and has no space, "#", "," or ":", not "${name}"`,
      );
    }
  },
});

Deno.test({
  name: "PEER_OPTIONS listen on loopback, and dial no address by default",
  permissions: "none",
  fn() {
    assertEquals(parse() as object, {
      host: "127.0.0.1",
      port: 5000,
      name: undefined,
      connect: [],
      maxPeers: 64,
      allowFrom: undefined,
      denyFrom: undefined,
      maxPerSource: undefined,
      maxConnectRate: undefined,
      maxRate: 1000,
      timeout: 10_000,
      keyFile: undefined,
      tlsCert: undefined,
      tlsKey: undefined,
      tlsCa: undefined,
      json: false,
    });
  },
});

Deno.test({
  name: "PEER_OPTIONS take each of their values",
  permissions: "none",
  fn() {
    assertEquals(
      parse(
        ..."--host :: -p 0 --name ada --connect a --connect b:1".split(" "),
        ..."--max-peers 1 --max-per-source 128 --max-rate 1".split(" "),
        ..."-W 1h -J --key-file k".split(" "),
      ) as object,
      {
        host: "::",
        port: 0,
        name: "ada",
        connect: ["a:5000", "b:1"],
        maxPeers: 1,
        allowFrom: undefined,
        denyFrom: undefined,
        maxPerSource: 128,
        maxConnectRate: undefined,
        maxRate: 1,
        timeout: 3_600_000,
        keyFile: "k",
        tlsCert: undefined,
        tlsKey: undefined,
        tlsCa: undefined,
        json: true,
      },
    );
    assertEquals(parse("-W", "100ms").timeout, 100);
  },
});

Deno.test({
  name: "PEER_OPTIONS reject invalid values, by the option's name",
  permissions: "none",
  fn() {
    const wrong = [
      ["--port", "65536"],
      ["--name", "a b"],
      ["--connect", "host:0"],
      ["--connect", "unix:/tmp/peer"],
      ["--max-per-source", "0"],
      ["--max-peers", "0"],
      ["--max-peers", "65"],
      ["--max-rate", "0"],
      ["--max-rate", "1000001"],
      ["--timeout", "99ms"],
      ["--timeout", "61m"],
    ];
    for (const [flag, value] of wrong) {
      assertStringIncludes(complaint(flag!, value!), `${flag} is `);
    }
    // One good address does not hide a bad one.
    assertStringIncludes(
      complaint("--connect", "a", "--connect", "b:0"),
      "--connect is an address",
    );
  },
});
