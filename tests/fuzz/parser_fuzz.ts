/**
 * Fuzzes one parser: gives it inputs, and reduces one that it fails on.
 *
 * An input whose outcome is new is kept, and later ones are made from it.
 *
 * @module
 */

import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { nextTurn } from "../../lib/timing/sleep.ts";
import { escapeInput, readCorpus } from "./input.ts";
import { type Bytes, mutated } from "./mutator.ts";

// deno-lint-ignore no-explicit-any
type ErrorClass = new (...args: any[]) => Error;
type Outcome = string | void | Promise<string | void>;

/** A parser, and what must hold of it. */
export interface Target {
  /** Its name; its cases are in `corpus/NAME.txt`. */
  name: string;
  /** Valid inputs. */
  corpus: (string | Bytes)[];
  /** Words of its language. */
  words?: string[];
  /** The longest input, in bytes; default 2048. */
  maxBytes?: number;
  /** The longest time that an input may take, in milliseconds; default 250. */
  maxMs?: number;
  /** The classes of errors that refuse an input; any other is a failure. */
  refusals?: ErrorClass[];
  /**
   * Parses an input, and throws if a rule is broken. Choices, as of where to
   * cut a stream, come from `random`, which depends on the input alone.
   *
   * @returns What became of it; default `valid`.
   */
  run(input: Bytes, random: () => number, text: string): Outcome;
}

/** What a run did. */
export interface FuzzFigures {
  /** Inputs tried. */
  inputs: number;
  /** What became of them. */
  outcomes: Set<string>;
  /** The longest time of an input, in milliseconds. */
  slowestMs: number;
}

/** An input for which a rule is broken. */
export class FuzzFailure extends Error {}

const DEFAULT_MAX_MS = 250;
const DEFAULT_MAX_BYTES = 2048;
/** The most memory that a run may keep, in bytes. */
const MAX_KEPT_BYTES = 64e6;
/** The longest sentence of an error, without what it quotes. */
const MAX_MESSAGE = 2000;
const TURN_INPUTS = 64;
const MAX_POOL = 1000;
const MAX_REDUCTIONS = 3000;

