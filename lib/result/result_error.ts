/**
 * The error of a file that is not a result.
 *
 * @module
 */

/** Thrown for content that is not a result; the message is half a sentence. */
export class ResultError extends SyntaxError {
  /** Distinguishes it from other errors, also in a log. */
  override readonly name = "ResultError";
  /**
   * What to do about it: `"measure"` to get a result, `"record"` to record
   * events, which can be read in part, `"summarize"` to get a result without
   * its samples.
   */
  readonly hint: "measure" | "record" | "summarize";

  /**
   * Describes what is wrong with the content.
   *
   * @param message What it is instead.
   * @param hint What to do about it.
   */
  constructor(message: string, hint: ResultError["hint"] = "measure") {
    super(message);
    this.hint = hint;
  }
}
