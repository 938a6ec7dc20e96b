import { assert, assertEquals } from "@std/assert";
import { soak } from "./soak.ts";

Deno.test("Monitor keeps exact counts over reloads, restarts, clock steps and a locked store", async () => {
  const report = await soak({ seconds: 60, targets: 200 });
  assertEquals(report.kept, report.reflected);
  assertEquals(report.lost, 0);
  assert(report.kept > 1000);
  const { restarts, reloads, clockSteps, locks } = report;
  assert(Math.min(restarts, reloads, clockSteps, locks) >= 1);
  assert(
    report.lateMb - report.earlyMb < 100,
    `${report.earlyMb} MB, then ${report.lateMb}`,
  );
});
