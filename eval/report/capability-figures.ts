// Figures of what a model still knows after filtering: the embedded probe, and runs of lm-evaluation-harness.
import * as Plot from "@observablehq/plot";
import { type CapabilityRun, CHANCE, kindOfTask } from "#eval/lm-eval";
import type { Probe } from "#eval/probe/probe";
import { COLOR, type Figure, frame, recommendedMarks } from "./figure.ts";
import { threshold as told, tick, whole } from "./numbers.ts";

interface Point {
  threshold: number;
  change: number;
}

/** Change of bits per byte against the unfiltered corpus. The unfiltered one itself is drawn at threshold 1. */
export function probeFigure(probe: Probe, recommended: number | null): Figure {
  const unfiltered = probe.points.at(-1)!;
  const series = [
    {
      label: "domain to remove",
      color: COLOR.harmful,
      dash: false,
      of: (p: (typeof probe.points)[number]) => p.filtered.hazard / unfiltered.filtered.hazard - 1,
    },
    {
      label: "domain to remove, as much text dropped at random",
      color: COLOR.harmful,
      dash: true,
      of: (p: (typeof probe.points)[number]) => p.control.hazard / unfiltered.filtered.hazard - 1,
    },
    {
      label: "everything else",
      color: COLOR.harmless,
      dash: false,
      of: (p: (typeof probe.points)[number]) => p.filtered.general / unfiltered.filtered.general - 1,
    },
  ];
  const lines = series.map((s) => ({ ...s, points: probe.points.map((p): Point => ({ threshold: p.threshold ?? 1, change: s.of(p) })) }));
  return {
    title: "Capability probe: what a model trained on the rest still knows",
    note: `A byte ${probe.order}-gram model is trained on the kept documents at each threshold and asked for held-out ones: ${whole(probe.heldOutDocuments.hazard)} of the domain to remove, ${whole(probe.heldOutDocuments.general)} of the rest. Up is less known: the change in bits per byte against the unfiltered corpus, which needs ${unfiltered.filtered.hazard.toFixed(3)} and ${unfiltered.filtered.general.toFixed(3)}.`,
    alt: `Lines of the change in bits per byte over thresholds: ${series.map((s) => s.label).join("; ")}.`,
    legend: series,
    draw: (width) =>
      frame(width, {
        x: { domain: [0, 1], label: "threshold →", ticks: 5, tickFormat: (v: number) => String(v) },
        y: {
          label: null,
          grid: true,
          ticks: 5,
          tickFormat: (v: number) => `${v > 0 ? "+" : ""}${Number((v * 100).toPrecision(3))} %`,
          nice: true,
        },
        marks: [
          Plot.ruleY([0], { stroke: COLOR.line }),
          ...lines.map(({ points, color, dash }) =>
            Plot.line(points, { x: "threshold", y: "change", stroke: color, strokeWidth: 2.25, ...(dash && { strokeDasharray: "4 4" }) }),
          ),
          ...lines
            .filter(({ dash }) => !dash)
            .map(({ points, color }) => Plot.dot(points, { x: "threshold", y: "change", fill: color, r: 3 })),
          ...(recommended === null ? [] : recommendedMarks(recommended, null, `recommended ${told(recommended)}`, [0, 1])),
        ],
      }),
  };
}

/** Accuracies by threshold, with standard errors, above chance. The unfiltered model is drawn at threshold 1. */
export function capabilityFigure(runs: readonly CapabilityRun[], recommended: number | null): Figure {
  // A group stands for its tasks where it is there.
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.tasks)))];
  const shown = names.filter(
    (name) => !(name.startsWith("mmlu_") && names.includes("mmlu")) && !(name.startsWith("wmdp_") && names.includes("wmdp")),
  );
  const lines = shown.sort().map((name) => ({
    name,
    kind: kindOfTask(name),
    points: runs
      .flatMap((run) => {
        const task = run.tasks[name];
        return task ? [{ x: run.threshold ?? 1, accuracy: task.accuracy, error: task.stderr ?? 0 }] : [];
      })
      .sort((a, b) => a.x - b.x),
  }));
  const most = Math.max(CHANCE + 0.1, ...lines.flatMap((l) => l.points.map((p) => p.accuracy + p.error)));
  return {
    title: "Benchmarks: accuracy after training on what is kept",
    note: `Each point is a model trained on the corpus filtered at that threshold; at the right edge, on the unfiltered one. Bars: one standard error. The dashed line is guessing, ${CHANCE * 100} %, which is as low as forgetting goes.`,
    alt: `Accuracy by threshold for ${shown.join(", ")}.`,
    legend: [
      { label: "hazardous knowledge (WMDP)", color: COLOR.harmful },
      { label: "general knowledge (MMLU)", color: COLOR.harmless },
    ],
    draw: (width) =>
      frame(width, {
        marginRight: width < 500 ? 84 : 96,
        x: { domain: [0, 1], label: "threshold →", ticks: 5, tickFormat: (v: number) => String(v) },
        y: {
          domain: [Math.min(0.2, ...lines.flatMap((l) => l.points.map((p) => p.accuracy - p.error))), most],
          label: null,
          grid: true,
          ticks: 5,
          tickFormat: tick,
        },
        marks: [
          Plot.ruleY([CHANCE], { stroke: COLOR.muted, strokeDasharray: "4 4" }),
          ...lines.flatMap(({ name, kind, points }) => {
            const color = kind === "hazard" ? COLOR.harmful : COLOR.harmless;
            return [
              Plot.ruleX(points, {
                x: "x",
                y1: (p: (typeof points)[number]) => p.accuracy - p.error,
                y2: (p: (typeof points)[number]) => p.accuracy + p.error,
                stroke: color,
              }),
              Plot.line(points, { x: "x", y: "accuracy", stroke: color, strokeWidth: 2.25 }),
              Plot.dot(points, { x: "x", y: "accuracy", fill: color, r: 3 }),
              Plot.text(points.slice(-1), {
                x: "x",
                y: "accuracy",
                text: () => name,
                textAnchor: "start",
                dx: 8,
                fill: color,
                fontWeight: 600,
              }),
            ];
          }),
          ...(recommended === null ? [] : recommendedMarks(recommended, null, `recommended ${told(recommended)}`, [0, 1])),
        ],
      }),
  };
}
