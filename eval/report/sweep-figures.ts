// Figures of a threshold sweep.
import * as Plot from "@observablehq/plot";
import type { Unit } from "#eval/sweep/ledger";
import type { Sweep } from "#eval/sweep/sweep";
import { COLOR, type Figure, frame, recommendedMarks } from "./figure.ts";
import { percent, threshold as told, tick, whole } from "./numbers.ts";

const SHARE_AXIS = { domain: [0, 1] as [number, number], tickFormat: tick, label: null, grid: true, ticks: 5 };
const truncated = (name: string, length: number) => (name.length <= length ? name : `${name.slice(0, length - 1)}…`);

/** Room for the names of sources at the left, and how long they may be. */
function names(sources: readonly string[], width: number): { marginLeft: number; tickFormat: (name: string) => string } {
  const most = width < 500 ? 16 : 34;
  const longest = Math.min(most, Math.max(0, ...sources.map((s) => s.length)));
  return { marginLeft: 22 + longest * 6.6, tickFormat: (name) => truncated(name, most) };
}

/** Where scores lie, by label. */
export function scoreFigure({ histogram, recommended }: Sweep): Figure {
  const order = ["harmful", "harmless", "unlabelled"].filter((name) => name in histogram.counts);
  const bins = order.flatMap((name) =>
    histogram.counts[name]!.map((count, i) => ({ name, count, low: histogram.edges[i]!, high: histogram.edges[i + 1]! })).filter(
      (bin) => bin.count > 0,
    ),
  );
  const color = (name: string) => (name === "harmful" ? COLOR.harmful : name === "harmless" ? COLOR.harmless : COLOR.neutral);
  return {
    title: "Scores by label",
    note: "Documents in each interval of the score, on a logarithmic scale, so that a handful far from the rest still shows.",
    alt: `Histograms of scores for ${order.join(", ")} documents${recommended ? `, with the recommended threshold at ${told(recommended.threshold)}` : ""}.`,
    legend: order.map((name) => ({
      label: `${name} (${whole(histogram.counts[name]!.reduce((a, b) => a + b, 0))} documents)`,
      color: color(name),
    })),
    draw: (width) =>
      frame(width, {
        height: 60 + order.length * (width < 500 ? 100 : 110),
        marginTop: 8,
        fy: { domain: order, axis: null, padding: 0.18 },
        x: { domain: [0, 1], label: "score →", tickFormat: (v: number) => String(v), ticks: 5 },
        y: {
          type: "log",
          domain: [0.6, Math.max(10, ...bins.map((b) => b.count))],
          label: null,
          ticks: 3,
          tickFormat: (v: number) => (Number.isInteger(Math.log10(v)) ? whole(v) : ""),
          grid: true,
        },
        marks: [
          Plot.rect(bins, {
            fy: "name",
            x1: "low",
            x2: "high",
            y1: 0.6,
            y2: "count",
            fill: (d: { name: string }) => color(d.name),
            insetLeft: 0.5,
            insetRight: 0.5,
            rx: 1,
          }),
          ...(recommended ? [Plot.ruleX([recommended.threshold], { stroke: COLOR.accent, strokeWidth: 1.5 })] : []),
        ],
        color: { type: "identity" },
      }),
  };
}

/** Where the scores of each source lie. */
export function sourceScoreFigure({ source_scores, recommended }: Sweep): Figure {
  const rows = source_scores.map(({ source, quantiles }) => ({ source, ...quantiles }));
  return {
    title: "Scores by source",
    note: "Dot: the median document. Thick line: the middle half. Thin line: from the 5th to the 95th percentile.",
    alt: `Ranges of scores for ${rows.length} sources.`,
    draw: (width) =>
      frame(width, {
        height: 56 + rows.length * 28,
        marginTop: 6,
        marginLeft: names(
          rows.map((r) => r.source),
          width,
        ).marginLeft,
        x: { domain: [0, 1], label: "score →", grid: true, ticks: 5, tickFormat: (v: number) => String(v) },
        y: {
          domain: rows.map((r) => r.source),
          label: null,
          tickSize: 0,
          tickFormat: names(
            rows.map((r) => r.source),
            width,
          ).tickFormat,
        },
        marks: [
          Plot.ruleY(rows, { y: "source", x1: "p5", x2: "p95", stroke: COLOR.neutral, strokeWidth: 1.5 }),
          Plot.ruleY(rows, { y: "source", x1: "p25", x2: "p75", stroke: COLOR.neutral, strokeWidth: 5, strokeLinecap: "round" }),
          Plot.dot(rows, { y: "source", x: "p50", fill: COLOR.ink, r: 3.5 }),
          ...(recommended ? [Plot.ruleX([recommended.threshold], { stroke: COLOR.accent, strokeWidth: 1.5 })] : []),
        ],
      }),
  };
}

