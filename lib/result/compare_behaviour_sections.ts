/**
 * What was found of streams, datagrams and servers: losses, the boundaries of
 * messages, and crowds. Each sentence is computed from the figures.
 *
 * @module
 */

import type { LossFigures, LossFindings, LossOptions } from "../cli/losses.ts";
import type { Boundaries } from "../cli/message_boundaries.ts";
import { formatCount, formatDuration, formatRatio } from "./quantities.ts";
import type { Section } from "./section.ts";

/**
 * Shows a lost datagram beside a late segment.
 *
 * @param findings What happened.
 * @param options What was sent, and lost of it.
 * @returns The section.
 */
export function lossSection(
  findings: LossFindings,
  options: Pick<LossOptions, "holdMs" | "waitedMs">,
): Section {
  const { udp, tcp, faults } = findings;
  const { holdMs, waitedMs } = options;
  const sides = [udp, tcp];
  const lost = sides.map(({ sent, received }) => sent - received);
  return {
    title: "A lost datagram and a late segment, on an emulated path",
    table: {
      columns: [{ name: "UDP" }, { name: "TCP" }],
      rows: [
        { name: "sent", unit: "count", values: sides.map(({ sent }) => sent) },
        { name: "lost", unit: "count", values: lost },
        {
          name: `longer than ${waitedMs} ms`,
          unit: "count",
          values: sides.map(({ waited }) => waited),
        },
        ...([["p50", 50], ["p90", 90], ["max", 100]] as const).map(
          ([name, percent]) => ({
            name,
            unit: "us" as const,
            values: sides.map(({ rtt }) => rtt.percentile(percent)),
          }),
        ),
      ],
    },
    charts: [{
      kind: "timeline",
      title: "RTT over time",
      series: [
        { name: "UDP", timeline: udp.timeline },
        { name: "TCP", timeline: tcp.timeline },
      ],
    }],
    sentences: [
      `The path lost ${faults} of ${udp.sent} messages. Over UDP ` +
      `${outcome(udp)}.`,
      `Over TCP, where a segment is sent again after ${holdMs} ms, ` +
      outcome(tcp) +
      (faults > 0 && tcp.waited > faults
        ? ": those behind a late one waited with it."
        : "."),
    ],
  };

  function outcome({ sent, waited, rtt }: LossFigures): string {
    if (rtt.count === 0) return "nothing came back";
    const lost = sent - rtt.count;
    return `${lost === 0 ? "all came back" : `${lost} did not come back`}, ` +
      `and ${
        waited === 0 ? "none" : waited
      } took longer than ${waitedMs} ms, ` +
      `the longest ${formatDuration(rtt.percentile(100))}`;
  }
}

/**
 * Shows whether messages stayed apart.
 *
 * @param tcp What was written to a stream and read from it.
 * @param udp What was sent and received as datagrams.
 * @returns The section.
 */
export function boundariesSection(tcp: Boundaries, udp: Boundaries): Section {
  const sides = [tcp, udp];
  const list = (bytes: number[]) => bytes.join(" + ") || "-";
  return {
    title: "Message boundaries, on loopback",
    table: {
      columns: [{ name: "TCP" }, { name: "UDP" }],
      rows: [
        {
          name: "bytes sent",
          values: sides.map(({ sent }) => list(sent)),
        },
        {
          name: "bytes received",
          values: sides.map(({ received }) => list(received)),
        },
      ],
    },
    charts: [],
    sentences: [
      `Over TCP, ${sentence(tcp, "written", "read")}. ` +
      `Over UDP, ${sentence(udp, "sent", "received")}.`,
    ],
  };
}

function sentence(
  { sent, received }: Boundaries,
  gave: string,
  took: string,
): string {
  const total = sent.reduce((sum, bytes) => sum + bytes, 0);
  const calls = `${formatCount(total, "byte")} ${
    total === 1 ? "was" : "were"
  } ${gave} in ${formatCount(sent.length, "call")}`;
  if (received.length === 0) return `${calls} and nothing was ${took}`;
  return `${calls} and ${took} in ${received.length}: the boundaries were ${
    isPartOf(received, sent) ? "" : "not "
  }kept`;
}

/** Whether each is one of the others: some may be lost, or come out of order. */
function isPartOf(some: number[], others: number[]): boolean {
  const left = [...others];
  return some.every((bytes) => {
    const at = left.indexOf(bytes);
    return at >= 0 && left.splice(at, 1).length === 1;
  });
}

/**
 * Shows what became of a crowd at an iterative and at a concurrent server.
 *
 * @param crowds How long each client waited at the iterative one and at the
 * other, rising, in microseconds.
 * @param delayMs How long each server took for a client.
 * @param where Where that was.
 * @returns The section.
 */
export function crowdSection(
  crowds: readonly [number[], number[]],
  delayMs: number,
  where: string,
): Section {
  const names = ["iterative", "concurrent"];
  const columns = names.map((name) => ({ name }));
  const clients = crowds[0].length;
  const order = Array.from(
    { length: clients },
    (_, index) => `client ${index + 1}`,
  );
  const wait = (index: number) =>
    crowds.map((waitsUs) => waitsUs.at(index) ?? null);
  return {
    title: `Iterative or concurrent: ${
      formatCount(clients, "client")
    }, ${delayMs} ms each, ${where}`,
    table: {
      columns,
      rows: [
        ...order.map((name, index) => ({
          name: `${name} waited`,
          unit: "us" as const,
          values: wait(index),
        })),
        { name: "all done after", unit: "us", values: wait(-1) },
      ],
    },
    charts: [{
      kind: "bars",
      title: "How long each client waited",
      value: { label: "wait", unit: "us" },
      names: order,
      series: names.map((name, index) => ({
        name,
        values: crowds[index]!,
      })),
    }],
    sentences: crowdSentences(crowds, delayMs),
  };
}

function crowdSentences(
  crowds: readonly [number[], number[]],
  delayMs: number,
): string[] {
  const [one, all] = crowds.map((waitsUs) => waitsUs.at(-1));
  if (one === undefined || all === undefined) return [];
  if (crowds[0].length < 2 || delayMs === 0) {
    return ["One client, or no delay, does not tell the two kinds apart."];
  }
  const [iterative, concurrent] = crowds.map((waitsUs) =>
    isInTurn(waitsUs, delayMs)
  );
  const doubts = [
    ...(iterative ? [] : [
      "The server that should serve one at a time did not: start it with " +
      "--mode iterative.",
    ]),
    ...(concurrent
      ? ["The server that should serve all at once did not."]
      : []),
  ];
  if (doubts.length > 0) return doubts;
  return [
    `One at a time, all were served after ${
      formatDuration(one)
    }; all at once, ` +
    `after ${formatDuration(all)}, ${formatRatio(one / all)} times as fast.`,
  ];
}

/** Whether the last one waited for most of the others' delays. */
function isInTurn(waitsUs: number[], delayMs: number): boolean {
  const apart = waitsUs.at(-1)! - waitsUs[0]!;
  return apart > 0.5 * (waitsUs.length - 1) * delayMs * 1000;
}
