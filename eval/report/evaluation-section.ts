// The metrics of each labelled set with their intervals, and its calibration.
import * as Plot from "@observablehq/plot";
import type { Evaluation, ReferencePoint, SetEvaluation } from "#eval/evaluate";
import type { CalibrationBin } from "#eval/metrics/calibration";
import { card } from "./card.ts";
import { COLOR, svg } from "./figure.ts";
import { type Html, html } from "./html.ts";
import { subgroupCard } from "./subgroup-card.ts";
import { interval, metric, NONE, percent, threshold, whole } from "./numbers.ts";

const COLUMNS: { title: string; path: string; of: (set: SetEvaluation) => number | null | undefined; format?: typeof metric }[] = [
  { title: "AUROC", path: "auroc", of: (s) => s.auroc },
  { title: "average precision", path: "average_precision", of: (s) => s.average_precision },
  { title: "recall at 1 % FPR", path: "recall_at_fpr.0.01", of: (s) => s.recall_at_fpr["0.01"], format: percent },
  { title: "precision at 95 % recall", path: "precision_at_recall.0.95", of: (s) => s.precision_at_recall["0.95"], format: percent },
  { title: "calibration error", path: "ece", of: (s) => s.ece },
  { title: "flagged", path: "flagged", of: (s) => s.flagged, format: percent },
  { title: "recall", path: "recall", of: (s) => s.recall, format: percent },
  { title: "false positives", path: "fpr", of: (s) => s.fpr, format: percent },
];

export function evaluationSection(evaluation: Evaluation): Html {
  const sets = Object.entries(evaluation.sets);
  const thresholds = [...new Set(sets.map(([, set]) => threshold(set.threshold)))];
  const undefined_ = sets.filter(([, set]) => set.undefined_because);
  const reference = sets[0]?.[1].at_reference;
  return html`<section>
    <h2>How well the scores separate</h2>
    <p>
      Label <strong>${evaluation.label}</strong>. Under each value its 95 % bootstrap interval. Flagged, recall and false positives are at
      ${thresholds.length === 1 ? `the threshold ${thresholds[0]}` : "each set’s threshold"}.
    </p>
    ${card(
      "Metrics by set",
      undefined_.length === 0
        ? ""
        : `${NONE} is undefined: ${undefined_.map(([name, set]) => `in ${name} ${set.undefined_because}`).join("; ")}.`,
      ["set", "rows", ...COLUMNS.map((column) => column.title)],
      sets.map(([name, set]) => [
        name,
        html`${whole(set.n)}<small>${whole(set.positives)} harmful</small>`,
        ...COLUMNS.map((column) => cell(set, column)),
      ]),
    )}
    ${reference && referenceCard(sets, reference)}${rocCard(sets)}${calibrationCard(sets)}${sets.map(([name, set]) => set.subgroups && subgroupCard(name, set.subgroups))}
  </section>`;
}

function cell(set: SetEvaluation, { path, of, format = metric }: (typeof COLUMNS)[number]): Html {
  const bounds = of(set) === null ? "" : interval(set.intervals[path], (v) => format(v).replace(" %", "")).replace(" to ", "–");
  return html`${format(of(set))}<small>${bounds}</small>`;
}

/** All sets at the one threshold that flags a set share of a benign set. */
function referenceCard(sets: [string, SetEvaluation][], { name, share, threshold: at }: ReferencePoint): Html {
  return card(
    "At a fixed rate of false alarms",
    `At ${threshold(at)}, the threshold which flags ${percent(share)} of ${name}.`,
    ["set", "recall", "false positives"],
    sets.map(([set, { at_reference: reached }]) => [set, percent(reached?.recall), percent(reached?.fpr)]),
  );
}

function rocCard(sets: [string, SetEvaluation][]): Html | null {
  const drawn = sets.filter(([, set]) => set.curve.length > 0);
  if (drawn.length === 0) return null;
  return html`<div class="card">
    <h3>Recall against false alarms</h3>
    <p>
      Up: the share of the harmful that is found. Across: the share of the harmless that is flagged with it. The dashed diagonal is
      guessing; the dot is the threshold in use.
    </p>
    <div class="grid">
      ${drawn.map(
        ([name, set]) =>
          html`<div>
            <h4>${name}</h4>
            <p>AUROC ${metric(set.auroc)}</p>
            ${rocPlot(name, set)}
          </div>`,
      )}
    </div>
  </div>`;
}

function rocPlot(name: string, set: SetEvaluation): Html {
  const points = [{ fpr: 0, recall: 0 }, ...set.curve];
  return square(`ROC curve of ${name}: recall against the false positive rate, area ${metric(set.auroc)}.`, [
    Plot.line(points, { x: "fpr", y: "recall", stroke: COLOR.harmful, strokeWidth: 2 }),
    Plot.dot([set], { x: "fpr", y: "recall", fill: COLOR.accent, r: 4.5, stroke: "var(--card)", strokeWidth: 1.5 }),
  ]);
}

function calibrationCard(sets: [string, SetEvaluation][]): Html | null {
  const drawn = sets.filter(([, set]) => set.calibration.length > 1 && set.undefined_because === undefined);
  if (drawn.length === 0) return null;
  return html`<div class="card">
    <h3>Calibration</h3>
    <p>
      Each dot is a fifteenth of the set: across, its mean score; up, the share that is harmful. On the diagonal a score of 0.3 means 30 %.
      Dots below it: the score says more harm than there is.
    </p>
    <div class="grid">
      ${drawn.map(
        ([name, set]) =>
          html`<div>
            <h4>${name}</h4>
            <p>calibration error ${metric(set.ece)}</p>
            ${calibrationPlot(name, set.calibration)}
          </div>`,
      )}
    </div>
  </div>`;
}

function calibrationPlot(name: string, bins: CalibrationBin[]): Html {
  return square(`Calibration of ${name}: mean score against share of harmful rows in ${bins.length} bins.`, [
    Plot.line(bins, { x: "meanScore", y: "meanLabel", stroke: COLOR.accent, strokeWidth: 1.75 }),
    Plot.dot(bins, { x: "meanScore", y: "meanLabel", fill: COLOR.accent, r: 3.5 }),
  ]);
}

/** A small chart of two shares, with its diagonal. */
function square(alt: string, marks: Plot.Markish[]): Html {
  const axis = { domain: [0, 1], ticks: [0, 0.5, 1], tickFormat: (v: number) => String(v), label: null };
  const width = 240;
  return svg(
    {
      width,
      height: width,
      marginLeft: 30,
      marginRight: 10,
      marginTop: 12,
      marginBottom: 28,
      x: axis,
      y: { ...axis, grid: true },
      marks: [
        Plot.line(
          [
            [0, 0],
            [1, 1],
          ],
          { stroke: COLOR.neutral, strokeDasharray: "4 4" },
        ),
        ...marks,
      ],
    },
    alt,
    width,
  );
}
