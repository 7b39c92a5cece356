// The page of a training run: how losses, the learning rate and the ranking on the calibration split went, step by step.
import * as Plot from "@observablehq/plot";
import type { Manifest } from "#models/manifest";
import { card } from "./card.ts";
import { COLOR, type Figure, figure, frame } from "./figure.ts";
import { html } from "./html.ts";
import { modelSection } from "./model-section.ts";
import { metric, NONE, short, whole } from "./numbers.ts";
import { renderPage } from "./page.ts";
import { tileList } from "./tiles.ts";

export interface TrainingCurves {
  /** What computed it. */
  device: string;
  steps: { step: number; loss: number; learningRate: number; tokens: number }[];
  evaluations: { step: number; epoch: number; loss: number; auroc: number | null; best: boolean }[];
  /** Steps at which batches were cut in smaller parts for want of memory. */
  outOfMemory: { step: number; microTokens: number }[];
  stopped: "epochs" | "patience";
}

/** The same run gives the same bytes. */
export function renderTraining(curves: TrainingCurves, manifest: Manifest): string {
  const last = curves.steps.at(-1);
  const best = curves.evaluations.findLast((evaluation) => evaluation.best);
  const held = manifest.heldOut[manifest.labels[0]!] ?? {};
  return renderPage({
    title: `${manifest.name}, its training`,
    eyebrow: "Fine-tuning",
    lead: html`<p class="lead">
      ${whole(last?.step ?? 0)} steps on ${whole(manifest.training.examples)} examples, on ${curves.device}. It ended
      ${curves.stopped === "patience" ? "early, since the loss on the calibration split no longer fell" : "after its last epoch"}; the
      weights are those of the evaluation with the lowest loss.
    </p>`,
    body: html`${tileList([
        {
          label: "Calibration loss",
          value: metric(best?.loss),
          more: best ? `at step ${whole(best.step)}` : "no calibration rows",
          key: true,
        },
        { label: "Calibration AUROC", value: metric(best?.auroc), more: `of ${manifest.labels[0]!}` },
        { label: "Held-out AUROC", value: metric(held["auroc"]), more: `${whole(held["rows"] ?? 0)} rows` },
        { label: "Tokens read", value: short(last?.tokens ?? 0), more: "without padding" },
      ])}
      <section>
        <h2>Curves</h2>
        ${figure(lossFigure(curves))}${curves.evaluations.some(({ auroc }) => auroc !== null) && figure(aurocFigure(curves))}${figure(rateFigure(curves))}
        ${card(
          "Evaluations",
          "On the calibration split; the marked row gave the weights.",
          ["step", "epoch", "loss", "AUROC"],
          curves.evaluations.map(({ step, epoch, loss, auroc }) => [whole(step), epoch, loss.toFixed(4), metric(auroc)]),
          curves.evaluations.findLastIndex((evaluation) => evaluation.best),
        )}
        ${
          curves.outOfMemory.length > 0 &&
          card(
            "Out of memory",
            "From these steps on batches went through the network in smaller parts; their size, and so what a step is, stayed.",
            ["step", "tokens at once"],
            curves.outOfMemory.map(({ step, microTokens }) => [whole(step), whole(microTokens)]),
          )
        }
      </section>
      ${modelSection(manifest)}`,
  });
}

/** The same in all figures, so that they can be read one under the other. */
function stepAxis({ steps, evaluations }: TrainingCurves) {
  const last = Math.max(1, steps.at(-1)?.step ?? 0, evaluations.at(-1)?.step ?? 0);
  return { label: "step →", domain: [0, last], tickFormat: (step: number) => whole(step), ticks: 5 };
}

function lossFigure(curves: TrainingCurves): Figure {
  const { steps, evaluations } = curves;
  return {
    title: "Loss",
    note: "Training: mean over the steps between two lines of the log, with dropout, smoothed labels and a teacher where there are any, so the two lines are not on one footing.",
    alt: `Training loss over ${whole(steps.at(-1)?.step ?? 0)} steps, and the loss on the calibration split at ${evaluations.length} evaluations.`,
    legend: [
      { label: "training", color: COLOR.neutral },
      { label: "calibration split", color: COLOR.harmful },
    ],
    draw: (width) =>
      frame(width, {
        x: stepAxis(curves),
        y: { label: null, grid: true, ticks: 5, zero: true },
        marks: [
          Plot.line(steps, { x: "step", y: "loss", stroke: COLOR.neutral, strokeWidth: 1.5 }),
          Plot.line(evaluations, { x: "step", y: "loss", stroke: COLOR.harmful, strokeWidth: 2 }),
          Plot.dot(evaluations, { x: "step", y: "loss", fill: COLOR.harmful, r: (d: { best: boolean }) => (d.best ? 4 : 2.5) }),
        ],
      }),
  };
}

function aurocFigure(curves: TrainingCurves): Figure {
  const known = curves.evaluations.filter(({ auroc }) => auroc !== null);
  return {
    title: "Ranking on the calibration split",
    note: "AUROC of the first label: how often a harmful text scores over a harmless one. It chooses nothing; the loss does.",
    alt: `AUROC on the calibration split, from ${metric(known[0]?.auroc)} to ${metric(known.at(-1)?.auroc ?? null)}.`,
    draw: (width) =>
      frame(width, {
        height: 240,
        x: stepAxis(curves),
        y: { label: null, grid: true, ticks: 5, nice: true },
        marks: [
          Plot.line(known, { x: "step", y: "auroc", stroke: COLOR.accent, strokeWidth: 2 }),
          Plot.dot(known, { x: "step", y: "auroc", fill: COLOR.accent, r: 3 }),
        ],
      }),
  };
}

function rateFigure(curves: TrainingCurves): Figure {
  const { steps } = curves;
  const highest = steps.reduce((max, { learningRate }) => Math.max(max, learningRate), 0);
  return {
    title: "Learning rate",
    note: "Of the head; layers below it learn at a share of it where --layer-decay is under 1.",
    alt: steps.length === 0 ? `Learning rate: ${NONE}.` : `Learning rate over the steps, at most ${highest.toExponential(1)}.`,
    draw: (width) =>
      frame(width, {
        height: 200,
        x: stepAxis(curves),
        y: { label: null, grid: true, ticks: 3, zero: true, tickFormat: (rate: number) => (rate === 0 ? "0" : rate.toExponential(0)) },
        marks: [Plot.line(steps, { x: "step", y: "learningRate", stroke: COLOR.ink, strokeWidth: 1.5 })],
      }),
  };
}
