/**
 * A deadline for opening a connection.
 *
 * @module
 */

/**
 * Waits for a connection until a deadline or an abort. One that is established
 * only afterwards is closed.
 *
 * @param opening The connection being opened, as `Deno.connect` gives it.
 * @param timeoutMs How long to wait, in milliseconds.
 * @param signal Ends the wait early.
 * @returns The connection.
 * @throws {Deno.errors.TimedOut} At the deadline.
 * @throws The signal's reason when it is aborted.
 *
 * @example Usage
 * ```ts
 * import { openWithin } from "./deadline.ts";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * const opening = Deno.connect({ hostname: "127.0.0.1", port });
 * using conn = await openWithin(opening, 1000);
 * ```
 */
export async function openWithin<T extends Disposable>(
  opening: Promise<T>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T> {
  const given = Promise.withResolvers<never>();
  const abort = () => given.reject(signal?.reason);
  const timer = setTimeout(() => {
    given.reject(
      new Deno.errors.TimedOut(
        `no answer within ${timeoutMs} ms; check the address and the firewalls, or raise --timeout`,
      ),
    );
  }, timeoutMs);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    return await Promise.race([opening, given.promise]);
  } catch (error) {
    opening.then((late) => late[Symbol.dispose](), () => {});
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
