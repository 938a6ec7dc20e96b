/**
 * Runs one of our servers, and prints its memory at each SIGUSR2.
 *
 * @module
 */

const [name, ...args] = Deno.args;
const { main } = await import(`../../scripts/${name}.ts`);

Deno.addSignalListener("SIGUSR2", () => {
  const { gc } = globalThis as unknown as { gc(): void };
  gc();
  gc();
  const { rss, heapUsed, external } = Deno.memoryUsage();
  const line = `memory ${rss} ${heapUsed + external}\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
});

Deno.exit(await main(args));
