/**
 * How fast each peer of a mesh sends lines to all others.
 *
 * @module
 */

import { AdmissionControl } from "../../lib/net/admission.ts";
import { formatAddress } from "../../lib/net/address.ts";
import { serveStreams } from "../../lib/net/serve_streams.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { peerStreamLimits } from "../../lib/peer/link.ts";
import { PeerMesh } from "../../lib/peer/mesh.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import { nextTurn } from "../../lib/timing/sleep.ts";
import { report, us } from "./harness.ts";

const PEERS = 8;
const MESSAGES = 1000;
/** So many are said at a time, as a burst of typing would be. */
const BURST = 10;

/** Prints all figures of it. */
export async function peerFigures(): Promise<void> {
  const stop = new AbortController();
  const limits = peerStreamLimits(10_000);
  const delivery = new Histogram();
  const saidMs = new Map<string, number[]>();
  const serving: Promise<void>[] = [];
  const meshes: PeerMesh[] = [];
  const addresses: string[] = [];
  for (let index = 0; index < PEERS; index++) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const address = formatAddress(listener.addr);
    const mesh = new PeerMesh({
      name: `peer-${index}`,
      port: listener.addr.port,
      maxPeers: PEERS,
      timeoutMs: 10_000,
      maxRatePerSec: 1_000_000,
      admission: new AdmissionControl(),
      dial: async (target) =>
        new StreamConnection(await Deno.connect(target), limits),
      onEvent: (event) => {
        if (event.event !== "said") return;
        const sentMs = saidMs.get(event.id)![Number(event.text.split(" ")[1])]!;
        delivery.record((performance.now() - sentMs) * 1000);
      },
    });
    serving.push(
      serveStreams(listener, mesh.accept, { limits, signal: stop.signal }),
    );
    saidMs.set(mesh.id, []);
    meshes.push(mesh);
    addresses.push(address);
  }
  for (const mesh of meshes.slice(1)) mesh.connect(addresses[0]!);
  while (meshes.some(({ peers }) => peers.length < PEERS - 1)) await nextTurn();

  const startMs = performance.now();
  const expected = PEERS * (PEERS - 1) * MESSAGES;
  for (let said = 0; said < MESSAGES; said += BURST) {
    for (const mesh of meshes) {
      for (let each = said; each < said + BURST; each++) {
        saidMs.get(mesh.id)!.push(performance.now());
        mesh.say(`message ${each} of ${MESSAGES}`);
      }
    }
    while (delivery.count < PEERS * (PEERS - 1) * (said + BURST)) {
      if (performance.now() - startMs > 60_000) break;
      await nextTurn();
    }
  }
  const seconds = (performance.now() - startMs) / 1000;
  for (const mesh of meshes) await mesh.leave();
  stop.abort();
  await Promise.all(serving);

  const rate = PEERS * MESSAGES / seconds;
  report(
    `${PEERS} peers, each saying ${MESSAGES} messages`,
    `${rate.toFixed(0)} a second`,
    `p99 ${us(delivery.percentile(99)!)}`,
    {
      ratio: null,
      target: `${expected} delivered`,
      met: delivery.count === expected,
    },
  );
}
