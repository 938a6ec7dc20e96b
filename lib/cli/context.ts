/**
 * Errors as one sentence: the action, its target, what happened, and the remedy.
 *
 * @module
 */

import { FramingError } from "../framing/line_decoder.ts";
import { ProtocolError, type ProtocolHint } from "../measure/messages.ts";
import { Iperf3Error, type Iperf3Fault } from "../iperf3/messages.ts";
import { formatAddress, type Target } from "../net/address.ts";
import { ResultError } from "../result/result_error.ts";
import { DeadlineError, errorCode, errorMessage } from "../net/errors.ts";
import { KeyError, type KeyFault } from "../net/shared_key.ts";
import { isLoopback } from "../net/source.ts";
import { TlsError, type TlsFault } from "../net/tls.ts";
import { flagOf, UsageError } from "./options.ts";

/** The target of an action: an address, or the name of a host. */
export type Place =
  | Target
  | Deno.Addr
  | { transport?: "tcp" | "udp"; hostname: string; port: number }
  | string;

/** The command line of a server. */
export interface ServerCommand {
  /** The name of its task. */
  name: string;
  /** The options that were given, as written. */
  given: Record<string, string | string[] | true>;
}

/** An action; its object is the target or the file. */
export interface Task {
  /** The action, as in `connect to` or `read`. */
  action: string;
  /** The host or socket that the action is about. */
  target?: Place;
  /** The server that performs the action, for the remedy. */
  server?: ServerCommand;
  /** The path of the file that is read. */
  read?: string;
  /** The path of the file that is written. */
  write?: string;
}

/** An error whose message is a complete sentence for the user. */
export class RunError extends Error {
  /** Distinguishes it from other errors, also in a log. */
  override readonly name = "RunError";
}

/**
 * Runs an action; if it fails, adds to the error what was being done.
 *
 * @param task The task; a text if it has no target and no file.
 * @param action Performs the task.
 * @returns The result of the action.
 * @throws {RunError} If it fails; the error itself is its `cause`.
 *
 * @example Usage
 * ```ts
 * import { withContext } from "./context.ts";
 * import { assertRejects } from "@std/assert";
 *
 * const target = { hostname: "127.0.0.1", port: 12000 };
 * await assertRejects(
 *   () =>
 *     withContext({ action: "connect to", target }, () => {
 *       throw new Deno.errors.ConnectionRefused();
 *     }),
 *   Error,
 *   "Cannot connect to 127.0.0.1:12000: nothing listens there",
 * );
 * ```
 */
export async function withContext<T>(
  task: Task | string,
  action: () => T | Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    // The message is a sentence already.
    if (error instanceof RunError || error instanceof UsageError) throw error;
    const what = typeof task === "string" ? { action: task } : task;
    const { target, read, write } = what;
    const object = target === undefined ? read ?? write : formatPlace(target);
    throw new RunError(
      `Cannot ${what.action}${object === undefined ? "" : ` ${object}`}: ${
        explain(error, what)
      }`,
      { cause: error },
    );
  }
}

/** Formats a target; the name of a host is left as it is. */
function formatPlace(target: Place): string {
  return typeof target === "string" ? target : formatAddress(target as Target);
}

/** Explanations of system errors, by their class or their code. */
const MEANINGS: [
  (abstract new (...args: never[]) => Error) | string,
  string,
][] = [
  [
    Deno.errors.AddrInUse,
    "the address is taken by another program, or by connections closed less than a minute ago (TIME_WAIT); wait a minute, choose another port with --port, or use --port 0 for a free one",
  ],
  [
    Deno.errors.AddrNotAvailable,
    "this machine does not have this address; use 127.0.0.1, or 0.0.0.0 for all of its addresses",
  ],
  [
    Deno.errors.ConnectionRefused,
    "nothing listens there; start the server, or check the host and the port",
  ],
  [
    Deno.errors.ConnectionReset,
    "the peer reset the connection: it ended, or rejected the request; check its output",
  ],
  [
    Deno.errors.BrokenPipe,
    "the peer closed the connection: it ended, or rejected the request; check its output",
  ],
  [
    Deno.errors.UnexpectedEof,
    "the peer closed the connection in the middle of a message; check its output",
  ],
  [Deno.errors.NotFound, "there is no such path; check the spelling"],
  [Deno.errors.IsADirectory, "it is a folder; name a file"],
  [
    Deno.errors.PermissionDenied,
    "the system denies access; ports below 1024 need administrator rights, so choose a higher one",
  ],
  [
    "ENOTFOUND",
    "there is no host of that name; check the spelling, or use its address",
  ],
  [
    "ENETUNREACH",
    "this machine has no route to it; check the address and the network",
  ],
  [
    "EHOSTUNREACH",
    "this machine has no route to it; check the address and the network",
  ],
  [
    "EMSGSIZE",
    "the message is too long for one datagram; the maximum is 65507 bytes",
  ],
  [
    "EMFILE",
    "this process has reached its limit of open files and sockets; raise it with ulimit -n",
  ],
];

