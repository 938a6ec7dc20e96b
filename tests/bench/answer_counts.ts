/**
 * How a program under measurement tells what it has done so far.
 *
 * @module
 */

/** Prints a count for each line of standard input, until that ends. */
export async function answerCounts(count: () => number): Promise<void> {
  const line = new Uint8Array(64);
  while (await Deno.stdin.read(line) !== null) {
    // deno-lint-ignore no-console
    console.log(count());
  }
}
