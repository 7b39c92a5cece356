// Quality against cost of a cascade: a figure over all sets, and the numbers behind it.
import * as Plot from "@observablehq/plot";
import { type Escalation, type EscalationPoint, meanCurve } from "#eval/escalation";
import { card } from "./card.ts";
import { COLOR, type Figure, figure, frame } from "./figure.ts";
import { type Html, html } from "./html.ts";
import { metric, percent, tick } from "./numbers.ts";

export function escalationSection({ share, sets }: Escalation): Html {
  const curves = Object.entries(sets);
  const mean = meanCurve(curves.map(([, points]) => points));
  const drawn = curves.filter(([, points]) => points.every((point) => point.average_precision !== null));
  return html`<section>
    <h2>What the second stage is worth</h2>
    ${drawn.length > 0 && figure(escalationFigure(drawn, share))}
    ${card(
      curves.length === 1 ? "Quality against cost" : "Quality against cost, mean over the sets",
      "At most: the share that was stated, of the texts that the band was chosen on. Escalated: the share of these sets. Milliseconds are measured here, one text at a time; times: against the first stage alone.",
      ["at most", "escalated", "ms a text", "times", "AUROC", "average precision", "recall at 1 % FPR"],
      mean.map(escalationCells),
      mean.findIndex((p) => p.share === share),
    )}
    ${curves.length > 1 && setCard(curves)}
  </section>`;
}

/** A point of the curve as a row: share at most, escalated, milliseconds, times, AUROC, average precision, recall at 1 %. */
export function escalationCells(p: EscalationPoint): string[] {
  const cost = [p.ms, p.cost].map((value) => value.toPrecision(3));
  return [tick(p.share), percent(p.escalated), ...cost, ...[p.auroc, p.average_precision, p.recall_at_fpr].map(metric)];
}

/** AUROC by set and share. */
function setCard(curves: [string, EscalationPoint[]][]): Html {
  return card(
    "AUROC by set and share",
    "Under each value the share of the set that was escalated.",
    ["set", ...curves[0]![1].map((point) => `at most ${tick(point.share)}`)],
    curves.map(([name, points]) => [name, ...points.map((p) => html`${metric(p.auroc)}<small>${percent(p.escalated)}</small>`)]),
  );
}

function escalationFigure(curves: [string, EscalationPoint[]][], share: number): Figure {
  const mean = meanCurve(curves.map(([, points]) => points));
  const used = mean.filter((point) => point.share === share);
  const several = curves.length > 1;
  const values = curves.flatMap(([, points]) => points.map((point) => point.average_precision!));
  return {
    title: "Quality against cost",
    note: `Average precision where more and more texts go to the second stage: across, what a text then costs, in times of the first stage alone, on a logarithmic scale. ${several ? "Thin lines are the sets, the thick one is their mean. " : ""}${used.length > 0 ? "The large dot is the package’s own share." : ""}`,
    alt: `Average precision from ${metric(mean[0]!.average_precision)} with the first stage alone to ${metric(mean.at(-1)!.average_precision)} with both for every text, at ${mean.at(-1)!.cost.toPrecision(3)} times the cost.`,
    legend: [
      { label: several ? "mean over the sets" : curves[0]![0], color: COLOR.accent },
      ...(several ? [{ label: "each set", color: COLOR.neutral }] : []),
    ],
    draw: (width) =>
      frame(width, {
        x: { type: "log", label: "cost of a text, first stage = 1 →", ticks: width < 500 ? 3 : 6, tickFormat: (v: number) => `${v} ×` },
        y: {
          domain: [Math.max(0, Math.min(...values) - 0.02), Math.min(1, Math.max(...values) + 0.02)],
          label: null,
          grid: true,
          ticks: 5,
        },
        marks: [
          ...(several
            ? curves.map(([, points]) =>
                Plot.line(points, { x: "cost", y: "average_precision", stroke: COLOR.neutral, strokeWidth: 1, strokeOpacity: 0.7 }),
              )
            : []),
          Plot.line(mean, { x: "cost", y: "average_precision", stroke: COLOR.accent, strokeWidth: 2.25 }),
          Plot.dot(mean, { x: "cost", y: "average_precision", fill: COLOR.accent, r: 3 }),
          Plot.dot(used, { x: "cost", y: "average_precision", fill: COLOR.accent, r: 6, stroke: "var(--card)", strokeWidth: 1.5 }),
          Plot.text(withRoom(mean, used, width), {
            x: "cost",
            y: "average_precision",
            text: (point: EscalationPoint) => tick(point.share),
            dx: 8,
            dy: -12,
            fill: COLOR.muted,
            fontSize: 11,
          }),
        ],
      }),
  };
}

/** Pixels that a label needs. */
const LABEL_WIDTH = 36;

/** The points with room for a label: `first`, then both ends, then the others. Several shares may have one band. */
function withRoom(points: EscalationPoint[], first: EscalationPoint[], width: number): EscalationPoint[] {
  const logs = points.map(({ cost }) => Math.log(cost));
  const scale = width / Math.max(...logs.map((log) => log - Math.min(...logs)), Number.MIN_VALUE);
  const kept: EscalationPoint[] = [];
  for (const point of [...first, points[0]!, points.at(-1)!, ...points]) {
    const clear = (other: EscalationPoint) => Math.abs(Math.log(point.cost / other.cost)) * scale >= LABEL_WIDTH;
    if (kept.every(clear)) kept.push(point);
  }
  return kept;
}
