import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { run } from "../programs.ts";

Deno.test({
  name:
    "demo shows each conversation and a comparison, by the permission of its task",
  timeout: 60_000,
  async fn() {
    const [, ...words] = config.tasks.demo.command.split(" ");
    const { code, stdout, stderr } = await run([Deno.execPath(), ...words]);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(stdout, /^\$ hello-client \S+\nhello$/m);
    assertMatch(stdout, /^\$ compare --short$/m);
    assertMatch(stdout, /^Iterative and concurrent server, 8 clients/m);
    for (const line of stdout.split("\n")) assert([...line].length <= 80, line);
  },
});
