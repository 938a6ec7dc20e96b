/**
 * Our scripts, in this process or in one of their own, and other programs.
 *
 * @module
 */

import type { Main } from "../lib/cli/program.ts";
import { type Sink, Terminal } from "../lib/terminal/terminal.ts";
import { compilables } from "../scripts/compile.ts";

/** How long a program may take to start to listen, to say something, or to end. */
const PATIENCE_MS = 180_000;
const ROOT = new URL("..", import.meta.url);
const DECODER = new TextDecoder();

/** Whatever the permissions, a program has the lock file of its task. */
const isLock = (flag: string) => flag.startsWith("--lock=");

/**
 * The command line of one of our scripts, with other flags than its task's.
 * Arguments without spaces may stand in one text with the name.
 */
export function script(
  line: string,
  args: string[] = [],
  flags?: string[],
): string[] {
  const [name, ...first] = line.trim().split(/ +/);
  const found = compilables().find((program) => program.name === name);
  if (!found) throw new Error(`No task runs scripts/${name}.ts`);
  return [
    Deno.execPath(),
    "run",
    ...(flags ? [...found.flags.filter(isLock), ...flags] : found.flags),
    found.script,
    ...found.args,
    ...first,
    ...args,
  ];
}

/** A program that has ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Raises or lowers how many files a command may have open; only root can raise
 * that above the system's hard limit.
 */
export function withOpenFiles(count: number, command: string[]): string[] {
  return ["sh", "-c", `ulimit -n ${count} && exec "$@"`, "sh", ...command];
}

/** What a process writes to one of its streams. */
class Output {
  ended = false;
  #buffer = new Uint8Array(1024);
  #length = 0;
  readonly finished: Promise<void>;
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  #changed = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.finished = this.#collect();
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  get text(): string {
    return DECODER.decode(this.bytes);
  }

  /** Resolves at the next bytes, or at the end. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** Stops listening; other processes may hold the stream open. */
  async cancel(): Promise<void> {
    await this.#reader.cancel();
    await this.finished;
  }

  async #collect(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) this.ended = true;
      else {
        const length = this.#length + value.length;
        if (length > this.#buffer.length) {
          const longer = new Uint8Array(2 * length);
          longer.set(this.bytes);
          this.#buffer = longer;
        }
        this.#buffer.set(value, this.#length);
        this.#length = length;
      }
      this.#changed.resolve();
      if (done) return;
      this.#changed = Promise.withResolvers<void>();
    }
  }
}

/** A process under way, which is killed and reaped at the end of its scope. */
export class Program implements AsyncDisposable {
  readonly stdout: Output;
  readonly stderr: Output;
  #command: string[];
  #child: Deno.ChildProcess;
  #input: WritableStreamDefaultWriter<Uint8Array>;
  #inputClosed = false;

  constructor(command: string[]) {
    const [name, ...args] = command;
    this.#command = command;
    this.#child = new Deno.Command(name!, {
      args,
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.stdout = new Output(this.#child.stdout);
    this.stderr = new Output(this.#child.stderr);
    this.#input = this.#child.stdin.getWriter();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Writes to its standard input. */
  async write(text: string | Uint8Array): Promise<void> {
    const bytes = typeof text === "string"
      ? new TextEncoder().encode(text)
      : text;
    try {
      await this.#input.write(bytes);
    } catch (error) {
      // It may end before it has read all.
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    }
  }

  /** Ends its standard input. */
  async closeInput(): Promise<void> {
    if (this.#inputClosed) return;
    this.#inputClosed = true;
    await this.#input.close().catch(() => {}); // it may have ended before
  }

  /** Waits until what it wrote to a stream has the pattern in it. */
  async heard(
    pattern: RegExp,
    from: "stdout" | "stderr" = "stdout",
  ): Promise<RegExpExecArray> {
    const output = this[from];
    return await this.#patiently(`write ${pattern} to ${from}`, async () => {
      for (;;) {
        const { changed } = output;
        const found = pattern.exec(output.text);
        if (found) return found;
        if (output.ended) throw this.#failure(`did not write ${pattern}`);
        await changed;
      }
    });
  }

  /** Waits until it ends by itself. */
  async ended(): Promise<Ended & { stdoutBytes: Uint8Array }> {
    return await this.#patiently("end", async () => {
      const { code } = await this.#child.status;
      await Promise.all([this.stdout.finished, this.stderr.finished]);
      return {
        code,
        stdout: this.stdout.text,
        stdoutBytes: this.stdout.bytes,
        stderr: this.stderr.text,
      };
    });
  }

  /** Sends it a signal. */
  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /** Asks it to end, and waits until it does. */
  async stop(): Promise<Ended & { stdoutBytes: Uint8Array }> {
    this.signal("SIGTERM");
    await this.closeInput();
    return await this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.closeInput();
    await this.#child.status;
    await Promise.all([this.stdout.cancel(), this.stderr.cancel()]);
  }

