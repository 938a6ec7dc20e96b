/**
 * Finds peers on the local network: each announces itself to a multicast group
 * now and then, and listens to the others. Nothing is ever answered.
 *
 * @module
 */

import { formatAddress } from "../net/address.ts";
import { receiveDatagram } from "../net/datagram_socket.ts";
import { isDisconnect } from "../net/errors.ts";
import { RateLimiter } from "../net/rate_limiter.ts";
import {
  type Announcement,
  formatAnnouncement,
  parseAnnouncement,
} from "./announcement.ts";
import { sleepUntil } from "../timing/sleep.ts";

/** How often a peer announces itself, in milliseconds, give or take a fifth. */
const ANNOUNCE_MS = 5000;
/** How many announcements a second are listened to. */
const MAX_RATE_PER_SEC = 100;

/** Where to announce, and what. */
export interface DiscoveryOptions {
  /** The multicast group. */
  group: { hostname: string; port: number };
  /** What is announced. */
  announcement: Announcement;
  /** Is given the address of each peer that is heard, again and again. */
  onFound: (address: string) => void;
  /** Ends it. */
  signal: AbortSignal;
}

/**
 * Announces and listens until the signal is aborted, and closes the sockets.
 *
 * @param listening Bound to the group's port, and a member of the group.
 * @param sending Bound to the address where the peer listens, from which the
 * announcements have to come.
 * @param options Where to announce, and what.
 */
export async function discoverPeers(
  listening: Deno.DatagramConn,
  sending: Deno.DatagramConn,
  options: DiscoveryOptions,
): Promise<void> {
  const announcing = announce(sending, options);
  const stop = () => listening.close();
  options.signal.addEventListener("abort", stop);
  if (options.signal.aborted) stop();
  await Promise.all([listen(listening, options), announcing]);
  options.signal.removeEventListener("abort", stop);
  sending.close();
}

async function announce(
  socket: Deno.DatagramConn,
  { group, announcement, signal }: DiscoveryOptions,
): Promise<void> {
  const datagram = formatAnnouncement(announcement);
  while (!signal.aborted) {
    // A network that is away may come back.
    await socket.send(datagram, { transport: "udp", ...group }).catch(() => {});
    const waitMs = ANNOUNCE_MS * (0.8 + Math.random() * 0.4);
    await sleepUntil(performance.now() + waitMs, signal, { relaxed: true });
  }
}

async function listen(
  socket: Deno.DatagramConn,
  { announcement, onFound }: DiscoveryOptions,
): Promise<void> {
  const limiter = new RateLimiter(MAX_RATE_PER_SEC, {
    burst: MAX_RATE_PER_SEC,
  });
  const buffer = new Uint8Array(256);
  try {
    for (;;) {
      const [datagram, from] = await receiveDatagram(socket, buffer);
      const heard = parseAnnouncement(datagram);
      if (heard === null || heard.id === announcement.id) continue;
      if (!limiter.allow("")) continue;
      const { hostname } = from;
      const { port } = heard;
      onFound(formatAddress({ transport: "tcp", hostname, port }));
    }
  } catch (error) {
    if (!isDisconnect(error)) throw error;
  }
}
