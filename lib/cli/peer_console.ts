/**
 * A person, or a program, at a peer: what is typed, and what is shown.
 *
 * @module
 */

import process from "node:process";
import * as readline from "node:readline";
import { escapeControls } from "../result/escape.ts";
import { formatDuration } from "../result/quantities.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { MAX_TEXT_BYTES } from "../peer/messages.ts";
import { PeerFault } from "../peer/link.ts";
import type { PeerEvent, PeerMesh, PeerState } from "../peer/mesh.ts";
import { Pacer, periodic } from "../timing/pacer.ts";
import { explain } from "./context.ts";
import { parseName, parsePeer } from "./peer_options.ts";
import { sentences } from "./sentences.ts";

/** A line being typed, and in which of its rows the cursor was drawn last. */
type TypedLine = readline.Interface & { prevRows?: number };

/** How often a line is said that nobody types, in milliseconds. */
const PACE_MS = 10;

const HELP = `what you type is said to all; and there is
  /peers                 who is there, where, and how far away
  /connect HOST:PORT     join a peer
  /disconnect NAME       part from a peer, though others may pass on its words
  /msg NAME TEXT         say it to one alone; NAME may be an address, too
  /name NAME             be called otherwise
  /help                  this
  /quit                  leave
and //TEXT says /TEXT`;

/** Shows what happens, and does what is typed. */
export class PeerConsole {
  #terminal: Terminal;
  #json: boolean;
  #typing: readline.Interface | null = null;
  /** How many lines nobody heard: nobody was there, or they were too long. */
  unheard = 0;

