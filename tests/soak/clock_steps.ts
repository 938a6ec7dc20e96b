/**
 * Loaded before a server: its clock is set, an hour forth and back by turns. The
 * monotonic clock is not, as on a machine whose time of day is set.
 *
 * @module
 */

const STEP_MS = 3_600_000;
const PERIOD_MS = 20_000;

const system = Date;
const now = () => {
  const ms = system.now();
  return ms + Math.floor(ms / PERIOD_MS) % 2 * STEP_MS;
};

globalThis.Date = new Proxy(system, {
  construct: (target, args, self) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, self),
  get: (target, key) => key === "now" ? now : Reflect.get(target, key),
});
