/**
 * The server of the measure protocol: reads lines, and sends the replies of
 * {@linkcode MeasurePhases}, each after the delay that the client asked for.
 *
 * @module
 */

import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import { FramingError } from "../framing/line_decoder.ts";
import { LF, lineContent } from "../framing/line_ending.ts";
import { isDisconnect } from "../net/errors.ts";
import type { StreamHandler } from "../net/serve_streams.ts";
import { KeyError, type SharedKey } from "../net/shared_key.ts";
import type { StreamConnection } from "../net/stream_connection.ts";
import { sleepUntil } from "../timing/sleep.ts";
import {
  isError,
  isSuccess,
  NO_DIALECT,
  type ServerDialect,
} from "./dialects.ts";
import { LETTERS, REPLIES, type Setup, type SetupLimits } from "./messages.ts";
import { MeasurePhases, refuse } from "./phases.ts";

/** The default of the memory limit for all clients together. */
export const DEFAULT_MEMORY_BYTES = 256 * 1024 * 1024;
/** The measured cost of a connection without its messages, in bytes. */
const CONNECTION_BYTES = 20_480;
/** How much may be delayed at once, in bytes; one reply is always allowed. */
const MAX_DELAYED_BYTES = 65_536;
/** The measured cost of a delayed reply beside its content, in bytes. */
const OVERHEAD_BYTES = 512;

/** The silence that ends a message without LF, in milliseconds. */
const FLUSH_MS = 100;
/** How long bytes without LF stay before they are logged, in milliseconds. */
const STUCK_MS = 500;

/** The options of a measure server. */
export interface MeasureServerOptions {
  /** The upper limits of a client's setup. */
  limits?: SetupLimits;
  /** The most memory that all clients may hold together, in bytes. */
  memoryBytes?: number;
  /** Intentional deviations from the protocol, for clients that expect them. */
  dialect?: ServerDialect;
  /** Serves only clients that prove that they hold this key. */
  key?: SharedKey | undefined;
  /** Called for each client that does not prove it. */
  onUnauthenticated?: () => void;
  /** Receives a line for each refusal, and for each client that is stuck. */
  log?: (line: string) => void;
}

/**
 * Serves the measure protocol to any number of clients.
 *
 * @param options Limits, the dialect, and where to log.
 * @returns A handler for `serveStreams`.
 */
export function measureStreams(
  options: MeasureServerOptions = {},
): StreamHandler {
  const { memoryBytes = DEFAULT_MEMORY_BYTES, dialect = NO_DIALECT } = options;
  const budget = new MemoryBudget(memoryBytes);
  return async (connection) => {
    const log = (line: string) =>
      options.log?.(`${connection.remote}: ${line}`);
    const phases = new MeasurePhases(options.limits, dialect);
    const reader = new MessageReader(connection, phases, dialect);
    using memory = budget.open();
    if (!memory.grow(CONNECTION_BYTES)) {
      log("refused: The memory limit is reached");
      return await connection.writeAll(reader.form(REPLIES.setupError));
    }
    using _watch = new NewlineWatch(connection, log);
    try {
      await options.key?.verify(connection, "measure");
    } catch (error) {
      options.onUnauthenticated?.();
      if (!(error instanceof KeyError)) throw error;
      if (error.fault === "closed") return;
      log(`refused: ${error.message}`);
      return await connection.writeAll(reader.form(REPLIES.setupError));
    }
    const delayed = new DelayLine(connection);
    for (;;) {
      connection.messageLimitBytes = phases.maxLineBytes;
      let verdict;
      try {
        const line = await reader.read();
        if (line === null) {
          if (phases.isWithoutProbe && !connection.isStopping) {
            log("left after the setup without a probe");
          }
          break;
        }
        const setup = phases.setup;
        verdict = phases.accept(line);
        if (phases.setup !== setup && !memory.grow(costOf(phases.setup!))) {
          verdict = refuse(REPLIES.setupError, "The memory limit is reached");
        }
      } catch (error) {
        if (error instanceof Deno.errors.UnexpectedEof) {
          log(`left after ${connection.pendingBytes} bytes without a newline`);
        } else if (isDisconnect(error) && phases.isWithoutProbe) {
          log("left after the setup without a probe");
        }
        if (!(error instanceof FramingError)) throw error;
        verdict = phases.refuse(error.message);
      }
      const { reply, delayMs, closes, refusal } = verdict;
      if (refusal !== null) log(`refused: ${refusal}`);
      await delayed.send(reader.form(reply), delayMs);
      if (closes) break;
    }
    await delayed.drained();
  };
}

/** Reads messages, and ends their replies as the dialect says. */
class MessageReader {
  #connection: StreamConnection;
  #phases: MeasurePhases;
  #dialect: ServerDialect;
  /** Whether the setup, or the latest message, had no LF. */
  #isBareClient = false;
  #isBare = false;

  constructor(
    connection: StreamConnection,
    phases: MeasurePhases,
    dialect: ServerDialect,
  ) {
    this.#connection = connection;
    this.#phases = phases;
    this.#dialect = dialect;
  }

