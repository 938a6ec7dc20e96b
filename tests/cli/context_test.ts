import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { explain, RunError, withContext } from "../../lib/cli/context.ts";
import { FramingError } from "../../lib/framing/line_decoder.ts";

Deno.test({
  name: "withContext() gives what the action gives, at once or later",
  permissions: "none",
  async fn() {
    assertEquals(await withContext("add", () => 3), 3);
    assertEquals(await withContext("add", () => Promise.resolve(3)), 3);
  },
});

Deno.test({
  name: "withContext() says what was being done, and keeps the cause",
  permissions: "none",
  async fn() {
    const cause = new Deno.errors.ConnectionRefused("os error 111");
    for (
      const action of [
        () => {
          throw cause;
        },
        () => Promise.reject(cause),
      ]
    ) {
      const error = await assertRejects(
        () => withContext("connect to 127.0.0.1:12000", action),
        RunError,
      );
      assertEquals(
        error.message,
        "Cannot connect to 127.0.0.1:12000: nothing listens there; start the server, or check the host and the port",
      );
      assertStrictEquals(error.cause, cause);
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
  name: "withContext() tells a taken path from a taken port",
  permissions: "none",
  async fn() {
    const listen = (on: string) =>
      assertRejects(() =>
        withContext(`listen on ${on}`, () => {
          throw new Deno.errors.AddrInUse();
        })
      );
    const path = await listen("unix:/tmp/up.sock");
    assert(path.message.includes("something is at that path"), path.message);
    const port = await listen("127.0.0.1:80");
    assert(port.message.includes("--port 0"), port.message);
  },
});

Deno.test({
  name: "withContext() speaks of no ports where a file is meant",
  permissions: "none",
  async fn() {
    const error = await assertRejects(() =>
      withContext("read a.json", () => {
        throw new Deno.errors.PermissionDenied();
      })
    );
    assertEquals(
      error.message,
      "Cannot read a.json: the system does not allow it; check whose file that is",
    );
  },
});

Deno.test({
  name: "explain() has a sentence of its own for each kind of failure",
  permissions: "none",
  async fn(t) {
    const { errors } = Deno;
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
      new Error("failed to lookup address information: Name or service ..."),
      new Error("Network is unreachable (os error 101)"),
      new Error("Host unreachable"),
      new Error("Message too long (os error 90)"),
      new Error("Too many open files (os error 24)"),
      new errors.NotCapable(
        'Requires net access to "127.0.0.1:80", run again with the --allow-net flag',
      ),
      new errors.NotCapable("in some other words"),
      new Error("anything else"),
      "not even an error",
      undefined,
    ];
    const lines = failures.map(explain);
    await t.assertSnapshot(lines.join("\n"), {
      serializer: (text: string) => text,
    });
    // The host and the network are both unreachable; nothing else is alike.
    assertEquals(new Set(lines).size, lines.length - 1);
  },
});

Deno.test({
  name: "explain() names the exact flag for what this runtime denies",
  permissions: "none",
  async fn() {
    const denials: [() => unknown, string][] = [
      [() => Deno.readTextFileSync("x.txt"), "--allow-read=x.txt"],
      [
        () => Deno.listen({ hostname: "127.0.0.1", port: 8080 }),
        "--allow-net=127.0.0.1:8080",
      ],
      [
        () => Deno.connect({ hostname: "localhost", port: 80 }),
        "--allow-net=localhost:80",
      ],
    ];
    for (const [action, flag] of denials) {
      const error = await assertRejects(async () => await action());
      assertEquals(
        explain(error),
        `permission not granted; run it by deno run with ${flag}`,
      );
    }
  },
});