/** Remedies for files that are not results. */
const RESULT_REMEDIES: Record<ResultError["hint"], string> = {
  measure: "measure with --json or --ndjson",
  record: "measure again; with --ndjson an incomplete file can be read as well",
  summarize: "measure with --json, which leaves the samples out",
};

const HINTS: Record<ProtocolHint, string> = {
  dialect: "--lenient accepts the known dialects",
  first_probe:
    "if the server numbers probes from 0, use --first-probe 0; otherwise check which messages it accepts",
  delay_unit:
    "if the server takes its delay in seconds, use --delay-unit s; otherwise raise --timeout",
  echo_server: "start measure-server there, or check the port",
  setup:
    "the setup exceeds a limit of the server, or the server requires a shared key: give its key with --key-file FILE or ROUNDTRIP_KEY",
};

const KEY_REMEDIES: Record<KeyFault, string> = {
  absent:
    "if it is a measure-server, start it with the same key: --key-file FILE or ROUNDTRIP_KEY",
  refused:
    "give both sides the same key: compare their --key-file or ROUNDTRIP_KEY",
  wrong: "another program answers in its place; check the host and the port",
  closed: "check the output of the server",
};

const TLS_REMEDIES: Record<Exclude<TlsFault, "names">, string> = {
  plain:
    "the server does not speak TLS; leave --tls out, or start it with --tls-cert and --tls-key",
  encrypted:
    "the server speaks TLS; add --tls, and --tls-ca with the file of its authority",
  expired:
    "the server's certificate has expired; replace it (make-cert makes one), or set the clock of this machine",
  early:
    "the server's certificate is not valid yet; replace it, or set the clocks of both machines",
  issuer:
    "the server's certificate is not signed by an authority that is trusted here; name the file of its authority with --tls-ca, as in --tls-ca certs/authority.pem",
  authority:
    "the server's certificate signs itself, which is refused; start the server with one that an authority signed, as make-cert makes it",
  refused:
    "the server wants a certificate of the client, which programs of this project cannot show; start it without --tls-client-ca",
  closed:
    "the server ended the TLS handshake; check the port and its output: perhaps it wants a certificate of the client (--tls-client-ca), which programs of this project cannot show",
  other: "check the output of the server",
};

const IPERF3_REMEDIES: Partial<Record<Iperf3Fault, string>> = {
  busy: "try again later, or start throughput-server with --concurrent 2",
  authentication:
    "check --username, IPERF3_PASSWORD and the clocks; iperf3 before 3.17 needs --use-pkcs1-padding",
  closed:
    "the server ended, refused the test, or does not speak iperf3's protocol; check its output and the port",
  malformed:
    "perhaps the server does not speak iperf3's protocol; check the port",
  oneWay: "measure once with --reverse and once without",
  refused: "check the server's output",
};

/**
 * Explains an error and names the remedy.
 *
 * @param error What was caught.
 * @param task The task that failed.
 * @returns The second half of a sentence.
 */
export function explain(error: unknown, task?: Task): string {
  if (error instanceof RunError) return error.message;
  if (error instanceof Deno.errors.NotCapable) {
    return explainDenied(error, task);
  }
  if (error instanceof FramingError) {
    return `${error.message}; the peer does not speak this protocol`;
  }
  if (error instanceof ProtocolError && error.hint !== null) {
    return `${error.message}; ${HINTS[error.hint]}`;
  }
  if (error instanceof KeyError) {
    return `the server is not authenticated: ${error.message}; ${
      KEY_REMEDIES[error.fault]
    }`;
  }
  if (error instanceof TlsError) return explainTls(error);
  if (error instanceof Iperf3Error) {
    const remedy = IPERF3_REMEDIES[error.fault];
    return remedy === undefined ? error.message : `${error.message}; ${remedy}`;
  }
  if (error instanceof ResultError) {
    return `${error.message}; ${RESULT_REMEDIES[error.hint]}`;
  }
  if (error instanceof TypeError && !("listenDatagram" in Deno)) {
    return "UDP needs --unstable-net; run it with deno run --unstable-net --allow-net, or from the project's folder";
  }
  if (error instanceof DeadlineError && error.wait === "connect") {
    return `no answer within ${error.timeoutMs} ms; check the address and the firewalls, or raise --timeout`;
  }
  if (error instanceof DeadlineError && error.wait === "handshake") {
    return `no TLS handshake within ${error.timeoutMs} ms; if the server does not speak TLS, leave --tls out, or start it with --tls-cert and --tls-key`;
  }
  const code = errorCode(error);
  return (task && explainPath(error, task)) ??
    MEANINGS.find(([kind]) =>
      typeof kind === "string" ? kind === code : error instanceof kind
    )?.[1] ?? errorMessage(error);
}

