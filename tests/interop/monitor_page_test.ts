/**
 * The monitor's page in a browser: every view, wide and on a phone, light and
 * dark, with a mouse, with keys alone, live, and with a token.
 *
 * @module
 */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
} from "@std/assert";
import type { LiveEvents } from "../../lib/monitor/api.ts";
import {
  HOSTILE,
  type SeededMonitor,
  seededMonitor,
} from "../monitor/seeded_api.ts";
import { delay } from "npm:deno-std@^1.4.0/async/delay.js";
import { script, Server, serveScript } from "../programs.ts";
import { ScratchFolder } from "../scratch.ts";
import { openBrowser } from "./browser.ts";
import type { BrowserContextOptions, Page } from "./playwright.ts";
import { interopTest } from "./programs.ts";

const FAR = "?target=far~stamp~4";
const BOTH = `${FAR}&target=gateway~stamp~4&span=30h`;
const VIEWS: Record<string, string> = {
  "": "1 of 3 targets does not answer",
  [FAR]: "far",
  [`${FAR}&span=1y`]: "far",
  [`${FAR}&from=1700000000&to=1700000600`]: "far",
  [BOTH]: "far",
  [`?target=${encodeURIComponent(`${HOSTILE}~connect~4`)}`]: HOSTILE,
  "?outages": "Outages",
  "?mesh": "Mesh",
  "?target=other": "This cannot be shown",
};

/** A page, and what it did that it should not do. */
interface View {
  page: Page;
  faults: string[];
}

/** A made-up monitor with a page. */
interface Visit extends View {
  url: string;
  /** What the page asked of the monitor. */
  asked: string[];
  send<Name extends keyof LiveEvents>(name: Name, data: LiveEvents[Name]): void;
  /** Ends the streams of events. */
  cut(): void;
}

async function look(
  context: BrowserContextOptions,
  use: (view: View) => Promise<void>,
) {
  const browser = await openBrowser();
  try {
    const page = await (await browser.newContext(context)).newPage();
    const faults: string[] = [];
    page.on("console", (message) => faults.push(message.text()));
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("request", (request) => {
      const { host } = new URL(request.url());
      const isOwn = page.url() === "about:blank" ||
        host === new URL(page.url()).host;
      if (!isOwn) faults.push(request.url());
    });
    await use({ page, faults });
  } finally {
    await browser.close();
  }
}

async function visit(
  options: Partial<SeededMonitor>,
  context: BrowserContextOptions,
  use: (visit: Visit) => Promise<void>,
) {
  const asked: string[] = [];
  const streams: SeededMonitor["streams"] = new Set();
  await using server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
  }, (request) => {
    asked.push(request.url.slice(request.url.indexOf("/", 8)));
    return seededMonitor(request, { streams, ...options });
  });
  await look(context, (view) =>
    use({
      ...view,
      url: `http://127.0.0.1:${server.addr.port}/`,
      asked,
      send: (name, data) => streams.forEach(({ send }) => send(name, data)),
      cut: () => streams.forEach(({ close }) => close()),
    }));
}

/** Runs in the page; it is text, for its types are the browser's. */
const SEEN = `(() => {
  const all = (selector) => [...document.querySelectorAll(selector)]
    .filter((node) => node.checkVisibility());
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgb = (colour) => {
    if (known.has(colour)) return known.get(colour);
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const parts = [...canvas.getImageData(0, 0, 1, 1).data];
    known.set(colour, parts);
    return parts;
  };
  const luminance = (colour) => {
    const [r, g, b] = rgb(colour).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (rgb(backgroundColor)[3] === 255) return backgroundColor;
    }
    return "white";
  };
  const pale = all("main *, header *").filter((node) =>
    [...node.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim()) &&
    !node.closest("svg, .skip")
  ).filter((node) => {
    const [a, b] = [getComputedStyle(node).color, ground(node)].map(luminance);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
  }).map((node) => node.outerHTML);
  const nameless = all("a, button, input, select, summary, [tabindex='0'], [role=img], table, nav")
    .filter((node) => !(node.ariaLabel || node.labels?.length || node.textContent.trim() ||
      node.title)).map((node) => node.outerHTML);
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = "var(--series-1)";
  const median = new Uint32Array(new Uint8Array(rgb(getComputedStyle(probe).color)).buffer)[0];
  probe.remove();
  const canvases = all("canvas").map((canvas) => new Uint32Array(
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer));
  return {
    title: document.querySelector("main h1")?.textContent,
    beyond: all("body *").filter((node) => !node.closest(".scroll, .skip, thead, svg") &&
      node.getBoundingClientRect().right > innerWidth + 1).map((node) => node.outerHTML.slice(0, 80)),
    wide: document.documentElement.scrollWidth > innerWidth,
    pale, nameless,
    headless: all("thead th").filter((node) => node.scope !== "col").length,
    twice: ids.length - new Set(ids).size,
    blank: canvases.filter((pixels) => !pixels.includes(median)).length,
    charts: canvases.length,
    ground: getComputedStyle(document.body).backgroundColor,
  };
})()`;

