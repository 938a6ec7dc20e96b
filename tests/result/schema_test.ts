import { assert, assertEquals } from "@std/assert";
import { ResultBuilder } from "../../lib/result/builder.ts";
import { checkedResult } from "../../lib/result/schema.ts";
import { newSample } from "../../lib/stats/sample.ts";
import {
  COMPARE,
  NOTHING,
  RTT,
  STAMP,
  SWEEP,
  TPUT,
  UDP_THROUGHPUT,
} from "../report/results.ts";
import { jsonSchema, SCHEMA_URL } from "./json_schema.ts";
import { pureTest } from "../pure.ts";

Deno.test({
  name: "docs/result.schema.json is what the schema generates",
  permissions: { read: true },
  async fn() {
    const kept = await Deno.readTextFile(SCHEMA_URL);
    assertEquals(kept, jsonSchema(), "run deno task schema");
  },
});

pureTest("checkedResult() keeps every key of a result", () => {
  for (
    const result of [
      RTT,
      TPUT,
      STAMP,
      NOTHING,
      SWEEP,
      COMPARE,
      UDP_THROUGHPUT,
    ]
  ) {
    assertEquals(checkedResult(result), result);
  }
});

pureTest("checkedResult() accepts what ResultBuilder.result() returns", () => {
  for (const protocol of ["measure", "stamp"] as const) {
    for (const mode of ["rtt", "tput"] as const) {
      for (const count of [0, 1, 5]) {
        const builder = new ResultBuilder({
          protocol,
          mode,
          target: "127.0.0.1:10000",
          sizeBytes: 100,
          intervalMs: count,
          options: { given: {}, used: { size_bytes: 100 } },
        });
        for (let sequence = 0; sequence < count; sequence++) {
          const rttMs = sequence === 3 ? null : 0.1;
          builder.add({ ...newSample(sequence, false, sequence), rttMs });
        }
        const result = builder.result();
        assertEquals<unknown>(checkedResult(result), result);
      }
    }
  }
});

Deno.test({
  name: "deno.lock names no library that only readers and tests load",
  permissions: { read: true },
  async fn() {
    // Deno fetches all that a lock file names, for every program.
    const url = new URL("../../deno.lock", import.meta.url);
    const { npm } = JSON.parse(await Deno.readTextFile(url));
    const names = Object.keys(npm).map((key) => key.replace(/@[^@]+$/, ""));
    for (const name of ["echarts", "@valibot/to-json-schema", "fast-check"]) {
      assert(!names.includes(name), name);
    }
    assert(names.includes("hdr-histogram-js"));
  },
});
