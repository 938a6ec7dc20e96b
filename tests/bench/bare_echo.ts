/**
 * The plainest echo server: what the figures of the bench stand beside. With a
 * delay, `bare_echo.ts DELAY_MS`, it spins until each echo is due.
 *
 * @module
 */

const [delayMs = 0] = Deno.args.map(Number);
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
// deno-lint-ignore no-console
console.log(`listening tcp 127.0.0.1:${listener.addr.port}`);
for await (const conn of listener) echo(conn).catch(() => {});

async function echo(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay(true);
  const buffer = new Uint8Array(65_536);
  for (let count; (count = await conn.read(buffer)) !== null;) {
    if (delayMs > 0) await spinUntil(performance.now() + delayMs);
    for (let done = 0; done < count;) {
      done += await conn.write(buffer.subarray(done, count));
    }
  }
  conn.close();
}

function spinUntil(dueMs: number): Promise<void> {
  return new Promise((resolve) => {
    const look = () =>
      performance.now() < dueMs ? setImmediate(look) : resolve();
    look();
  });
}
