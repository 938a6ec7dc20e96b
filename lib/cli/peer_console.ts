/**
 * The console of a peer: reads lines from the terminal or from standard input,
 * and shows events.
 *
 * @module
 */

import process from "node:process";
import * as readline from "node:readline";
import { DeadlineError } from "../net/errors.ts";
import { isPeerText, MAX_TEXT_BYTES, PeerFault } from "../peer/messages.ts";
import type { PeerEvent, PeerMesh, PeerState } from "../peer/mesh.ts";
import { escapeControls, safeJson } from "../result/escape.ts";
import { formatDuration } from "../result/quantities.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { sleepUntil } from "../timing/sleep.ts";
import { explain } from "./context.ts";
import { parseName, parsePeer } from "./peer_options.ts";
import { sentences } from "./sentences.ts";

/** A line being typed, and in which of its rows the cursor was drawn last. */
type TypedLine = readline.Interface & { prevRows?: number };

/** How long to wait between lines that are not typed, in milliseconds. */
const PACE_MS = 3;

const HELP = `What you type is sent to all peers. Commands:
  /peers                 list the peers: name, address, round trip
  /connect HOST:PORT     connect to a peer, and through it to the others
  /disconnect NAME       part from a peer, or stop dialling an address
  /msg NAME TEXT         send TEXT to one peer alone
  /name NAME             change your name
  /help                  print this
  /quit                  leave
NAME may also be a peer's address. A line //TEXT is sent as /TEXT.`;

/** Shows events, and executes the lines that it reads. */
export class PeerConsole {
  #terminal: Terminal;
  #json: boolean;
  #typing: TypedLine | null = null;
  /** The number of lines that reached no peer, or were too long to send. */
  unheard = 0;

