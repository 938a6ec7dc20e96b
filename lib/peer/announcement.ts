/**
 * How a peer makes itself known on a local network: a datagram to a multicast
 * group, one line of text.
 *
 *     roundtrip-peer 1 ID PORT
 *
 * It listens on PORT of the address from which the datagram comes; no other host
 * can be named, so that nobody is sent to a third one.
 *
 * @module
 */

/** What an announcement says. */
export interface Announcement {
  /** Who it is: 32 hexadecimal digits. */
  id: string;
  /** Where it listens. */
  port: number;
}

const LINE = /^roundtrip-peer 1 ([0-9a-f]{32}) ([1-9]\d{0,4})\n?$/;

/**
 * Writes an announcement.
 *
 * @param announcement What it says.
 * @returns The datagram.
 *
 * @example Usage
 * ```ts
 * import { formatAnnouncement, parseAnnouncement } from "./announcement.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const announcement = { id: "0".repeat(32), port: 5000 };
 * const datagram = formatAnnouncement(announcement);
 * assertEquals(parseAnnouncement(datagram), announcement);
 * ```
 */
export function formatAnnouncement(
  { id, port }: Announcement,
): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`roundtrip-peer 1 ${id} ${port}\n`);
}

/**
 * Reads an announcement.
 *
 * @param datagram The datagram.
 * @returns What it says; `null` if it is none.
 */
export function parseAnnouncement(datagram: Uint8Array): Announcement | null {
  if (datagram.length > 64) return null;
  const found = LINE.exec(new TextDecoder().decode(datagram));
  if (found === null) return null;
  const port = Number(found[2]);
  return port <= 65_535 ? { id: found[1]!, port } : null;
}