  /** The next message, always with an LF; `null` at the end of the stream. */
  async read(): Promise<Uint8Array<ArrayBuffer> | null> {
    if (!this.#dialect.flush) return await this.#connection.readLine();
    const exactly = this.#isBareClient
      ? { firstByte: LETTERS.probe, bytes: this.#phases.bareProbeBytes }
      : null;
    for (;;) {
      const message = await this.#connection.readMessage(FLUSH_MS, { exactly });
      if (message === null) return null;
      // What follows a probe whose LF came in a segment of its own.
      if (lineContent(message).length === 0) continue;
      this.#isBare = message.at(-1) !== LF;
      if (this.#phases.setup === null) this.#isBareClient = this.#isBare;
      return this.#isBare ? concat([message, Uint8Array.of(LF)]) : message;
    }
  }

  /** Gives the reply to the latest message the ending that the client expects. */
  form(reply: Uint8Array): Uint8Array {
    const { noLf } = this.#dialect;
    if (!noLf && !this.#isBare) return reply;
    const isStatus = isSuccess(reply) || isError(reply);
    return (isStatus ? noLf : this.#isBare) ? reply.subarray(0, -1) : reply;
  }
}

/** Logs bytes that wait for an LF, once a connection. */
class NewlineWatch implements Disposable {
  #timer: ReturnType<typeof setInterval>;

  constructor(connection: StreamConnection, log: (line: string) => void) {
    let lastBytes = 0;
    this.#timer = setInterval(() => {
      const { pendingBytes } = connection;
      if (pendingBytes > 0 && pendingBytes === lastBytes) {
        log(`${pendingBytes} bytes without a newline so far`);
        this[Symbol.dispose]();
      }
      lastBytes = pendingBytes;
    }, STUCK_MS);
    Deno.unrefTimer(this.#timer);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** The most memory that a session can occupy, in bytes. */
function costOf({ sizeBytes, delayMs }: Setup): number {
  const delayedBytes = delayMs > 0 ? Math.max(sizeBytes, MAX_DELAYED_BYTES) : 0;
  return CONNECTION_BYTES + sizeBytes + delayedBytes;
}

interface Delayed {
  dueMs: number;
  bytes: Uint8Array;
}

/**
 * Delays the replies of a connection, as a longer path would: side by side and
 * in order. When too many bytes are delayed, `send` waits, so that TCP slows the
 * client down. Replies that are delayed when the connection closes are dropped.
 */
class DelayLine {
  #connection: StreamConnection;
  #held: Delayed[] = [];
  #heldBytes = 0;
  #leaving: Promise<void> | null = null;
  #left = Promise.withResolvers<void>();

  constructor(connection: StreamConnection) {
    this.#connection = connection;
  }

  /** Sends a reply: at once without a delay, else a copy of it later. */
  async send(bytes: Uint8Array, delayMs: number): Promise<void> {
    if (delayMs === 0 && this.#leaving === null) {
      return await this.#connection.writeAll(bytes);
    }
    const dueMs = performance.now() + delayMs;
    const cost = bytes.length + OVERHEAD_BYTES;
    while (
      this.#held.length > 0 && this.#heldBytes + cost > MAX_DELAYED_BYTES
    ) await this.#left.promise;
    if (this.#connection.closed.aborted) throw new Deno.errors.BrokenPipe();
    this.#connection.beginReply();
    this.#held.push({ dueMs, bytes: bytes.slice() });
    this.#heldBytes += cost;
    this.#leaving ??= this.#leave();
  }

  /** Waits until all replies were sent, or the connection is closed. */
  async drained(): Promise<void> {
    await this.#leaving;
  }

  async #leave(): Promise<void> {
    const { closed } = this.#connection;
    try {
      for (let next; (next = this.#held[0]) !== undefined;) {
        await sleepUntil(next.dueMs, closed);
        if (closed.aborted) break;
        await this.#connection.writeAll(next.bytes);
        this.#held.shift();
        this.#heldBytes -= next.bytes.length + OVERHEAD_BYTES;
        this.#connection.endReply();
        this.#left.resolve();
        this.#left = Promise.withResolvers();
      }
    } catch {
      // The client has left: closing ends the handler's read, which reports it.
      this.#connection.close();
    } finally {
      this.#leaving = null;
      this.#held = [];
      this.#heldBytes = 0;
      this.#left.resolve();
    }
  }
}

/** A number of bytes shared by all clients of a server. */
class MemoryBudget {
  #leftBytes: number;

  constructor(bytes: number) {
    this.#leftBytes = bytes;
  }

  /** Opens one client's share; disposing of it gives the share back. */
  open(): Disposable & { grow(bytes: number): boolean } {
    let heldBytes = 0;
    return {
      /** Asks for a total; a share never shrinks. */
      grow: (bytes) => {
        const more = Math.max(0, bytes - heldBytes);
        if (more > this.#leftBytes) return false;
        this.#leftBytes -= more;
        heldBytes += more;
        return true;
      },
      [Symbol.dispose]: () => {
        this.#leftBytes += heldBytes;
        heldBytes = 0;
      },
    };
  }
}
