/**
 * How many connections two processes of measure-server serve on one port, beside
 * one process: connect, one probe, close.
 *
 * Clients and servers are spread over all processors by the system. With fewer than
 * four they share processors, and the figure is what that allows.
 *
 * @module
 */

import { byTurns, Helper, report } from "./harness.ts";

/** The goal, where servers and clients have processors of their own. */
const MIN_RATIO = 1.7;
const PROCESSORS = 4;
const ROUNDS = 3;
const WARM_UP_MS = 500;
const MEASURE_MS = 1000;

/** Prints all figures of it. */
export async function reusePortFigures(): Promise<void> {
  await using single = new Helper("sharedServer", 0);
  await using first = new Helper("sharedServer", 0);
  const [alone, shared] = [await single.number(), await first.number()];
  await using second = new Helper("sharedServer", shared);
  await second.number();
  const { ours, bare, ratio } = await byTurns(
    () => connectionsPerSec(shared),
    () => connectionsPerSec(alone),
    ROUNDS,
  );
  const rate = (perSec: number) => `${perSec.toFixed(0)}/s`;
  const isJudged = navigator.hardwareConcurrency >= PROCESSORS;
  report("connect, probe, close: 2 processes to 1", rate(ours), rate(bare), {
    ratio,
    target: isJudged
      ? `at least ${MIN_RATIO}`
      : `${MIN_RATIO} with ${PROCESSORS} processors`,
    met: !isJudged || ratio >= MIN_RATIO,
  });
}

/** The rate of two client processes. */
async function connectionsPerSec(port: number): Promise<number> {
  await using first = new Helper("connecting", port);
  await using second = new Helper("connecting", port);
  const both = async () => await first.ask() + await second.ask();
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const before = await both();
  const startMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, MEASURE_MS));
  return (await both() - before) * 1000 / (performance.now() - startMs);
}