for (
  const [colorScheme, width] of [
    ["light", 390],
    ["dark", 1280],
    ["light", 3840],
  ] as const
) {
  interopTest(
    ["chromium"],
    `chromium shows each view of a monitor, ${colorScheme}, ${width} pixels wide, with names and contrast`,
    () =>
      visit({}, { colorScheme, viewport: { width, height: 900 } }, async (
        { page, url, faults },
      ) => {
        for (const [view, title] of Object.entries(VIEWS)) {
          await page.goto(url + view);
          await page.locator("h1").first().waitFor();
          const charts = view === BOTH ? 2 : /far|office/.test(title) ? 1 : 0;
          await page.locator("canvas").nth(charts - 1).waitFor({
            state: charts > 0 ? "visible" : "detached",
          });
          assertEquals(await page.evaluate(SEEN), {
            title,
            beyond: [],
            wide: false,
            pale: [],
            nameless: [],
            headless: 0,
            twice: 0,
            blank: view.includes("from=17") ? 1 : 0,
            charts,
            ground: colorScheme === "dark"
              ? "rgb(19, 23, 28)"
              : "rgb(255, 255, 255)",
          }, view);
        }
        assertEquals(faults, []);
      }),
  );
}

async function until(holds: () => boolean | Promise<boolean>, what = "") {
  for (let turn = 0; turn < 100; turn++) {
    if (await holds()) return;
    await delay(100);
  }
  throw new Error(`did not come true: ${what || holds}`);
}

/** Playwright learns of a change by the page's script later. */
function search(page: Page): Promise<string> {
  return page.evaluate("location.search");
}

const WIDE = {
  viewport: { width: 1280, height: 900 },
  timezoneId: "Asia/Kolkata",
};
const NEWS = {
  ...{ sent: 1, lost: 1, lost_forward: 1, lost_backward: 0, unknown: 0 },
  ...{ duplicate: 0, reordered: 0 },
  ...{ id: "gateway~stamp~4", state: "down" as const, last_rtt_us: null },
};

interopTest(
  ["chromium"],
  "chromium shows an event of a monitor, and that the connection is lost and back",
  () =>
    visit({}, WIDE, async ({ page, url, asked, faults, send, cut }) => {
      await page.goto(url);
      await page.getByText("live", { exact: true }).waitFor();
      const now = Date.now() / 1000;
      send("status", { now, targets: [{ ...NEWS, last_at: now }] });
      await page.getByText("2 of 3 targets do not answer").waitFor();
      assertMatch(await page.title(), /^2 down · /);
      const row = page.locator("tr", { hasText: "gateway" });
      assertMatch(await row.innerText(), /down 0 s\s+no answer/);

      await page.goto(`${url}?target=gateway~stamp~4`);
      await page.getByText("live", { exact: true }).waitFor();
      send("status", {
        now,
        targets: [{ ...NEWS, state: "up", last_rtt_us: 4321, last_at: now }],
      });
      await page.getByText("last 4.32 ms").waitFor();
      cut();
      await page.getByText("no connection, trying again").waitFor();
      asked.length = 0;
      await page.getByText("live", { exact: true }).waitFor();
      await until(() => asked.some((path) => path.startsWith("/api/series")));
      assertEquals(faults, []);
    }),
);

