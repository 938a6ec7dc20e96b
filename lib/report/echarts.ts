/**
 * The chart library, ECharts, as this project uses it: from options to SVG text,
 * without a DOM and without permissions. Only this file names the library. It is
 * locked in `lib/report/deno.lock` and not mapped in `deno.json`, so that no
 * other program downloads it.
 *
 * @module
 */

// @ts-types="npm:echarts@^6.1.0"
import {
  init,
  setPlatformAPI,
} from "npm:echarts@^6.1.0/dist/echarts.esm.min.mjs";
import type {
  CustomSeriesRenderItem,
  EChartsOption,
  SeriesOption,
  XAXisComponentOption,
  YAXisComponentOption,
} from "npm:echarts@^6.1.0";

/** @internal What ECharts draws. */
export type ChartOption = EChartsOption;
/** @internal Lines, bars or shapes of a chart. */
export type ChartSeries = SeriesOption;
/** @internal An axis across or upwards. */
export type ChartAxis = XAXisComponentOption & YAXisComponentOption;
/** @internal Draws the shapes of a custom series. */
export type RenderItem = CustomSeriesRenderItem;

/** The width that a character of a label is given, in pixels. */
export const CHARACTER_WIDTH = 7;

/** The size of a drawing, in pixels. */
export interface Viewport {
  /** Its width. */
  width: number;
  /** Its height. */
  height: number;
}

/** Without a browser text is not measured: this is wider than most fonts are. */
setPlatformAPI({
  measureText(text: string) {
    return {
      width: [...text].reduce(
        (sum, character) =>
          sum + (character < "\u0300" ? CHARACTER_WIDTH : 2 * CHARACTER_WIDTH),
        0,
      ),
    };
  },
});

/**
 * What a page without scripts does not need: hover styles, events, indices, and
 * clipping, since nothing lies outside of the axes.
 */
const SUPERFLUOUS =
  / (?:class|clip-path|pointer-events|xml:space|baseProfile|ecmeta_\w+)="[^"]*"|<(style|defs) ?>[^]*?<\/\1>|\n/g;

/**
 * Draws a chart.
 *
 * @param option What to draw. Text in it is escaped; colours may be CSS
 * variables.
 * @param viewport The size.
 * @returns An `svg` element as text. It has no `id`, so that any number of them
 * fit on one page, and the same option gives the same text.
 */
export function renderSvg(option: ChartOption, viewport: Viewport): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, ...viewport });
  // Every change starts the timer of animations, of which there are none.
  chart.getZr().animation.start = () => {};
  try {
    chart.setOption({ animation: false, ...option });
    return chart.renderToSVGString({ useViewBox: true })
      .replace(SUPERFLUOUS, "");
  } finally {
    chart.dispose();
  }
}
