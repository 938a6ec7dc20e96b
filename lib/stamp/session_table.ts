/**
 * The sessions of a reflector, in bounded memory. Sources can be forged, so
 * sessions that last are kept apart from new ones, which compete for the rest of
 * the room.
 *
 * @module
 */

/** The default of `maxSessions`. */
export const DEFAULT_MAX_SESSIONS = 1000;
/** A session without requests ends after REFWAIT (RFC 5357, section 4.2). */
const SESSION_MS = 900_000;
/** A sender that starts to count again after such a silence is a new one. */
const RESTART_MS = 100;
/** A session that has lasted this long is established. */
const ESTABLISHED_AFTER_MS = 1000;
/** An established session makes room for another after such a silence. */
const SILENT_MS = 60_000;

/** What a reflector remembers of a session. */
export interface ReflectorSession {
  /** How many requests were answered: the sequence number of the next reply. */
  answered: number;
  /** The number after the highest of its requests; `null` before the first. */
  expected: number | null;
  /** When its first request arrived. */
  openedMs: number;
  /** When its last request arrived. */
  heardMs: number;
}

/**
 * Sessions by address, port and SSID.
 *
 * Up to half of them, rounded down, are established: they had requests for at
 * least a second. One is forgotten for another established one after a minute of
 * silence. The rest of the room is for new sessions; when it is full, the one
 * with the oldest request is forgotten.
 *
 * @example Usage
 * ```ts
 * import { SessionTable } from "./session_table.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const sessions = new SessionTable(2);
 * const from = { hostname: "192.0.2.1", port: 50000 };
 * sessions.find(from, 7, 0).answered += 1;
 * sessions.find(from, 7, 1000).answered += 1; // established
 * for (let port = 1; port < 100; port++) {
 *   sessions.find({ ...from, port }, 7, 1001);
 * }
 * assertEquals(sessions.find(from, 7, 1002).answered, 2);
 * ```
 */
export class SessionTable {
  #maxSessions: number;
  /** Both in the order of their last requests. */
  #established = new Map<string, ReflectorSession>();
  #newcomers = new Map<string, ReflectorSession>();
  #latest: { session: ReflectorSession; place: SessionPlace } | null = null;

  /** How many sessions were opened. */
  opened: number = 0;

  /**
   * Starts without any session.
   *
   * @param maxSessions The maximum number of sessions to remember.
   */
  constructor(maxSessions: number = DEFAULT_MAX_SESSIONS) {
    this.#maxSessions = maxSessions;
  }

  /**
   * Finds the session of a request, or opens it.
   *
   * @param from The source of the request.
   * @param ssid Its session identifier.
   * @param nowMs When it arrived.
   * @param isFirst Whether its sequence number is the first of a session. After
   * a silence it starts a new one, so that a sender that uses its port again is
   * not counted on.
   * @returns The session; it was heard now.
   */
  find(
    from: Pick<Deno.NetAddr, "hostname" | "port">,
    ssid: number,
    nowMs: number,
    isFirst: boolean = false,
  ): ReflectorSession {
    const { hostname, port } = from;
    const latest = this.#latest;
    // Its key need not be built, and it is the last of its Map already.
    if (
      latest !== null && latest.place.ssid === ssid &&
      latest.place.port === port && latest.place.hostname === hostname &&
      !isOver(latest.session, nowMs, isFirst)
    ) {
      latest.session.heardMs = nowMs;
      if (!latest.place.isNew) return latest.session;
    }
    const key = `${hostname} ${port} ${ssid}`;
    let session = this.#established.get(key) ?? this.#newcomers.get(key);
    if (session === undefined || isOver(session, nowMs, isFirst)) {
      session = {
        answered: 0,
        expected: null,
        openedMs: nowMs,
        heardMs: nowMs,
      };
      this.opened += 1;
      this.#established.delete(key);
    }
    session.heardMs = nowMs;
    this.#newcomers.delete(key);
    const isNew = !this.#established.delete(key) &&
      !this.#establish(session, nowMs);
    if (isNew) this.#forgetNewcomers(nowMs);
    // Last in the order of the Map.
    (isNew ? this.#newcomers : this.#established).set(key, session);
    this.#latest = { session, place: { hostname, port, ssid, isNew } };
    return session;
  }

  /** Whether there is room for a session among the established ones. */
  #establish(session: ReflectorSession, nowMs: number): boolean {
    if (nowMs - session.openedMs < ESTABLISHED_AFTER_MS) return false;
    const room = Math.floor(this.#maxSessions / 2);
    if (this.#established.size < room) return true;
    for (const [key, { heardMs }] of this.#established) {
      if (nowMs - heardMs < SILENT_MS) return false;
      return this.#established.delete(key);
    }
    return false;
  }

  /** Makes room for another new session, and forgets those that are over. */
  #forgetNewcomers(nowMs: number): void {
    const room = this.#maxSessions - this.#established.size;
    for (const [key, session] of this.#newcomers) {
      if (this.#newcomers.size < room && !isOver(session, nowMs)) return;
      this.#newcomers.delete(key);
    }
  }
}

interface SessionPlace {
  hostname: string;
  port: number;
  ssid: number;
  isNew: boolean;
}

function isOver(
  session: ReflectorSession,
  nowMs: number,
  isFirst = false,
): boolean {
  return nowMs - session.heardMs > (isFirst ? RESTART_MS : SESSION_MS);
}
