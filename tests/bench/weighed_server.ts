/**
 * A measure-server that says what memory it takes: for each line of standard
 * input it prints its resident bytes.
 *
 * @module
 */

import { main } from "../../scripts/measure_server.ts";

const served = main(["--port", "0"]);
const line = new Uint8Array(64);
while (await Deno.stdin.read(line) !== null) {
  // deno-lint-ignore no-console
  console.log(Deno.memoryUsage().rss);
}
await served;