interopTest(
  ["chromium"],
  "chromium zooms a monitor's chart by mouse, by keys, by form and by URL",
  () =>
    visit({}, WIDE, async ({ page, url, asked, faults }) => {
      await page.goto(url + FAR);
      const chart = page.locator(".chart");
      await page.locator("canvas").waitFor();
      /** The times in the URL, once the page has asked for them. */
      const shown = async (reason: string) => {
        let [from, to] = ["", ""];
        await until(async () => {
          const words = new URLSearchParams(await search(page));
          [from, to] = [words.get("from") ?? "", words.get("to") ?? ""];
          return asked.some((path) => path.includes(`&from=${from}&to=${to}&`));
        }, reason);
        return { from: Number(from), to: Number(to) };
      };
      const box = (await chart.boundingBox())!;
      const y = box.y + 100;
      await page.mouse.move(box.x + box.width * 0.4, y);
      assertMatch(await page.locator(".readout").innerText(), / \+ \d+ s · /);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.6, y, { steps: 3 });
      assert(await page.locator(".selection").isVisible());
      await page.mouse.up();
      const dragged = await shown("drag");
      const length = dragged.to - dragged.from;
      assert(length > 2000 && length < 2700, `${length} s`);

      await page.locator("figure").focus();
      await page.keyboard.press("ArrowLeft");
      const earlier = await shown("left");
      assertAlmostEquals(earlier.to, dragged.to - length / 2, 1);
      await page.keyboard.press("+");
      assertAlmostEquals((await shown("plus")).to, earlier.to - length / 4, 1);
      await page.goBack();
      assertEquals(await shown("back"), earlier);
      const link = url + await search(page);
      await page.keyboard.press("Home");
      assertMatch(await search(page), /^\?target=far[^&]*$/);
      asked.length = 0;
      await page.goto(link);
      assertEquals(await shown("link"), earlier);

      await page.getByLabel("From").fill("2026-01-01T00:00:00");
      await page.getByLabel("To", { exact: true }).fill("2026-01-02T00:00:00");
      await page.getByRole("button", { name: "Show" }).click();
      const { from, to } = await shown("form");
      assertEquals(to - from, 86_400);
      await page.getByText("The numbers").click();
      await page.getByRole("region", { name: "The numbers" }).waitFor();
      await page.getByLabel("Compare with").selectOption("gateway");
      await page.getByRole("heading", { name: "gateway" }).waitFor();
      await shown("beside");
      assertEquals(faults, []);
    }),
);

interopTest(
  ["chromium"],
  "chromium shows 1000 targets of a monitor in parts, finds one, and works by keys alone",
  () =>
    visit({ count: 1000 }, WIDE, async ({ page, url, faults }) => {
      await page.goto(url);
      const rows = page.locator("tbody tr");
      await rows.first().waitFor();
      assertEquals(await rows.count(), 100);
      await page.keyboard.press("Tab");
      assertEquals(
        await page.locator(":focus").innerText(),
        "Skip to the content",
      );
      assert(await page.locator(".skip").isVisible());
      await page.getByLabel("Filter").focus();
      await page.keyboard.type("host-77");
      assertEquals(await rows.count(), 11);
      assertEquals(await search(page), "?filter=host-77");
      for (let turn = 0; turn < 2; turn++) await page.keyboard.press("Tab");
      const outline = "getComputedStyle(document.activeElement).outlineStyle";
      assertEquals(await page.evaluate(outline), "solid");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "host-77", exact: true })
        .waitFor();

      await page.goto(`${url}?filter=nothing+here&order=loss`);
      await page.getByText("No target fits the filter.").waitFor();
      await page.goto(`${url}?page=10`);
      await page.getByRole("link", { name: "host-999" }).waitFor();
      assertEquals(faults, []);
    }),
);

interopTest(
  ["chromium"],
  "chromium asks for the token of a monitor until it is right, and keeps the colours chosen",
  () =>
    visit({ token: "right" }, WIDE, async ({ page, url }) => {
      await page.goto(url);
      const input = page.getByRole("textbox", { name: "Token" });
      await input.fill("wrong");
      await page.keyboard.press("Enter");
      await page.getByText("The monitor refused this token.").waitFor();
      await input.fill("right");
      await page.keyboard.press("Enter");
      await page.getByText("live", { exact: true }).waitFor();
      const ground = "getComputedStyle(document.body).backgroundColor";
      for (let turn = 0; turn < 2; turn++) {
        await page.locator("#scheme").click();
      }
      assertEquals(await page.evaluate(ground), "rgb(19, 23, 28)");
      await page.reload();
      await page.getByText("live", { exact: true }).waitFor();
      assertEquals(await page.evaluate(ground), "rgb(19, 23, 28)");
    }),
);

interopTest(
  ["chromium"],
  "chromium shows what the monitor's program measures, from its first seconds",
  async () => {
    using folder = new ScratchFolder();
    await using reflector = await serveScript("stamp_server");
    const target = `stamp:${reflector.address}`;
    await using monitor = new Server(script("monitor", [
      ...["--port", "0", "--data", folder.path, target],
    ], [
      ...["--unstable-net", "--unstable-raw-imports", "--allow-net=127.0.0.1"],
      ...[`--allow-read=lib,${folder.path}`, `--allow-write=${folder.path}`],
    ]));
    const [, url] = await monitor.heard(/^listening (\S+)$/m);
    await look(WIDE, async ({ page, faults }) => {
      await page.goto(url!);
      await page.getByText("The target answers").waitFor();
      await page.getByRole("link", { name: reflector.address }).click();
      await page.getByText(/median .* · 0 of \d+ lost/).waitFor();
      const span = await page.locator("[aria-current=true]").innerText();
      assertEquals({ span, faults }, { span: "10 min", faults: [] });
    });
  },
);
