/**
 * The thread that keeps and serves; see `keeper_thread.ts` for the other end.
 *
 * @module
 */

import { Keeper } from "./keeper.ts";
import type {
  Failure,
  FromKeeper,
  KeeperSettings,
  ToKeeper,
} from "./keeper_thread.ts";
import { type KeeperService, serveKeeper } from "./serve.ts";
import { Store } from "./store.ts";

/** What is used of the scope of a worker. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<ToKeeper>) => void;
  postMessage(message: FromKeeper): void;
  close(): void;
};
const tell = (message: FromKeeper) => scope.postMessage(message);
const waiting = new Map<number, (value: unknown) => void>();
let service: KeeperService | null = null;
let lastAsked = 0;

function ask(what: "reload" | "probe", argument: unknown): Promise<unknown> {
  const id = ++lastAsked;
  tell({ ask: { id, what, argument } });
  return new Promise((resolve) => waiting.set(id, resolve));
}

function start(settings: KeeperSettings): void {
  const { folder, maxBytes, name, version } = settings;
  const store = new Store(`${folder}/monitor.db`, { maxBytes });
  const keeper = new Keeper({ store, name, version });
  service = serveKeeper(keeper, settings, {
    ask,
    alert: (line) => tell({ alert: line }),
    log: (line) => tell({ log: line }),
  });
  tell({ listening: service.address });
}

scope.onmessage = async ({ data }) => {
  try {
    if ("start" in data) start(data.start);
    if ("series" in data) service?.setSeries(data.series);
    if ("records" in data) service?.take(data.records, data.health);
    if ("tls" in data) service?.renew(data.tls);
    if ("config" in data) service?.configure(data.config);
    if ("reply" in data) {
      waiting.get(data.reply.id)?.(data.reply.value);
      waiting.delete(data.reply.id);
    }
    if ("stop" in data) {
      await service?.stop();
      tell({ stopped: true });
      scope.close();
    }
  } catch (error) {
    const { name, message, errcode, code } = error as Required<Failure>;
    tell({ failed: { name, message, errcode, code } });
  }
};
tell({ ready: true });
