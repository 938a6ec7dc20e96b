/**
 * Lesson 8: an iterative server makes clients wait for each other, a concurrent
 * one does not. The difference is one `await`.
 *
 *     deno run --allow-net=127.0.0.1 scripts/lessons/08_iterative_or_concurrent.ts
 *
 * Try: double CLIENTS: only the iterative time doubles. Let `handle` throw: the
 * `catch` logs the error. Without the `catch`, the error ends the program.
 *
 * What goes wrong: an uncaught error in a handler ends the whole server. And a
 * concurrent server needs a limit, or it accepts clients until the system has no
 * file descriptors left.
 *
 * The careful version: lib/net/serve_streams.ts
 */

const CLIENTS = 5;

for (const mode of ["iterative", "concurrent"]) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = serve(listener, mode);
  const { port } = listener.addr;
  const startMs = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.read(new Uint8Array(1));
  }));
  const ms = Math.round(performance.now() - startMs);
  console.log(`${mode}: ${CLIENTS} clients served after ${ms} ms`);
  listener.close(); // ends the loop below
  await served;
}

async function serve(listener: Deno.Listener, mode: string): Promise<void> {
  for await (const conn of listener) {
    const handled = handle(conn).catch((error) => console.error(error));
    if (mode === "iterative") await handled;
  }
}

async function handle(accepted: Deno.Conn): Promise<void> {
  using conn = accepted; // closed when this handler ends, not before
  await new Promise((resolve) => setTimeout(resolve, 100)); // 100 ms of work
  await conn.write(Uint8Array.of(0x2e));
}