  async #patiently<T>(what: string, wait: () => Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(this.#failure(`did not ${what} in ${PATIENCE_MS} ms`)),
      PATIENCE_MS,
    );
    try {
      return await Promise.race([wait(), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #failure(what: string): Error {
    const { stdout, stderr } = this;
    return new Error(
      `${
        this.#command.join(" ")
      } ${what}\nstdout: ${stdout.text}\nstderr: ${stderr.text}`,
    );
  }
}

/** Runs a program to its end, with all of its input given at once. */
export async function run(
  command: string[],
  stdin: string | Uint8Array = "",
): Promise<Ended & { stdoutBytes: Uint8Array }> {
  await using program = new Program(command);
  await program.write(stdin);
  await program.closeInput();
  return await program.ended();
}

/** A server under way, and where it listens. */
export class Server extends Program {
  /** As HOST:PORT, [V6]:PORT or PATH. */
  address = "";

  get port(): string {
    return this.address.slice(this.address.lastIndexOf(":") + 1);
  }

  /** HOST and PORT, as most programs take them. */
  get hostAndPort(): [string, string] {
    return ["127.0.0.1", this.port];
  }
}

/** As servers and the monitor say it, and as a peer does for programs. */
const LISTENING =
  /^(?:listening (?:\S+ |\w+:\/\/)(\S+)|\{"event":"listening","address":"([^"]+)"\})$/m;

/** Starts a server that prints where it listens, as ours do. */
export async function serve(command: string[]): Promise<Server> {
  const server = new Server(command);
  try {
    const [, plain, json] = await server.heard(LISTENING);
    server.address = (plain ?? json)!;
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** Starts one of our servers on a free port. */
export function serveScript(line: string, ...args: string[]): Promise<Server> {
  return serve(script(line, ["--port", "0", ...args]));
}

/** What a program in this process writes to one of its streams. */
class HeardSink implements Sink {
  text = "";
  changed = Promise.withResolvers<void>();
  #decoder = new TextDecoder();
  #broken = false;

  /** Stops reading: the next write fails, as it does for `head`. */
  cancel(): void {
    this.#broken = true;
  }

  writeSync(bytes: Uint8Array): number {
    if (this.#broken) throw new Deno.errors.BrokenPipe();
    this.text += this.#decoder.decode(bytes, { stream: true });
    this.changed.resolve();
    this.changed = Promise.withResolvers<void>();
    return bytes.length;
  }

  isTerminal(): boolean {
    return false;
  }
}

/** A script under way in this process, which is stopped at the end of its scope. */
export class ProgramHere implements AsyncDisposable {
  readonly stdout = new HeardSink();
  readonly stderr = new HeardSink();
  /** Where it listens, once it has said so. */
  address = "";
  #stop = new AbortController();
  #code: Promise<number>;

  /** Starts what `script()` gives. */
  constructor(command: string[]) {
    const at = command.findIndex((word) => word.startsWith("scripts/"));
    const io = {
      terminal: new Terminal(this.stdout, this.stderr),
      signal: this.#stop.signal,
    };
    this.#code = import(`../${command[at]}`).then(
      ({ main }: { main: Main }) => main(command.slice(at + 1), io),
    );
  }

  get port(): string {
    return this.address.slice(this.address.lastIndexOf(":") + 1);
  }

  /** HOST and PORT, as most programs take them. */
  get hostAndPort(): [string, string] {
    return ["127.0.0.1", this.port];
  }

  /** Waits until what it wrote to a stream has the pattern in it. */
  async heard(
    pattern: RegExp,
    from: "stdout" | "stderr" = "stdout",
  ): Promise<RegExpExecArray> {
    let over = false;
    const ended = this.#code.then(() => {
      over = true;
    });
    for (;;) {
      const { changed, text } = this[from];
      const found = pattern.exec(text);
      if (found) return found;
      if (over) {
        throw new Error(`The program did not write ${pattern}: ${text}`);
      }
      await Promise.race([changed.promise, ended]);
    }
  }

  /** Interrupts it, as Ctrl-C does. */
  interrupt(): void {
    this.#stop.abort();
  }

  /** Waits until it ends by itself. */
  async ended(): Promise<Ended> {
    const code = await this.#code;
    return { code, stdout: this.stdout.text, stderr: this.stderr.text };
  }

  /** Interrupts it, and waits until it ends. */
  stop(): Promise<Ended> {
    this.interrupt();
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Runs one of our scripts to its end in this process. */
export async function runHere(
  name: string,
  ...args: string[]
): Promise<Ended> {
  return await new ProgramHere(script(name, args)).ended();
}

/** Starts one of our servers on a free port, in this process. */
export async function serveHere(
  name: string,
  ...args: string[]
): Promise<ProgramHere> {
  const server = new ProgramHere(script(name, ["--port", "0", ...args]));
  const [, plain, json] = await server.heard(LISTENING);
  server.address = (plain ?? json)!;
  return server;
}