/** The first words of an error's message, without what it quotes. */
export function sentenceOf({ name, message }: Error): string {
  const words = message.replace(/["'].*/s, "").split(/\s+/)
    .filter((word) => /^[A-Za-z]+[,:;]?$/.test(word));
  return `${name}: ${words.slice(0, words[1] === "option" ? 2 : 5).join(" ")}`;
}

/** The inputs of a target that are tried first. */
export function casesOf({ name, corpus }: Target): Bytes[] {
  const given = corpus.map((input) =>
    typeof input === "string" ? new TextEncoder().encode(input) : input
  );
  return [...given, ...readCorpus(name)];
}

/**
 * Fuzzes a parser.
 *
 * @param target The parser.
 * @param limits The seed, and how long to go on.
 * @returns What it did.
 * @throws {FuzzFailure} If a rule is broken; it says how to repeat it.
 */
export async function fuzzParser(
  target: Target,
  limits: { seed: number; seconds: number },
): Promise<FuzzFigures> {
  const { seed, seconds } = limits;
  const random = seededRandom(seed);
  const corpus = casesOf(target);
  const words = (target.words ?? []).map((word) =>
    new TextEncoder().encode(word)
  );
  const { maxBytes = DEFAULT_MAX_BYTES } = target;
  const first = corpus.length;
  const outcomes = new Set<string>();
  const figures = { inputs: 0, outcomes, slowestMs: 0 };
  const untilMs = performance.now() + seconds * 1000;
  let kept: number | null = null;
  while (figures.inputs < first || performance.now() < untilMs) {
    const input = corpus[figures.inputs < first ? figures.inputs : -1] ??
      mutated({ corpus, words, maxBytes }, random);
    figures.inputs += 1;
    try {
      const { outcome, tookMs } = await tried(target, input);
      figures.slowestMs = Math.max(figures.slowestMs, tookMs);
      if (!outcomes.has(outcome) && corpus.length < MAX_POOL) {
        corpus.push(input);
      }
      outcomes.add(outcome);
    } catch (error) {
      throw await describe(target, input, error as Error, seed, figures.inputs);
    }
    // Cleared timers are freed between turns.
    if (figures.inputs % TURN_INPUTS === 0) await nextTurn();
    // What warms up is kept too: the first quarter is not judged.
    if (kept === null && performance.now() > untilMs - seconds * 750) {
      kept = heapBytes();
    }
  }
  await nextTurn();
  const grown = heapBytes() - (kept ?? Infinity);
  if (grown > MAX_KEPT_BYTES) {
    throw new FuzzFailure(
      `${target.name} keeps ${grown} bytes of ${figures.inputs} inputs (seed ${seed})`,
    );
  }
  return figures;
}

/**
 * Tries one input.
 *
 * @param target The parser.
 * @param input The input.
 * @returns What became of it, and how long it took.
 */
export async function tried(
  target: Target,
  input: Bytes,
): Promise<{ outcome: string; tookMs: number }> {
  const { maxMs = DEFAULT_MAX_MS } = target;
  let tookMs = Infinity;
  // Only what is slow each time is slow; a busy machine is so once.
  for (let attempt = 0;; attempt++) {
    const startMs = performance.now();
    const outcome = await outcomeOf(target, input);
    tookMs = Math.min(tookMs, performance.now() - startMs);
    if (tookMs <= maxMs) return { outcome, tookMs };
    if (attempt === 4) throw new Error(`It takes ${tookMs.toFixed(0)} ms`);
  }
}

async function outcomeOf(target: Target, input: Bytes): Promise<string> {
  const random = seededRandom(checksum(input));
  const text = new TextDecoder().decode(input);
  try {
    return await target.run(input.slice(), random, text) ?? "valid";
  } catch (error) {
    const { message } = error as Error;
    const isRefused = target.refusals?.some((kind) => error instanceof kind) &&
      !/call stack|array length/.test(message) &&
      message.length < MAX_MESSAGE + 2 * text.length;
    if (!isRefused) throw error;
    return sentenceOf(error as Error);
  }
}

/** Reduces the input, and says how to repeat the failure. */
async function describe(
  target: Target,
  input: Bytes,
  error: Error,
  seed: number,
  iteration: number,
): Promise<FuzzFailure> {
  const reduced = await reducedInput(target, input, sentenceOf(error));
  const text = escapeInput(reduced);
  return new FuzzFailure(
    [
      `${target.name} fails: ${error.stack ?? error}`,
      `seed ${seed}, input ${iteration}, ${input.length} bytes: ${
        escapeInput(input).slice(0, 4000)
      }`,
      `reduced to ${reduced.length} bytes: ${text}`,
      `repeat it: deno task fuzz ${target.name} --input '${text}'`,
      `keep it: add the reduced input to tests/fuzz/corpus/${target.name}.txt`,
    ].join("\n"),
    { cause: error },
  );
}

/** Leaves out parts as long as the same error comes. */
async function reducedInput(
  target: Target,
  input: Bytes,
  sentence: string,
): Promise<Bytes> {
  let least = input;
  let left = MAX_REDUCTIONS;
  for (let part = Math.ceil(input.length / 2); part >= 1;) {
    let isReduced = false;
    for (let at = 0; at < least.length && left > 0; left--) {
      const shorter = Uint8Array.from(
        [...least.subarray(0, at), ...least.subarray(at + part)],
      );
      const found = await tried(target, shorter).then(() => "", sentenceOf);
      if (found !== sentence) at += part;
      else {
        least = shorter;
        isReduced = true;
      }
    }
    if (!isReduced || part > 1) part = part === 1 ? 0 : Math.ceil(part / 2);
  }
  return least;
}

function checksum(input: Uint8Array): number {
  return input.reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193), 7);
}

/** The memory of objects, after garbage is collected where that is possible. */
export function heapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
