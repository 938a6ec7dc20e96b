#!/usr/bin/env -S deno run --unstable-net --allow-net=127.0.0.1
/**
 * STAMP reflector: answers the measurement packets of any STAMP or TWAMP-Light
 * sender, such as a router.
 *
 * Protocol:   STAMP, RFC 8762, over UDP, port 862 (8620 in the task)
 * Socket:     datagram
 * Permission: --allow-net=HOST, to receive there, and the senders' addresses,
 *             to answer them; --allow-env=STAMP_HMAC_KEY or --allow-read=FILE
 *             for a key; --unstable-net outside of this folder
 *
 *     $ deno task stamp-server
 *     listening udp 127.0.0.1:8620
 *
 *     $ deno task stamp-client 127.0.0.1
 *     rtt to 127.0.0.1:8620 over UDP, STAMP, not signed
 *     ...
 *
 * @module
 */

import {
  admissionControl,
  datagramAdmission,
} from "../lib/cli/admission_options.ts";
import { duration, flag, integer } from "../lib/cli/option.ts";
import { defineProgram } from "../lib/cli/program.ts";
import { listen, listenOptions } from "../lib/cli/server_options.ts";
import {
  findStampKey,
  STAMP_KEY_HELP,
  STAMP_KEY_OPTION,
} from "../lib/cli/key_options.ts";
import { formatRefused } from "../lib/net/admission.ts";
import { QueueWatch } from "../lib/net/queue_watch.ts";
import { formatDuration } from "../lib/result/quantities.ts";
import { serveDatagrams } from "../lib/net/serve_datagrams.ts";
import { STAMP_PORT } from "../lib/stamp/packet.ts";
import { StampReflector } from "../lib/stamp/reflector.ts";
import { DEFAULT_MAX_SESSIONS } from "../lib/stamp/session_table.ts";

/** Runs the reflector until it is interrupted; returns the exit code. */
export const main = defineProgram({
  name: "stamp-server",
  summary: "Reflects the packets of STAMP senders, RFC 8762, over UDP.",
  operands: "",
  details: [
    "A reply has the length and the timestamp format of its request. To prevent loops, the reflector does not answer replies, its own port on any host, or the ports of services that answer every datagram.",
    STAMP_KEY_HELP,
    `${STAMP_PORT} is the port of the protocol; ports below 1024 need administrator rights.`,
  ],
  options: {
    ...listenOptions(STAMP_PORT),
    stateless: flag(
      "copy sequence numbers instead of counting in each session",
    ),
    maxSessions: integer("sessions to remember; those that last are kept", {
      default: `${DEFAULT_MAX_SESSIONS}`,
    }),
    ...datagramAdmission(25_000),
    reportInterval: duration("also print the counters this often", {
      min: 100,
      max: 86_400_000,
    }),
    ...STAMP_KEY_OPTION,
  },
  examples: ["--port 8620", "--stateless --report-interval 10s"],
}, async (run) => {
  const { options, signal, terminal } = run;
  const { host, port, stateless, maxSessions, reportInterval } = options;
  const { key, mode, unseen } = await findStampKey(options.keyFile);
  const socket = await listen(
    run,
    { transport: "udp", hostname: host, port },
    (address) => Deno.listenDatagram(address),
  );
  terminal.info(
    `${stateless ? "stateless" : "stateful"}, ${mode}` +
      (unseen === null ? "" : ` (${unseen})`),
  );

  const queue = new QueueWatch();
  const reflector = new StampReflector({
    key,
    stateless,
    maxSessions,
    queue,
  });
  const admission = admissionControl(run);
  const report = () => {
    const { counts } = reflector;
    terminal.info(
      `received ${counts.received + admission.refusedCount}, ` +
        `reflected ${counts.reflected}, sessions ${counts.sessions}; ` +
        `refused: too short ${counts.tooShort}, ` +
        `wrongly signed ${counts.wronglySigned}, replies ${counts.replies}, ` +
        formatRefused(admission, "datagrams"),
    );
    if (queue.maybeDropped === 0) return;
    terminal.info(
      `up to ${queue.maybeDropped} requests may have been dropped here: ` +
        "the socket was not read for up to " +
        formatDuration(queue.longestUnreadMs * 1000),
    );
  };
  const reports = reportInterval && setInterval(report, reportInterval);
  const serving = serveDatagrams(socket, reflector.answer, {
    admission,
    queue,
    signal,
    log: (line) => terminal.log(line),
  });
  await Promise.all([serving, queue.followWakeUp(signal)]);
  clearInterval(reports);
  report();
  return 0;
});

if (import.meta.main) Deno.exit(await main(Deno.args));
