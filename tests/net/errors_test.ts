import { assertEquals } from "@std/assert";
import { errorCode, errorMessage, isDisconnect } from "../../lib/net/errors.ts";

Deno.test({
  name: "isDisconnect() is true for what a peer, or a close of ours, causes",
  permissions: "none",
  fn() {
    const { errors } = Deno;
    const ordinary = [
      new errors.ConnectionReset(),
      new errors.ConnectionAborted(),
      new errors.BrokenPipe(),
      new errors.NotConnected(),
      new errors.UnexpectedEof(),
      new errors.Interrupted(),
      new errors.BadResource(),
    ];
    for (const error of ordinary) assertEquals(isDisconnect(error), true);
  },
});

Deno.test({
  name: "isDisconnect() is false for every fault",
  permissions: "none",
  fn() {
    const { errors } = Deno;
    const faults = [
      new errors.AddrInUse(),
      new errors.ConnectionRefused(),
      new errors.PermissionDenied(),
      new errors.NotCapable(),
      new errors.TimedOut(),
      new errors.InvalidData(),
      new Error("Connection reset by peer"), // the kind counts, not the words
      new TypeError(),
      "ConnectionReset",
      null,
      undefined,
    ];
    for (const fault of faults) assertEquals(isDisconnect(fault), false);
  },
});

Deno.test({
  name: "errorMessage() gives the words of whatever was thrown",
  permissions: "none",
  fn() {
    assertEquals(errorMessage(new TypeError("no")), "no");
    assertEquals(errorMessage(new Error("")), "");
    assertEquals(errorMessage("no"), "no");
    assertEquals(errorMessage(undefined), "undefined");
    assertEquals(errorMessage(null), "null");
  },
});

Deno.test({
  name: "errorCode() gives the system's code, also of a failed lookup",
  permissions: "none",
  fn() {
    const coded = (code: unknown) => Object.assign(new Error(), { code });
    const failed = "failed to lookup address information: Name or service";
    assertEquals(errorCode(coded("EMFILE")), "EMFILE");
    assertEquals(errorCode(coded("EAI_AGAIN")), "ENOTFOUND");
    assertEquals(errorCode(new Error(failed)), "ENOTFOUND");
    assertEquals(errorCode(coded(5)), null);
    assertEquals(errorCode(new Error("no code")), null);
    assertEquals(errorCode("no error"), null);
  },
});
