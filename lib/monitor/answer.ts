/**
 * HTTP answers: JSON, one line, an error, and a body with a deadline.
 *
 * @module
 */

/** The largest piece of a body, in bytes. */
const CHUNK_BYTES = 65_536;

/** An error that is the client's. */
export class RequestError extends Error {
  /** The status of the answer. */
  readonly status: number;

  /**
   * Creates the error.
   *
   * @param status The status of the answer.
   * @param message One sentence.
   */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Sends the body of an answer in pieces, and ends it after a time.
 *
 * @param response The answer.
 * @param deadlineMs How long a reader may take; `null` for any time.
 * @param end Called one time, once the body was sent, or is not wanted any more.
 * @returns The answer with that body.
 */
export function bounded(
  response: Response,
  deadlineMs: number | null,
  end: () => void,
): Response {
  const { body } = response;
  if (body === null) {
    end();
    return response;
  }
  const reader = body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const finish = () => {
    clearTimeout(timer);
    end();
    end = () => {};
  };
  let rest: Uint8Array = new Uint8Array(0);
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      if (deadlineMs === null) return;
      timer = setTimeout(() => {
        finish();
        reader.cancel().catch(() => {});
        controller.error(new Error("the reader is too slow"));
      }, deadlineMs);
    },
    async pull(controller) {
      try {
        if (rest.length === 0) {
          const { done, value } = await reader.read();
          if (done) {
            finish();
            return controller.close();
          }
          rest = value;
        }
        controller.enqueue(rest.subarray(0, CHUNK_BYTES));
        rest = rest.subarray(CHUNK_BYTES);
      } catch (error) {
        finish();
        throw error;
      }
    },
    cancel(reason) {
      finish();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return new Response(stream, response);
}

/**
 * An answer in JSON.
 *
 * @param value The content.
 * @param status The status.
 * @param headers Other headers.
 */
export function json(
  value: unknown,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  return Response.json(value, {
    status,
    headers: { "cache-control": "no-store", ...headers },
  });
}

/**
 * An answer of one line.
 *
 * @param line The line.
 * @param status The status.
 */
export function text(line: string, status = 200): Response {
  return new Response(`${line}\n`, { status });
}

/**
 * An answer that says in JSON what is wrong.
 *
 * @param status The status.
 * @param error One sentence.
 * @param headers Other headers.
 */
export function failed(
  status: number,
  error: string,
  headers: Record<string, string> = {},
): Response {
  return json({ error }, status, headers);
}
