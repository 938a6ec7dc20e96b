/**
 * One probe as every measurement reports it, and the queue that carries samples
 * from a session to its reader.
 *
 * @module
 */

/** The outcome of one probe. Times are of the monotonic clock, in milliseconds. */
export interface Sample {
  /** Its sequence number: from 1, or with STAMP from 0. */
  sequence: number;
  /** Whether it belongs to the warm-up, and is left out of all figures. */
  warmup: boolean;
  /** When it should have been sent. */
  intendedAtMs: number;
  /** When it was sent. */
  sentAtMs: number;
  /** How long the call that sent it took; 0 if that is unknown. */
  sendCallMs: number;
  /**
   * Its round-trip time, without the time that the reflector says it took;
   * `null` if it was lost.
   */
  rttMs: number | null;
  /** How long the reflector says it took, where it says so. */
  reflectorMs?: number;
  /** The forward delay between two clocks, their offset included. */
  forwardMs?: number;
  /** The backward delay, likewise. */
  backwardMs?: number;
  /** The errors of all its timestamps, added up. */
  clockErrorMs?: number;
}

/**
 * Makes the sample of a probe that is about to be sent.
 *
 * @param sequence Its sequence number.
 * @param warmup Whether it belongs to the warm-up.
 * @param intendedAtMs When it should be sent.
 * @returns A sample that is lost until it is completed.
 */
export function newSample(
  sequence: number,
  warmup: boolean,
  intendedAtMs: number,
): Sample {
  return {
    sequence,
    warmup,
    intendedAtMs,
    sentAtMs: intendedAtMs,
    sendCallMs: 0,
    rttMs: null,
  };
}

/**
 * A queue of samples with one reader, that reads it once by `for await`. The
 * reader empties it whenever it runs, so the queue holds the samples of one turn
 * of the event loop.
 *
 * @example Usage
 * ```ts
 * import { newSample, SampleQueue } from "./sample.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new SampleQueue();
 * queue.push(newSample(1, false, 0));
 * queue.end();
 * for await (const { sequence } of queue) assertEquals(sequence, 1);
 * ```
 */
export class SampleQueue implements AsyncIterable<Sample> {
  #samples: Sample[] = [];
  #wake: (() => void) | null = null;
  #ended = false;
  #failure: { error: unknown } | null = null;

  /** Adds a sample. */
  push(sample: Sample): void {
    this.#samples.push(sample);
    this.#notify();
  }

  /** Ends the reader's loop, once it has read what was added before. */
  end(): void {
    this.#ended = true;
    this.#notify();
  }

  /** Makes the reader throw, once it has read what was added before. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.end();
  }

  /** Reads the samples; throws the error that the queue failed with. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Sample, void, void> {
    for (;;) {
      const samples = this.#samples;
      this.#samples = [];
      for (const sample of samples) yield sample;
      if (this.#samples.length > 0) continue;
      if (this.#failure) throw this.#failure.error;
      if (this.#ended) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
