import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  explain,
  type Place,
  RunError,
  type Task,
  withContext,
} from "../../lib/cli/context.ts";
import { FramingError } from "../../lib/framing/line_decoder.ts";
import { ResultError } from "../../lib/result/result_error.ts";
import { ProtocolError } from "../../lib/measure/messages.ts";

const { errors } = Deno;
const PORT = { hostname: "127.0.0.1", port: 80 };
const SOCKET = { transport: "unix", path: "/tmp/up.sock" } as const;

/** What is said where an action fails. */
async function complaint(task: Task | string, cause: unknown): Promise<string> {
  const error = await assertRejects(
    () => withContext(task, () => Promise.reject(cause)),
    RunError,
  );
  assertStrictEquals(error.cause, cause);
  return error.message;
}

Deno.test({
  name: "withContext() gives what the action gives, at once or later",
  permissions: "none",
  async fn() {
    assertEquals(await withContext("add", () => 3), 3);
    assertEquals(await withContext("add", () => Promise.resolve(3)), 3);
  },
});

Deno.test({
  name: "withContext() names the action and its object",
  permissions: "none",
  async fn() {
    const refused = "nothing listens there; start the server, or check the " +
      "host and the port";
    const tasks: [Task | string, string][] = [
      ["add", "add"],
      [{ action: "connect to", target: PORT }, "connect to 127.0.0.1:80"],
      [
        { action: "connect to", target: { hostname: "::1", port: 80 } },
        "connect to [::1]:80",
      ],
      [
        { action: "connect to", target: SOCKET },
        "connect to unix:/tmp/up.sock",
      ],
      [{ action: "look up", target: "localhost" }, "look up localhost"],
      [{ action: "read", read: "a.json" }, "read a.json"],
      [{ action: "write", write: "b.html" }, "write b.html"],
    ];
    for (const [task, what] of tasks) {
      assertEquals(
        await complaint(task, new errors.ConnectionRefused("os error 111")),
        `Cannot ${what}: ${refused}`,
      );
    }
  },
});

Deno.test({
  name: "withContext() wraps a sentence only once",
  permissions: "none",
  async fn() {
    const inner = new RunError("No answer came");
    const error = await assertRejects(() =>
      withContext(
        "measure",
        () => withContext("read", () => Promise.reject(inner)),
      )
    );
    assertStrictEquals(error, inner);
  },
});

Deno.test({
  name: "withContext() tells ports, paths of sockets and files apart",
  permissions: "none",
  async fn() {
    const listen = (target: Place) => ({
      action: "listen on",
      target,
    });
    const cases: [Task, Error, string][] = [
      [listen(PORT), new errors.AddrInUse(), "--port 0"],
      [listen(SOCKET), new errors.AddrInUse(), "that path exists"],
      [listen(PORT), new errors.PermissionDenied(), "ports below 1024"],
      [listen(SOCKET), new errors.PermissionDenied(), "a folder of your own"],
      [listen(SOCKET), new errors.NotFound(), "start the server first"],
      [
        { action: "read", read: "a.json" },
        new errors.PermissionDenied(),
        "owner and mode",
      ],
      [
        { action: "read", read: "a.json" },
        new errors.NotFound(),
        "give the whole path",
      ],
      [
        { action: "write", write: "/x/a.json" },
        new errors.NotFound(),
        "there is no such path; check the spelling",
      ],
    ];
    for (const [task, cause, says] of cases) {
      assertStringIncludes(await complaint(task, cause), says);
    }
  },
});

Deno.test({
  name: "explain() has a sentence of its own for each kind of failure",
  permissions: "none",
  async fn(t) {
    const coded = (code: string) => Object.assign(new Error(code), { code });
    const failures: unknown[] = [
      new errors.AddrInUse(),
      new errors.AddrNotAvailable(),
      new errors.ConnectionRefused(),
      new errors.ConnectionReset(),
      new errors.BrokenPipe(),
      new errors.UnexpectedEof(),
      new errors.NotFound(),
      new errors.IsADirectory(),
      new errors.PermissionDenied(),
      new FramingError("Line too long", 70_000, 65_536),
      new ProtocolError("the echo", null),
      new ProtocolError("the echo", new Uint8Array([97]), "dialect"),
      new ResultError("it is empty"),
      new ResultError("it is cut off", "record"),
      coded("ENOTFOUND"),
      coded("ENETUNREACH"),
      coded("EHOSTUNREACH"),
      coded("EMSGSIZE"),
      coded("EMFILE"),
      new errors.NotCapable("Requires net access"),
      new Error("anything else"),
      "not even an error",
      undefined,
    ];
    const lines = failures.map((failure) => explain(failure));
    await t.assertSnapshot(lines.join("\n"), {
      serializer: (text: string) => text,
    });
    // The host and the network are both unreachable; nothing else is alike.
    assertEquals(new Set(lines).size, lines.length - 1);
  },
});

Deno.test({
  name: "withContext() names the flags of what this runtime denies",
  permissions: "none",
  async fn() {
    const udp = (hostname: string) => (
      { action: "x", target: { transport: "udp" as const, hostname, port: 9 } }
    );
    const denials: [Task, string][] = [
      [{ action: "x", read: "x.txt" }, "--allow-read=x.txt"],
      [{ action: "x", write: "x.txt" }, "--allow-write=x.txt"],
      [{ action: "x", target: PORT }, "--allow-net=127.0.0.1:80"],
      [{ action: "x", target: "localhost" }, "--allow-net=localhost"],
      // A UDP server answers each peer at an address of its own.
      [udp("127.0.0.1"), "--allow-net=127.0.0.1"],
      [udp("0.0.0.0"), "--allow-net"],
      [
        { action: "x", target: SOCKET },
        "--allow-net=unix:/tmp/up.sock --allow-read=/tmp/up.sock --allow-write=/tmp/up.sock",
      ],
    ];
    for (const [task, flags] of denials) {
      const message = await complaint(task, new errors.NotCapable());
      assertEquals(
        message.split(": ").at(-1),
        `permission not granted; run it with deno run ${flags}`,
      );
    }
  },
});

Deno.test({
  name: "withContext() keeps the words of a denial about something else",
  permissions: { net: ["127.0.0.1:80"] },
  async fn() {
    const cause = new errors.NotCapable('Requires net access to "0.0.0.0:0"');
    assertEquals(
      await complaint({ action: "ask", target: PORT }, cause),
      `Cannot ask 127.0.0.1:80: permission not granted; ${cause.message}`,
    );
  },
});