  /**
   * Creates the console.
   *
   * @param terminal Where to write.
   * @param json Whether to write events for programs.
   */
  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal;
    this.#json = json;
  }

  /**
   * Shows the address on which this peer listens.
   *
   * @param address As `HOST:PORT`.
   */
  listening(address: string): void {
    this.#show({ event: "listening", address }, `listening tcp ${address}`);
  }

  /** Shows an event. */
  readonly onEvent = (event: PeerEvent): void => {
    if (event.event !== "error") return this.#show(event, describeEvent(event));
    const { address } = event;
    const error = describeFault(event.error);
    if (this.#json) this.#show({ ...event, error }, "");
    else this.#above(() => this.#terminal.log(`! ${address}: ${error}`));
  };

  /**
   * Executes lines from the terminal or from standard input, until its end.
   *
   * @param mesh The mesh to take part in.
   * @param signal Ends the reading early.
   */
  async run(mesh: PeerMesh, signal: AbortSignal): Promise<void> {
    if (Deno.stdin.isTerminal() && this.#terminal.isTerminal) {
      return await this.#runTyped(mesh, signal);
    }
    await mesh.introduced(signal);
    const decoder = new TextDecoder();
    for await (const line of sentences([], signal)) {
      if (!this.#obey(decoder.decode(line).replace(/\r?\n$/, ""), mesh)) return;
      await mesh.drained();
      await sleepUntil(performance.now() + PACE_MS, signal, { relaxed: true });
    }
  }

  /** Reads a terminal; incoming lines appear above the one being typed. */
  #runTyped(mesh: PeerMesh, signal: AbortSignal): Promise<void> {
    const typing = readline.createInterface({
      input: process.stdin,
      output: process.stdout,
      prompt: "> ",
      historySize: 100,
    });
    this.#typing = typing;
    const close = () => typing.close();
    signal.addEventListener("abort", close);
    let quit = false;
    return new Promise((resolve) => {
      typing.on("line", (line) => {
        if (this.#obey(line, mesh)) return typing.prompt();
        quit = true;
        typing.close();
      });
      typing.on("SIGINT", close);
      typing.on("close", () => {
        if (!quit) this.#terminal.print(""); // leave the typed line
        signal.removeEventListener("abort", close);
        this.#typing = null;
        resolve();
      });
      if (signal.aborted) close();
      else typing.prompt();
    });
  }

  /** Executes one line; returns `false` for the command to leave. */
  #obey(line: string, mesh: PeerMesh): boolean {
    const [, command, rest = ""] = /^\/(?!\/)(\S*)\s*(.*)$/s.exec(line) ?? [];
    switch (command) {
      case undefined:
        this.#send(line.replace(/^\/\//, "/"), (text) => mesh.say(text));
        return true;
      case "quit":
        return false;
      case "help":
        this.#info(HELP);
        return true;
      case "peers":
        this.#showPeers(mesh);
        return true;
      case "connect":
        this.#try(() => {
          if (!mesh.connect(parsePeer(rest))) {
            this.#refuse("too many addresses");
          }
        });
        return true;
      case "disconnect":
        if (mesh.missing.some(({ address }) => address === rest)) {
          mesh.disconnect(rest);
        } else this.#with(mesh, rest, ({ id }) => mesh.disconnect(id));
        return true;
      case "msg": {
        const [, name = "", text = ""] = /^(\S*)\s?(.*)$/s.exec(rest) ?? [];
        if (text === "") this.#refuse("usage: /msg NAME TEXT");
        else {
          this.#with(
            mesh,
            name,
            ({ id }) => this.#send(text, (line) => mesh.tell(id, line)),
          );
        }
        return true;
      }
      case "name":
        this.#try(() => {
          mesh.rename(parseName(rest));
          if (this.#typing) this.#info(`* your name is now ${rest}`);
        });
        return true;
      default:
        this.#refuse(`unknown command /${command}: see /help`);
        return true;
    }
  }

  /** Sends a line, and counts it if it reaches no peer. */
  #send(text: string, send: (text: string) => number): void {
    if (text === "") return;
    const line = text.replaceAll(/[\n\r]/g, " ");
    if (isPeerText(line)) {
      if (send(line) === 0) this.unheard += 1;
    } else {
      this.unheard += 1;
      this.#refuse(`not sent: longer than ${MAX_TEXT_BYTES} bytes`);
    }
  }

  /** Runs an action on the peer with a name, an address or an ID. */
  #with(mesh: PeerMesh, name: string, action: (peer: PeerState) => void): void {
    const peer = mesh.peers.find((peer) => peer.name === name) ??
      mesh.peers.find(({ address, id }) => address === name || id === name);
    if (peer) action(peer);
    else this.#refuse(`no peer has the name "${name}": see /peers`);
  }

  #showPeers({ peers, missing }: PeerMesh): void {
    const row = (name: string, address: string, state: string) =>
      `${name.padEnd(12)} ${address.padEnd(21)} ${state}`;
    const rows = [
      ...peers.map(({ name, address, rttMs }) => {
        const rtt = formatDuration(rttMs === null ? null : rttMs * 1000);
        return row(name, address, `connected, RTT ${rtt}`);
      }),
      ...missing.map(({ address, state }) =>
        row("-", address, state === "dialling" ? state : "will be dialled")
      ),
    ];
    const states = peers.map(({ id, name, address, dialled, rttMs }) => ({
      ...{ id, name, address, state: "connected" },
      dialled: dialled === null ? "there" : "here",
      rtt_ms: rttMs && Math.round(rttMs * 1000) / 1000,
    }));
    this.#show(
      { event: "peers", peers: [...states, ...missing] },
      rows.join("\n") || "no peers",
    );
  }

  #try(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#refuse(`expected ${error.message}`);
    }
  }

  /** Explains why a line was rejected. */
  #refuse(error: string): void {
    if (this.#json) this.#show({ event: "error", error }, "");
    else this.#info(`! ${error}`);
  }

  /** Prints an event for a program, or text for a person. */
  #show(event: object, text: string): void {
    const shown = this.#json ? safeJson(event) : escapeControls(text);
    this.#above(() => this.#terminal.print(shown));
  }

  #info(text: string): void {
    const lines = text.split("\n");
    this.#above(() => lines.forEach((line) => this.#terminal.info(line)));
  }

  /** Writes above the line being typed. */
  #above(write: () => void): void {
    const typing = this.#typing;
    if (typing === null) return write();
    // The typed line may take several rows.
    readline.moveCursor(process.stdout, 0, -typing.getCursorPos().rows);
    readline.cursorTo(process.stdout, 0);
    readline.clearScreenDown(process.stdout);
    typing.prevRows = 0; // otherwise readline moves up and overwrites our text
    write();
    typing.prompt(true);
  }
}

function describeFault(error: unknown): string {
  if (error instanceof PeerFault) return `not connected: ${error.message}`;
  if (error instanceof DeadlineError && error.wait !== "connect") {
    return `connection lost: ${error.message}`;
  }
  return explain(error);
}

function describeEvent(event: Exclude<PeerEvent, { event: "error" }>): string {
  const { name } = event;
  switch (event.event) {
    case "joined":
      return `* ${name} joined, ${event.address}`;
    case "left":
      return `* ${name} left`;
    case "renamed":
      return `* ${event.before} is now called ${name}`;
    case "said":
      return `${name}: ${event.text}`;
    case "told":
      return `${name}, to you alone: ${event.text}`;
  }
}
