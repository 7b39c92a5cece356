// One figure: a chart drawn by Observable Plot into linkedom, at two widths of which the page shows the one that fits, so
// that its type stays readable on a telephone. Colours are CSS variables of the page: light, dark and print need no second
// drawing.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { Html, html } from "./html.ts";

export const COLOR = {
  harmful: "var(--harmful)",
  harmless: "var(--harmless)",
  neutral: "var(--neutral)",
  accent: "var(--accent)",
  ink: "var(--ink)",
  muted: "var(--muted)",
  line: "var(--line)",
} as const;

export interface Figure {
  title: string;
  /** One or two sentences under the title: how to read it. */
  note: string;
  /** What is seen, for who cannot see it. */
  alt: string;
  legend?: { label: string; color: string; dash?: boolean }[];
  draw: (width: number) => Plot.PlotOptions;
}

const WIDE = 840;
const NARROW = 340;

export function figure({ title, note, alt, legend, draw }: Figure): Html {
  const key =
    legend &&
    html`<ul class="legend">
      ${legend.map(({ label, color, dash }) => html`<li><span class="${dash ? "swatch dash" : "swatch"}" style="color:${color}"></span>${label}</li>`)}
    </ul>`;
  return html`<figure>
    <figcaption>
      <h3>${title}</h3>
      <p>${note}</p>
    </figcaption>
    ${key}
    <div class="wide">${svg(draw(WIDE), alt, WIDE)}</div>
    <div class="narrow">${svg(draw(NARROW), alt, NARROW)}</div>
  </figure>`;
}

/** A chart as an <svg> element in text. */
export function svg(options: Plot.PlotOptions, alt: string, width: number): Html {
  const { document } = parseHTML("<html><body></body></html>");
  const element = Plot.plot({
    document: document as unknown as NonNullable<Plot.PlotOptions["document"]>,
    width,
    className: "plot",
    style: { background: "none" },
    ...options,
  });
  // Plot brings a style sheet of its own for each chart; the page's does.
  for (const style of element.querySelectorAll("style")) style.remove();
  // linkedom escapes texts fully, of attributes only the quotes: the label, which may hold names from outside, is set here.
  return html`<svg role="img" aria-label="${alt}"${new Html(element.outerHTML.replace(/^<svg/, ""))}`;
}

/** Options that all charts share. */
export function frame(width: number, options: Plot.PlotOptions): Plot.PlotOptions {
  const narrow = width < 500;
  return {
    marginLeft: narrow ? 44 : 56,
    marginRight: narrow ? 14 : 24,
    marginBottom: 40,
    marginTop: 22,
    height: narrow ? 260 : 320,
    ...options,
  };
}

/** A vertical line at the recommended threshold, with a label, and its interval as a band. */
export function recommendedMarks(
  x: number,
  band: readonly [number, number] | null,
  label: string,
  domain: readonly [number, number],
): Plot.Markish[] {
  const left = x > (domain[0] + domain[1]) / 2;
  return [
    ...(band
      ? [
          Plot.rectX([band], {
            x1: (d: [number, number]) => d[0],
            x2: (d: [number, number]) => d[1],
            fill: COLOR.accent,
            fillOpacity: 0.14,
          }),
        ]
      : []),
    Plot.ruleX([x], { stroke: COLOR.accent, strokeWidth: 1.5 }),
    Plot.text([x], {
      x: (d: number) => d,
      frameAnchor: "top",
      text: () => label,
      dx: left ? -6 : 6,
      dy: -14,
      textAnchor: left ? "end" : "start",
      fill: COLOR.accent,
      fontWeight: 600,
      lineAnchor: "top",
    }),
  ];
}