/** Explains a failure of TLS; the names of a certificate are for `--tls-name`. */
function explainTls({ fault, names, asked, message }: TlsError): string {
  if (fault === "other") return `${message}; ${TLS_REMEDIES.other}`;
  if (fault !== "names") return TLS_REMEDIES[fault];
  return names.length === 0
    ? `the server's certificate is not for ${asked}; connect to an address that it has, or give that with --tls-name`
    : `the server's certificate is for ${
      names.join(", ")
    }, not for ${asked}; use --tls-name ${names[0]}`;
}

/** Explains an error about a file or a Unix socket. */
function explainPath(error: unknown, task: Task): string | null {
  const { target, read, write } = task;
  if (typeof target === "object" && "path" in target) {
    if (error instanceof Deno.errors.NotFound) {
      return "there is no such path; start the server first, or check the spelling";
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      return "the system denies access; choose a path in a folder of your own";
    }
    return error instanceof Deno.errors.AddrInUse
      ? "that path exists; choose another, or remove it if it is the socket of a server that has ended"
      : null;
  }
  if (error instanceof Deno.errors.NotFound && read && !read.startsWith("/")) {
    return `there is no such path in ${
      currentFolder() ?? "this folder"
    }; check the spelling, or give the whole path`;
  }
  return error instanceof Deno.errors.PermissionDenied && (read || write)
    ? "the system denies access; check the file's owner and mode"
    : null;
}

/** The folder in which relative paths start; that of a task is the project's. */
function currentFolder(): string | null {
  try {
    return Deno.cwd();
  } catch { // not permitted
    return null;
  }
}

/** Names the flags that grant what the task needs. */
function explainDenied(error: Error, task: Task = { action: "" }): string {
  const { server, target } = task;
  if (server && typeof target === "object" && target.transport === "udp") {
    const { hostname } = target as Deno.NetAddr;
    if (!isLoopback(hostname)) {
      return `permission not granted; ${lanRemedy(server)}`;
    }
  }
  const flags = missingFlags(task);
  return flags === null
    ? `permission not granted; ${error.message}`
    : `permission not granted; run it with deno run ${flags}`;
}

/**
 * Names the commands that run a UDP server with permission to answer a network.
 * Deno checks the address of each answer.
 *
 * @param server The server.
 * @returns The end of a sentence.
 */
export function lanRemedy({ name, given }: ServerCommand): string {
  const options = Object.entries(given).flatMap(([key, value]) =>
    key === "host"
      ? []
      : [value].flat().map((value) =>
        value === true
          ? ` --${flagOf(key)}`
          : ` --${flagOf(key)} ${quote(value)}`
      )
  ).join("");
  const script = `scripts/${name.replaceAll("-", "_")}.ts`;
  return `run deno task ${name}:lan${options} for private IPv4 networks, or for all networks deno run --unstable-net --allow-net ${script} --host 0.0.0.0${options}`;
}

/** Quotes an argument for a shell if that is needed. */
function quote(argument: string): string {
  return /^[\w.:,=/-]+$/.test(argument)
    ? argument
    : `'${argument.replaceAll("'", "'\\''")}'`;
}

/** The flags that a task lacks; `null` if something else is missing. */
function missingFlags({ target, read, write }: Task): string | null {
  if (typeof target === "object" && "path" in target) {
    const { path } = target;
    return `--allow-net=unix:${path} --allow-read=${path} --allow-write=${path}`;
  }
  const [flag, descriptor]: [string, Deno.PermissionDescriptor | null] =
    target !== undefined
      ? [netFlag(target), { name: "net", host: formatPlace(target) }]
      : read !== undefined
      ? [`--allow-read=${read}`, { name: "read", path: read }]
      : write !== undefined
      ? [`--allow-write=${write}`, { name: "write", path: write }]
      : ["", null];
  if (descriptor === null) return null;
  const { state } = Deno.permissions.querySync(descriptor);
  return state === "granted" ? null : flag;
}

/** A UDP socket also needs the address of each peer that it answers. */
function netFlag(target: Place): string {
  if (typeof target === "object" && target.transport === "udp") {
    const { hostname } = target as Deno.NetAddr;
    if (hostname === "127.0.0.1") return `--allow-net=${hostname}`;
    return hostname === "::1" ? "--allow-net=[::1]" : "--allow-net";
  }
  return `--allow-net=${formatPlace(target)}`;
}