/** What each threshold removes. */
export function thresholdFigure({ points, recommended, rule }: Sweep): Figure {
  const unit: Unit = rule.unit;
  const labelled = points.some((p) => p.recall[unit] !== null || p.harmless_loss[unit] !== null);
  const series = [
    { key: "recall" as const, label: `harmful ${unit} removed (recall)`, color: COLOR.harmful },
    { key: "harmless_loss" as const, label: `harmless ${unit} lost`, color: COLOR.harmless },
    { key: "removed" as const, label: `all ${unit} removed`, color: COLOR.neutral },
  ].filter(({ key }) => points.some((p) => p[key][unit] !== null));
  return {
    title: "What each threshold removes",
    note: `Documents scoring at or above the threshold are removed. ${labelled ? "The gap between recall and harmless loss is what the filter is worth. Shaded: the recommended threshold’s 95 % interval." : "No labels were given, so only the removed share is known."}`,
    alt: `Lines over thresholds from 0 to 1: ${series.map((s) => s.label).join("; ")}.`,
    legend: series,
    draw: (width) =>
      frame(width, {
        x: { domain: [0, 1], label: "threshold →", ticks: 5, tickFormat: (v: number) => String(v) },
        y: SHARE_AXIS,
        marks: [
          Plot.ruleY([0], { stroke: COLOR.line }),
          ...series.map(({ key, color }) =>
            Plot.line(points, {
              x: "threshold",
              y: (p: Sweep["points"][number]) => p[key][unit],
              stroke: color,
              strokeWidth: 2.25,
              curve: "monotone-x",
            }),
          ),
          ...(recommended
            ? recommendedMarks(recommended.threshold, recommended.interval, `recommended ${told(recommended.threshold)}`, [0, 1])
            : []),
        ],
      }),
  };
}

/** Recall against what is removed. */
export function tradeFigure({ points, recommended, rule, labelled }: Sweep): Figure | null {
  const unit = rule.unit;
  if (labelled.harmful === 0) return null;
  const curve = [...points]
    .sort((a, b) => b.threshold - a.threshold)
    .map((p) => ({ removed: p.removed[unit] ?? 0, recall: p.recall[unit] ?? 0 }));
  const all = [{ removed: 0, recall: 0 }, ...curve, { removed: 1, recall: 1 }];
  return {
    title: "Recall against what is removed",
    note: "Removing at random follows the dashed diagonal. The nearer the curve comes to the upper left corner, the less it costs to remove the harmful.",
    alt: `A curve of recall over the share of ${unit} removed, above the diagonal of random removal.`,
    draw: (width) =>
      frame(width, {
        x: { ...SHARE_AXIS, label: `${unit} removed →`, grid: false },
        y: { ...SHARE_AXIS },
        marks: [
          Plot.line(
            [
              [0, 0],
              [1, 1],
            ],
            { stroke: COLOR.neutral, strokeDasharray: "4 4" },
          ),
          Plot.line(all, { x: "removed", y: "recall", stroke: COLOR.harmful, strokeWidth: 2.25 }),
          ...(recommended
            ? [
                Plot.dot([recommended.point], {
                  x: () => recommended.point.removed[unit],
                  y: () => recommended.point.recall[unit],
                  fill: COLOR.accent,
                  r: 5.5,
                  stroke: "var(--card)",
                  strokeWidth: 2,
                }),
                Plot.text([recommended.point], {
                  x: () => recommended.point.removed[unit],
                  y: () => recommended.point.recall[unit],
                  text: () => `${percent(recommended.point.recall[unit])} recall at ${percent(recommended.point.removed[unit])} removed`,
                  textAnchor: (recommended.point.removed[unit] ?? 0) > 0.45 ? "end" : "start",
                  dx: (recommended.point.removed[unit] ?? 0) > 0.45 ? -12 : 12,
                  dy: 12,
                  fill: COLOR.accent,
                  fontWeight: 600,
                }),
              ]
            : []),
        ],
      }),
  };
}

/** What the recommended threshold removes of each source. */
export function sourceFigure({ by_source, recommended, labelled }: Sweep): Figure | null {
  if (!recommended) return null;
  const rows = by_source
    .filter((s) => s.threshold === recommended.threshold)
    .map((s) => ({ ...s, share: s.removed_documents / s.documents, harmfulShare: s.true_positives / s.documents }))
    .sort((a, b) => b.share - a.share);
  const parts = rows.flatMap((r) => [
    { source: r.source, from: 0, to: r.harmfulShare, color: COLOR.harmful },
    { source: r.source, from: r.harmfulShare, to: r.share, color: labelled.harmless > 0 ? COLOR.harmless : COLOR.neutral },
  ]);
  const most = Math.max(0.0001, ...rows.map((r) => r.share));
  return {
    title: "What is removed, by source",
    note: "Share of each source’s documents removed at the recommended threshold.",
    alt: `Bars of the removed share for ${rows.length} sources; the most is ${percent(rows[0]?.share)}.`,
    ...(labelled.harmful > 0 && {
      legend: [
        { label: "labelled harmful", color: COLOR.harmful },
        { label: labelled.unknown > 0 ? "labelled harmless, or unlabelled" : "labelled harmless", color: COLOR.harmless },
      ],
    }),
    draw: (width) =>
      frame(width, {
        height: 56 + rows.length * 28,
        marginTop: 6,
        marginLeft: names(
          rows.map((r) => r.source),
          width,
        ).marginLeft,
        marginRight: width < 500 ? 64 : 170,
        x: { domain: [0, most], label: null, ticks: width < 500 ? 2 : 4, tickFormat: tick, grid: true },
        y: {
          domain: rows.map((r) => r.source),
          label: null,
          tickSize: 0,
          padding: 0.32,
          tickFormat: names(
            rows.map((r) => r.source),
            width,
          ).tickFormat,
        },
        marks: [
          Plot.barX(parts, { y: "source", x1: "from", x2: "to", fill: (d: { color: string }) => d.color }),
          Plot.text(rows, {
            y: "source",
            x: "share",
            text: (r: (typeof rows)[number]) =>
              `${percent(r.share)}  ${width < 500 ? "" : `${whole(r.removed_documents)} of ${whole(r.documents)}`}`,
            textAnchor: "start",
            dx: 7,
            fill: COLOR.ink,
          }),
        ],
        color: { type: "identity" },
      }),
  };
}
