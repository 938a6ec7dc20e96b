/**
 * Samples on their way from those who make them to the one who reads them.
 *
 * @module
 */

import type { Sample } from "./sample.ts";

/**
 * A queue that is read by `for await`, once. It is emptied whenever the reader
 * has its turn, so it holds what came in one turn of the event loop.
 *
 * @example Usage
 * ```ts
 * import { SampleQueue } from "./sample_queue.ts";
 * import { newSample } from "./sample.ts";
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

  /** Lets the reader come to an end. */
  end(): void {
    this.#ended = true;
    this.#notify();
  }

  /** Lets the reader fail, once it has read what was added before. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.end();
  }

  /** Reads the samples; throws what the queue failed with. */
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
