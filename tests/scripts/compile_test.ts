import { assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { compilables } from "../../scripts/compile.ts";

Deno.test({
  name: "compilables() gives each program the flags of its task, and no other",
  permissions: "none",
  fn() {
    for (const { name, flags, script, args } of compilables()) {
      const task = name.replaceAll("_", "-") as keyof typeof config.tasks;
      const { command } = config.tasks[task];
      const written = flags.map((flag) =>
        /[[\]]/.test(flag) ? `'${flag}'` : flag
      );
      assertEquals(
        ["deno", "run", ...written, script, ...args].join(" "),
        command,
      );
    }
  },
});

Deno.test({
  name: "compilables() knows every server, client and peer",
  permissions: "none",
  fn() {
    const names = compilables().map(({ name }) => name).sort();
    assertEquals(
      names,
      "compare hello_client hello_server make_cert measure_client measure_server monitor peer report stamp_client stamp_server tcp_client tcp_server throughput_client throughput_server time_client time_server udp_client udp_server under_load"
        .split(" "),
    );
  },
});

Deno.test({
  name: "compilables() never grants everything",
  permissions: "none",
  fn() {
    const flags = compilables().flatMap(({ flags }) => flags);
    assertEquals(flags.filter((flag) => /^(-A|--allow-all)$/.test(flag)), []);
  },
});
