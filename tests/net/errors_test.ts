import { assertEquals } from "@std/assert";
import {
  DeadlineError,
  errorCode,
  errorMessage,
  isDisconnect,
} from "../../lib/net/errors.ts";
import { pureTest as test } from "../testing.ts";

const { errors } = Deno;

test("isDisconnect() goes by the class of an error, not by its text", () => {
  const disconnects = [
    new errors.ConnectionReset(),
    new errors.ConnectionAborted(),
    new errors.BrokenPipe(),
    new errors.NotConnected(),
    new errors.UnexpectedEof(),
    new errors.Interrupted(),
    new errors.BadResource(),
  ];
  const others = [
    new errors.AddrInUse(),
    new errors.ConnectionRefused(),
    new errors.PermissionDenied(),
    new errors.NotCapable(),
    new errors.TimedOut(),
    new errors.InvalidData(),
    new DeadlineError("read", 1),
    new Error("Connection reset by peer"),
    new TypeError(),
    "ConnectionReset",
    null,
    undefined,
  ];
  assertEquals(disconnects.filter((error) => !isDisconnect(error)), []);
  assertEquals(others.filter(isDisconnect), []);
});

test("DeadlineError is a TimedOut with fields", () => {
  const error = new DeadlineError("write", 20);
  assertEquals(error instanceof errors.TimedOut, true);
  assertEquals([error.wait, error.timeoutMs], ["write", 20]);
  assertEquals(error.message, "Timed out: the peer took nothing for 20 ms");
});

test("errorMessage() returns the text of whatever was thrown", () => {
  const cases: [unknown, string][] = [
    [new TypeError("no"), "no"],
    [new Error(""), ""],
    ["no", "no"],
    [undefined, "undefined"],
    [null, "null"],
  ];
  for (const [thrown, message] of cases) {
    assertEquals(errorMessage(thrown), message);
  }
});

test("errorCode() returns the system's code, also of a failed lookup", () => {
  const coded = (code: unknown) => Object.assign(new Error(), { code });
  const failed = "failed to lookup address information: Name or service";
  const cases: [unknown, string | null][] = [
    [coded("EMFILE"), "EMFILE"],
    [coded("EAI_AGAIN"), "ENOTFOUND"],
    [new Error(failed), "ENOTFOUND"],
    [coded(5), null],
    [new Error("no code"), null],
    ["no error", null],
  ];
  for (const [thrown, code] of cases) assertEquals(errorCode(thrown), code);
});
