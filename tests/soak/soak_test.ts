import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Crowd } from "../hostile_clients.ts";
import { VALID_CLIENTS } from "../valid_clients.ts";
import { EXHAUSTING } from "./faults.ts";
import { MonitorSubject } from "./monitor_probes.ts";
import { soak } from "./soak.ts";

Deno.test("Monitor serves again after clients have used up its files", async () => {
  await using monitor = new MonitorSubject();
  await monitor.start();
  {
    using _crowd = await new Crowd().open(monitor.port, EXHAUSTING);
    await monitor.server!.heard(/Too many open files/, "stderr");
  }
  const ask = VALID_CLIENTS.monitor!(monitor.port);
  for (let number = 1; number <= 50; number++) {
    if (await ask(number).catch(() => false)) break;
    assert(number < 50);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});

Deno.test("Monitor names its figures when it starts on a full disk", async () => {
  await using monitor = new MonitorSubject();
  await monitor.start();
  await monitor.stop("SIGTERM");
  if (!monitor.fillDisk()) return; // only root can make a small one
  const { message } = await assertRejects(() => monitor.start(), Error);
  assertStringIncludes(message, "Cannot use the figures in");
});

Deno.test("All servers answer valid clients exactly once through faults", async () => {
  const { servers, probes, faults, failures } = await soak(50);
  assertEquals(failures, []);
  for (const { name, counts } of servers) {
    assert(counts.correct > 10, `${name}: ${counts.correct}`);
  }
  assert(probes.kept > 500);
  for (const kind of ["kill", "resets", "monitor: reload"]) {
    assert(faults[kind]! >= 1, kind);
  }
});
