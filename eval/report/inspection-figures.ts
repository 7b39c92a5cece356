// Figures of an inspection: the diversity of each cell, and how far each group leans to one label.
import * as Plot from "@observablehq/plot";
import type { TermOdds } from "#eval/bias/term-odds";
import type { CellDiversity } from "#eval/diversity/diversity";
import { cellName } from "#eval/generations/alarms";
import type { Baseline } from "#eval/generations/baseline";
import type { Inspection } from "#eval/generations/inspection";
import { COLOR, type Figure, frame } from "./figure.ts";

/** Groups drawn, the most one-sided. */
const MOST_GROUPS = 30;

export function diversityFigure({ cells, settings }: Inspection, before: Baseline | null): Figure {
  const drawn = cells.filter((cell) => cell.figures !== null);
  const rows = drawn.map((cell) => ({ name: cellName(cell.label, cell.topic), label: cell.label, ...vendi(cell.figures!) }));
  const earlier = drawn.flatMap((cell) => {
    const figures = before?.cells.find((other) => other.label === cell.label && other.topic === cell.topic)?.figures;
    return figures ? [{ name: cellName(cell.label, cell.topic), ...vendi(figures) }] : [];
  });
  const all = [...rows, ...earlier].flatMap(({ low, high }) => [low, high]);
  const longest = Math.max(0, ...rows.map((row) => row.name.length));
  return {
    title: "Vendi score by label and category",
    note: `As how many different texts ${settings.rows} rows count: ${settings.rows} where none shares anything. Lines are 95 % intervals.${before ? " Hollow: the earlier set." : ""}`,
    alt: `Vendi scores of ${rows.length} cells, from ${Math.min(...all).toFixed(1)} to ${Math.max(...all).toFixed(1)}.`,
    legend: [
      { label: "harmful", color: COLOR.harmful },
      { label: "harmless", color: COLOR.harmless },
      ...(earlier.length > 0 ? [{ label: "earlier set", color: COLOR.neutral }] : []),
    ],
    draw: (width) =>
      frame(width, {
        height: 56 + rows.length * 20,
        marginTop: 6,
        marginLeft: 16 + Math.min(longest, width < 500 ? 22 : 40) * 6.4,
        x: { domain: [Math.min(...all) - 1, Math.max(...all) + 1], label: "Vendi score →", grid: true, ticks: width < 500 ? 4 : 8 },
        y: {
          domain: rows.map((row) => row.name),
          label: null,
          tickSize: 0,
          tickFormat: (name: string) => shortened(name, width < 500 ? 22 : 40),
        },
        marks: [
          Plot.ruleY(earlier, { y: "name", x1: "low", x2: "high", stroke: COLOR.neutral, dy: 4 }),
          Plot.dot(earlier, { y: "name", x: "value", stroke: COLOR.neutral, fill: "var(--card)", r: 3, dy: 4 }),
          Plot.ruleY(rows, { y: "name", x1: "low", x2: "high", stroke: colorOf, strokeWidth: 1.75 }),
          Plot.dot(rows, { y: "name", x: "value", fill: colorOf, r: 3.5 }),
        ],
        color: { type: "identity" },
      }),
  };
}

function vendi(figures: Pick<NonNullable<CellDiversity["figures"]>, "vendi">): { value: number; low: number; high: number } {
  const { value, interval } = figures.vendi;
  return { value, low: interval?.[0] ?? value, high: interval?.[1] ?? value };
}

export function termFigure(terms: readonly TermOdds[]): Figure {
  const rows = terms
    .slice(0, MOST_GROUPS)
    .toSorted((a, b) => b.log_odds - a.log_odds)
    .map(({ identity, log_odds, interval, harmful, harmless }) => ({
      identity,
      odds: Math.exp(log_odds),
      low: Math.exp(interval[0]),
      high: Math.exp(interval[1]),
      label: log_odds > 0 ? 1 : 0,
      rows: `${harmful} : ${harmless}`,
    }));
  const widest = Math.max(2, ...rows.flatMap(({ low, high }) => [1 / low, high])) * 1.05;
  return {
    title: "Groups named in one label more than in the other",
    note: `Odds of naming a group in harmful rows over those in harmless ones, for the ${rows.length} most one-sided of ${terms.length}, with 95 % intervals. On the line in the middle the group says nothing of the label. At the right: harmful to harmless rows.`,
    alt: `Odds ratios of ${rows.length} groups around 1.`,
    draw: (width) =>
      frame(width, {
        height: 56 + rows.length * 20,
        marginTop: 6,
        marginLeft: 16 + Math.max(...rows.map((row) => row.identity.length)) * 6.4,
        marginRight: 92,
        x: {
          type: "log",
          domain: [1 / widest, widest],
          label: "odds ratio →",
          grid: true,
          ticks: width < 500 ? 3 : 6,
          tickFormat: (v: number) => String(Number(v.toPrecision(2))),
        },
        y: { domain: rows.map((row) => row.identity), label: null, tickSize: 0 },
        marks: [
          Plot.ruleX([1], { stroke: COLOR.muted }),
          Plot.ruleY(rows, { y: "identity", x1: "low", x2: "high", stroke: colorOf, strokeWidth: 1.75 }),
          Plot.dot(rows, { y: "identity", x: "odds", fill: colorOf, r: 3.5 }),
          Plot.text(rows, { y: "identity", text: "rows", frameAnchor: "right", textAnchor: "end", dx: 86, fill: COLOR.muted }),
        ],
        color: { type: "identity" },
      }),
  };
}

function colorOf({ label }: { label: number }): string {
  return label === 1 ? COLOR.harmful : COLOR.harmless;
}

function shortened(name: string, length: number): string {
  return name.length <= length ? name : `${name.slice(0, length - 1)}…`;
}
