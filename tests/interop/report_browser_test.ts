/**
 * The page of a report as a browser shows it: wide and on a phone, light and
 * dark, on paper, with scripts and without.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { reportPage } from "../../lib/report/page.ts";
import { COLOURS } from "../../lib/report/page_style.ts";
import { readResult } from "../../lib/report/read_result.ts";
import { runHere, serveHere } from "../programs.ts";
import { COMPARE, NOTHING, STAMP, SWEEP, TPUT } from "../report/results.ts";
import { openBrowser } from "./browser.ts";
import type { BrowserContextOptions, Page } from "./playwright.ts";
import { interopTest } from "./programs.ts";

/** Measures, and gives the page of that and of a result of every other kind. */
async function pageOfAll(): Promise<string> {
  await using server = await serveHere("measure_server");
  const { stdout } = await runHere(
    "measure_client",
    ...["rtt", server.address, "-n", "300", "--json"],
  );
  const read = await readResult([new TextEncoder().encode(stdout)]);
  const others = { STAMP, TPUT, NOTHING, SWEEP, COMPARE, SECOND: COMPARE };
  return reportPage([
    { name: "rtt.json", ...read },
    ...Object.entries(others).map(([name, result]) => ({
      name: `${name}-of-a-file-with-quite-a-long-name.json`,
      result,
      remarks: ["The file ends early."],
    })),
  ]);
}

/** What a page looks like to its reader, and what it asked for. */
async function look(
  html: string,
  options: BrowserContextOptions,
  media: "screen" | "print" = "screen",
) {
  const browser = await openBrowser();
  try {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    await page.emulateMedia({ media });
    const faults: string[] = [];
    page.on("console", (message) => faults.push(message.text()));
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("request", (request) => faults.push(`request ${request.url()}`));
    await page.setContent(html);
    return { faults, ...await seen(page) };
  } finally {
    await browser.close();
  }
}

/** Runs in the page; it is text, for its types are the browser's. */
const SEEN = `(() => {
  const visible = (node) => node.getClientRects().length > 0;
  const box = (node) => node.getBoundingClientRect();
  const figures = [...document.querySelectorAll("figure")].map((figure) => {
    const drawn = [...figure.querySelectorAll("svg[role=img]")].filter(visible);
    const shapes = drawn.flatMap((svg) => [...svg.querySelectorAll("path, rect, polygon")])
      .filter((shape) => box(shape).width + box(shape).height > 0);
    const outside = drawn.flatMap((svg) => [...svg.querySelectorAll("text")])
      .filter((text) => {
        const [inner, outer] = [box(text), box(text.ownerSVGElement)];
        return inner.left < outer.left - 1 || inner.right > outer.right + 1 ||
          inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
      }).map((text) => text.textContent);
    const overlaps = drawn.flatMap((svg) => {
      const texts = [...svg.querySelectorAll("text")].map((text) => ({ text, ...box(text).toJSON() }));
      return texts.flatMap((one, index) => texts.slice(index + 1)
        .filter((two) => one.left < two.right && two.left < one.right &&
          one.top + 2 < two.bottom && two.top + 2 < one.bottom)
        .map((two) => one.text.textContent + " over " + two.text.textContent));
    });
    const right = Math.max(...drawn.map((svg) => box(svg).right));
    return { drawn: drawn.length, shapes: shapes.length, outside, overlaps, right,
      title: figure.querySelector("figcaption").textContent };
  });
  const table = document.querySelector("details table");
  return {
    figures,
    width: innerWidth,
    scrollWidth: document.documentElement.scrollWidth,
    text: document.body.innerText,
    ground: getComputedStyle(document.body).backgroundColor,
    numbers: table !== null && box(table).height > 0 &&
      table.checkVisibility({ contentVisibilityAuto: true }),
  };
})()`;

interface Seen {
  figures: {
    drawn: number;
    shapes: number;
    outside: string[];
    overlaps: string[];
    right: number;
    title: string;
  }[];
  width: number;
  scrollWidth: number;
  text: string;
  ground: string;
  numbers: boolean;
}

async function seen(page: Page): Promise<Seen> {
  return await page.evaluate(SEEN);
}

const PLACES: [string, BrowserContextOptions, "screen" | "print"][] = [
  ...(["light", "dark"] as const).flatMap((colorScheme) =>
    [1200, 768, 360].map((
      width,
    ): [string, BrowserContextOptions, "screen"] => [
      `${colorScheme}, ${width} pixels wide`,
      { colorScheme, viewport: { width, height: 800 } },
      "screen",
    ])
  ),
  // A4 between its margins.
  ["on paper", { viewport: { width: 688, height: 1000 } }, "print"],
];

for (const [place, options, media] of PLACES) {
  interopTest(
    ["chromium"],
    `chromium shows each chart of a report, ${place}, and nothing beyond its edge`,
    async () => {
      const { faults, figures, width, scrollWidth, ground, numbers } =
        await look(await pageOfAll(), options, media);
      assertEquals(faults, []);
      assert(scrollWidth <= width, `${scrollWidth} of ${width}`);
      assertGreater(figures.length, 10);
      for (
        const { title, drawn, shapes, outside, overlaps, right } of figures
      ) {
        assertEquals({ title, drawn, outside, overlaps }, {
          title,
          drawn: 1,
          outside: [],
          overlaps: [],
        });
        assertGreater(shapes, 2, title);
        assert(right <= width, `${title}: ${right} of ${width}`);
      }
      const scheme = options.colorScheme === "dark" ? "dark" : "light";
      assertEquals(hexOf(ground), COLOURS[scheme]["ground"]);
      assertEquals(numbers, media === "print");
    },
  );
}

interopTest(
  ["chromium"],
  "chromium shows the same of a report without scripts",
  async () => {
    const html = await pageOfAll();
    const viewport = { width: 1000, height: 800 };
    const { text } = await look(html, { viewport });
    const without = await look(html, { viewport, javaScriptEnabled: false });
    assertEquals(without.text, text);
    assertEquals(without.faults, []);
  },
);

/** As `rgb(1, 2, 3)`, in hexadecimal. */
function hexOf(rgb: string): string {
  const parts = [...rgb.matchAll(/\d+/g)].map(([part]) => Number(part));
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** The relative luminance of a colour, by WCAG 2. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)]
    .sort((a, b) => a - b);
  return (light! + 0.05) / (dark! + 0.05);
}

Deno.test({
  name: "The colours of a report have enough contrast, light and dark",
  permissions: "none",
  fn() {
    for (const [scheme, colours] of Object.entries(COLOURS)) {
      const { ground, shade, rule: _, ...others } = colours;
      for (const [name, colour] of Object.entries(others)) {
        const least = name.startsWith("series") || name === "loss" ? 3 : 4.5;
        for (const behind of [ground!, shade!]) {
          const found = contrast(colour, behind);
          assert(found >= least, `${scheme} ${name}: ${found}`);
        }
      }
    }
  },
});
