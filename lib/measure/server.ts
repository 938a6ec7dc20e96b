/**
 * The server of the measurement protocol: reads the lines, and sends the
 * answers of {@linkcode MeasurementPhases}, each after the delay that was asked
 * for.
 *
 * @module
 */

import { FramingError } from "../framing/framing_error.ts";
import type { StreamHandler } from "../net/serve_streams.ts";
import { REPLIES, type Setup, type SetupLimits } from "./messages.ts";
import { CAPACITY_BYTES, DelayLine } from "./delay_line.ts";
import { MeasurementPhases, refuse } from "./phases.ts";
import { MemoryBudget } from "./memory_budget.ts";

/** How much memory all clients may have a server hold, unless told otherwise. */
export const DEFAULT_MEMORY_BYTES = 256 * 1024 * 1024;

/** How a measurement server is set up. */
export interface MeasurementOptions {
  /** The most that a client may ask for. */
  limits?: SetupLimits;
  /** How much memory all clients may have it hold, in bytes. */
  memoryBytes?: number;
  /** Told what was asked for, and why something was refused. */
  log?: (line: string) => void;
}

/**
 * Serves the measurement protocol to any number of clients.
 *
 * @param options How the server is set up.
 * @returns A handler for `serveStreams`.
 */
export function measurementStreams(
  options: MeasurementOptions = {},
): StreamHandler {
  const { memoryBytes = DEFAULT_MEMORY_BYTES, log = () => {} } = options;
  const budget = new MemoryBudget(memoryBytes);
  return async (connection) => {
    const phases = new MeasurementPhases(options.limits);
    using memory = budget.open();
    const delayed = new DelayLine(connection);
    for (;;) {
      connection.messageLimitBytes = phases.maxLineBytes;
      let verdict;
      try {
        const line = await connection.readLine();
        if (line === null) break;
        const setup = phases.setup;
        verdict = phases.accept(line);
        if (phases.setup !== setup && !memory.grow(costOf(phases.setup!))) {
          verdict = refuse(REPLIES.setupError, "the server's memory is in use");
        }
      } catch (error) {
        if (!(error instanceof FramingError)) throw error;
        verdict = phases.refuse(error.message);
      }
      const { reply, delayMs, closes, refusal } = verdict;
      if (refusal !== null) log(`${connection.remote}: refused, ${refusal}`);
      await delayed.send(reply, delayMs);
      if (closes) break;
    }
    await delayed.drained();
  };
}

/** What a session may have the server hold, in bytes. */
function costOf({ sizeBytes, delayMs }: Setup): number {
  const delayedBytes = delayMs > 0 ? Math.max(sizeBytes, CAPACITY_BYTES) : 0;
  return sizeBytes + delayedBytes;
}
