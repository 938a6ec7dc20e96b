/**
 * A compact histogram: one for each minute of several years can be stored.
 *
 * Its buckets are those of Prometheus's native histograms of schema 5: bucket i
 * ends at 2^(i/32) ns, so a quantile is within 1.1 %. Two histograms are merged
 * by adding their buckets. Count, sum, minimum and maximum are exact.
 *
 * Encoded: sum, minimum and maximum as 64-bit floats in microseconds, then for
 * each bucket the distance from the one before and the count, as LEB128.
 *
 * @module
 */

/** Buckets for a factor of 2. */
const PER_OCTAVE = 32;
const HEAD_BYTES = 24;

/**
 * Records delays in microseconds.
 *
 * @example Usage
 * ```ts
 * import { LogHistogram } from "./log_histogram.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const morning = new LogHistogram();
 * morning.record(100);
 * const day = LogHistogram.decode(morning.encode());
 * for (let us = 1; us <= 99; us++) day.record(us);
 * assertEquals([day.count, day.min, day.max], [100, 1, 100]);
 * assertAlmostEquals(day.quantile(0.5)!, 50, 0.6);
 * ```
 */
export class LogHistogram {
  /** How many delays were recorded. */
  count = 0;
  /** Their sum, in microseconds. */
  sum = 0;
  /** The minimum; `Infinity` for none. */
  min: number = Infinity;
  /** The maximum; `-Infinity` for none. */
  max: number = -Infinity;
  #buckets = new Map<number, number>();

  /**
   * Reads what {@linkcode LogHistogram.encode} wrote.
   *
   * @param bytes The bytes.
   * @returns A histogram.
   * @throws {RangeError} If they are truncated.
   */
  static decode(bytes: Uint8Array): LogHistogram {
    const histogram = new LogHistogram();
    histogram.mergeEncoded(bytes);
    return histogram;
  }

  /**
   * Records a delay.
   *
   * @param us The delay; less than a nanosecond counts as one.
   */
  record(us: number): void {
    const index = Math.ceil(Math.log2(Math.max(us * 1000, 1)) * PER_OCTAVE);
    this.#add(index, 1);
    this.sum += us;
    if (us < this.min) this.min = us;
    if (us > this.max) this.max = us;
  }

  /**
   * Adds another histogram.
   *
   * @param other The other; it stays as it is.
   */
  merge(other: LogHistogram): void {
    for (const [index, count] of other.#buckets) this.#add(index, count);
    this.#widen(other.sum, other.min, other.max);
  }

  /**
   * Adds an encoded histogram.
   *
   * @param bytes What {@linkcode LogHistogram.encode} wrote.
   * @throws {RangeError} If it is truncated.
   */
  mergeEncoded(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const [sum, min, max] = [0, 8, 16].map((at) => view.getFloat64(at));
    this.#widen(sum!, min!, max!);
    let at = HEAD_BYTES;
    const varint = () => {
      for (let value = 0, unit = 1;; unit *= 128) {
        const byte = view.getUint8(at++);
        value += (byte & 127) * unit;
        if (byte < 128) return value;
      }
    };
    for (let index = 0; at < bytes.length;) {
      index += varint();
      this.#add(index, varint());
    }
  }

  /**
   * The bytes of the histogram.
   *
   * @returns About 24 bytes and two for each bucket.
   */
  encode(): Uint8Array<ArrayBuffer> {
    const bytes: number[] = [];
    const varint = (value: number) => {
      for (; value >= 128; value = Math.floor(value / 128)) {
        bytes.push(value % 128 + 128);
      }
      bytes.push(value);
    };
    let last = 0;
    for (const [index, count] of this.#sorted()) {
      varint(index - last);
      varint(count);
      last = index;
    }
    const encoded = new Uint8Array(HEAD_BYTES + bytes.length);
    const view = new DataView(encoded.buffer);
    view.setFloat64(0, this.sum);
    view.setFloat64(8, this.min);
    view.setFloat64(16, this.max);
    encoded.set(bytes, HEAD_BYTES);
    return encoded;
  }

  /**
   * A quantile.
   *
   * @param share From 0, the minimum, to 1, the maximum.
   * @returns Microseconds; `null` if nothing was recorded.
   */
  quantile(share: number): number | null {
    return this.quantiles([share])[0]!;
  }

  /**
   * Several quantiles.
   *
   * @param shares From 0 to 1, rising.
   * @returns Microseconds for each; `null` if nothing was recorded.
   */
  quantiles(shares: readonly number[]): (number | null)[] {
    if (this.count === 0) return shares.map(() => null);
    const buckets = this.#sorted();
    let at = -1;
    let below = 0;
    return shares.map((share) => {
      const rank = Math.max(1, Math.ceil(share * this.count));
      while (below < rank) below += buckets[++at]![1];
      if (rank === 1) return this.min;
      if (rank === this.count) return this.max;
      const [index] = buckets[at]!;
      const us = index === 0 ? 0 : 2 ** ((index - 0.5) / PER_OCTAVE) / 1000;
      return Math.min(this.max, Math.max(this.min, us));
    });
  }

  #sorted(): [number, number][] {
    return [...this.#buckets].sort(([one], [other]) => one - other);
  }

  #add(index: number, count: number): void {
    this.#buckets.set(index, (this.#buckets.get(index) ?? 0) + count);
    this.count += count;
  }

  #widen(sum: number, min: number, max: number): void {
    this.sum += sum;
    this.min = Math.min(this.min, min);
    this.max = Math.max(this.max, max);
  }
}