  /**
   * Shows nothing yet.
   *
   * @param terminal Where to write.
   * @param json Whether to write events for programs.
   */
  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal;
    this.#json = json;
  }

  /**
   * Shows where we listen.
   *
   * @param address As `HOST:PORT`.
   */
  listening(address: string): void {
    this.#print(
      this.#json
        ? JSON.stringify({ event: "listening", address })
        : `listening tcp ${address}`,
    );
  }

  /** Shows what happened. */
  readonly onEvent = (event: PeerEvent): void => {
    if (event.event === "error") {
      const { address, error } = event;
      const message = error instanceof PeerFault
        ? `not connected: ${error.message}`
        : explain(error);
      if (this.#json) this.#print(JSON.stringify({ ...event, error: message }));
      else this.#aside(() => this.#terminal.log(`! ${address}: ${message}`));
    } else {
      this.#print(this.#json ? JSON.stringify(event) : sentenceOf(event));
    }
  };

  /**
   * Does what is typed, or what standard input says, to its end.
   *
   * @param mesh The mesh to take part in.
   * @param signal Ends it early.
   */
  async run(mesh: PeerMesh, signal: AbortSignal): Promise<void> {
    if (Deno.stdin.isTerminal() && this.#terminal.isTerminal) {
      return await this.#runTyped(mesh, signal);
    }
    const pacer = new Pacer(periodic(PACE_MS), { relaxed: true });
    const decoder = new TextDecoder();
    for await (const line of sentences([], signal)) {
      await pacer.next(signal);
      if (!this.#obey(decoder.decode(line).replace(/\r?\n$/, ""), mesh)) return;
      await mesh.drained();
    }
  }

  /** An incoming line is shown above the one being typed. */
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
        if (!quit) this.#terminal.print(""); // below what is half typed
        signal.removeEventListener("abort", close);
        this.#typing = null;
        resolve();
      });
      typing.prompt();
    });
  }

  /** Does one line; gives `false` if it was to leave. */
  #obey(line: string, mesh: PeerMesh): boolean {
    // What starts with two slashes is said, with one.
    const [, command, rest = ""] = /^\/(?!\/)(\S*)\s*(.*)$/s.exec(line) ?? [];
    switch (command) {
      case undefined:
        this.#say(line.replace(/^\/\//, "/"), (text) => {
          if (mesh.peers.length === 0) this.unheard += 1;
          mesh.say(text);
        });
        break;
      case "peers":
        this.#showPeers(mesh);
        break;
      case "connect":
        this.#trying(() => mesh.connect(parsePeer(rest)));
        break;
      case "disconnect":
        if (mesh.missing.some(({ address }) => address === rest)) {
          mesh.forget(rest);
        } else this.#with(mesh, rest, ({ id }) => mesh.disconnect(id));
        break;
      case "msg": {
        const [, name = "", text = ""] = /^(\S*)\s?(.*)$/s.exec(rest) ?? [];
        if (text === "") {
          this.#refuse("say what, and to whom: /msg NAME TEXT");
          break;
        }
        this.#with(
          mesh,
          name,
          ({ id }) => this.#say(text, (said) => mesh.tell(id, said)),
        );
        break;
      }
      case "name":
        this.#trying(() => {
          mesh.rename(parseName(rest));
          if (this.#typing) this.#talk(`* you are called ${rest} now`);
        });
        break;
      case "help":
        this.#talk(HELP);
        break;
      case "quit":
        return false;
      default:
        this.#refuse(`there is no /${command}: see /help`);
    }
    return true;
  }

  #say(text: string, send: (text: string) => void): void {
    if (text === "") return;
    // A control character in the middle would end the line, or worse.
    const clean = text.replaceAll(/[\n\r]/g, " ");
    const { length } = new TextEncoder().encode(clean);
    if (length > MAX_TEXT_BYTES) {
      this.unheard += 1;
      this.#refuse(
        `not said: ${length} bytes, and ${MAX_TEXT_BYTES} are the most`,
      );
    } else send(clean);
  }

  /** Does something with the peer of a name, an address or an ID. */
  #with(mesh: PeerMesh, name: string, action: (peer: PeerState) => void): void {
    const named = mesh.peers.filter((peer) =>
      peer.name === name || peer.address === name || peer.id === name
    );
    if (named.length === 1) return action(named[0]!);
    this.#refuse(
      named.length === 0
        ? `nobody here is called "${name}": see /peers`
        : `${named.length} are called "${name}": take the address of one, as in ${
          named[0]!.address
        }`,
    );
  }

  #showPeers({ peers, missing }: PeerMesh): void {
    if (this.#json) {
      const states = [
        ...peers.map(({ rttMs, ...peer }) => ({
          ...peer,
          state: "connected",
          rtt_ms: rttMs && Math.round(rttMs * 1000) / 1000,
        })),
        ...missing,
      ];
      return this.#print(JSON.stringify({ event: "peers", peers: states }));
    }
    if (peers.length + missing.length === 0) this.#print("nobody is there");
    const row = (name: string, address: string, state: string) =>
      this.#print(`${name.padEnd(12)} ${address.padEnd(21)} ${state}`);
    for (const { name, address, rttMs } of peers) {
      const rtt = formatDuration(rttMs === null ? null : rttMs * 1000);
      row(name, address, `connected, RTT ${rtt}`);
    }
    for (const { address, state } of missing) {
      row(
        "-",
        address,
        state === "dialling" ? "dialling" : "to be dialled again",
      );
    }
  }

  #trying(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#refuse(`write ${error.message}`);
    }
  }

  #print(text: string): void {
    this.#aside(() =>
      this.#terminal.print(this.#json ? text : escapeControls(text))
    );
  }

  /** Says why something typed was not done. */
  #refuse(error: string): void {
    if (this.#json) this.#print(JSON.stringify({ event: "error", error }));
    else this.#talk(`! ${error}`);
  }

  #talk(text: string): void {
    this.#aside(() =>
      text.split("\n").map((line) => this.#terminal.info(line))
    );
  }

  /** Writes above the line being typed, which stays. */
  #aside(write: () => void): void {
    const typing: TypedLine | null = this.#typing;
    if (typing === null) return write();
    // What is typed may take several rows.
    readline.moveCursor(process.stdout, 0, -typing.getCursorPos().rows);
    readline.cursorTo(process.stdout, 0);
    readline.clearScreenDown(process.stdout);
    typing.prevRows = 0; // else it would go up again, over what we write
    write();
    typing.prompt(true);
  }
}

function sentenceOf(event: Exclude<PeerEvent, { event: "error" }>): string {
  switch (event.event) {
    case "joined":
      return `* ${event.name} joined, ${event.address}`;
    case "left":
      return `* ${event.name} left`;
    case "renamed":
      return `* ${event.before} is now called ${event.name}`;
    case "said":
      return `${event.name}: ${event.text}`;
    case "told":
      return `${event.name}, to you alone: ${event.text}`;
  }
}
