// The report of `cordon run ablation`: what each part of the training data is worth, on sets that none was trained on.
import * as Plot from "@observablehq/plot";
import type { Subgroups } from "#eval/bias/subgroups";
import type { SetEvaluation } from "#eval/evaluate";
import { card } from "./card.ts";
import { COLOR, figure, frame } from "./figure.ts";
import { type Html, html } from "./html.ts";
import { interval, metric, percent, whole } from "./numbers.ts";
import { renderPage } from "./page.ts";

export interface ArmResult {
  name: string;
  what: string;
  examples: number;
  harmful: number;
  sets: Record<string, SetEvaluation>;
  /** Of the set of identity terms. */
  subgroups?: Pick<Subgroups, "mean_subgroup_auc" | "worst_below_mean">;
}

export interface AblationResult {
  format: 1;
  cordonVersion: string;
  gitRevision: string;
  guardrail: ArmResult[];
  standin: ArmResult[];
}

/** Renders an ablation. The same result gives the same bytes. */
export function renderAblation({ guardrail, standin }: AblationResult): string {
  return renderPage({
    title: "Does synthetic data help?",
    eyebrow: "Ablation",
    lead: html`<p class="lead">
      One classifier for each part of the training data, with the same features and options, measured on sets that none was trained on.
    </p>`,
    body: html`<section>
        <h2>The guardrail</h2>
        ${arms(guardrail)} ${areas(guardrail)} ${scores(guardrail)} ${operating(guardrail)}
      </section>
      <section>
        <h2>The filter, on the stand-in</h2>
        <p>Microbiology is the domain to find, a harmless stand-in for a hazard.</p>
        ${found(standin)}
      </section>`,
  });
}

/** Sets that hold both labels. */
function measurable(results: readonly ArmResult[]): string[] {
  const first = results[0]!.sets;
  return Object.keys(first).filter((name) => first[name]!.auroc !== null);
}

function title({ name, what }: ArmResult): string {
  return `(${name}) ${what}`;
}

function arms(results: readonly ArmResult[]): Html {
  return card(
    "Arms",
    "What each classifier was trained on. The same unlabelled text stands in all of them as harmless.",
    ["trained on", "rows", "harmful"],
    results.map((arm) => [title(arm), whole(arm.examples), whole(arm.harmful)]),
  );
}

function areas(results: readonly ArmResult[]): Html {
  const points = results.flatMap(({ name, sets }) =>
    measurable(results).map((set) => ({ arm: name, set, auroc: sets[set]!.auroc!, interval: sets[set]!.intervals["auroc"]! })),
  );
  const low = Math.min(0.5, ...points.map((point) => point.interval[0]));
  return figure({
    title: "AUROC by arm and set",
    note: "0.5 is chance. Bars are 95 % bootstrap intervals.",
    alt: "AUROC of each arm on each labelled set, with intervals",
    draw: (width) => {
      const narrow = width < 500;
      return frame(width, {
        height: measurable(results).length * (results.length * 15 + 34),
        marginLeft: narrow ? 34 : 56,
        marginRight: narrow ? 14 : 170,
        x: { domain: [low, 1], label: "AUROC", grid: true },
        y: { label: null, domain: results.map((r) => r.name) },
        fy: { label: null, ...(narrow && { axis: null }) },
        marks: [
          Plot.ruleX([0.5], { stroke: COLOR.line }),
          Plot.ruleY(points, { fy: "set", y: "arm", x1: (d) => d.interval[0], x2: (d) => d.interval[1], stroke: COLOR.neutral }),
          Plot.dot(points, { fy: "set", y: "arm", x: "auroc", fill: COLOR.harmful, r: 3.5 }),
          ...(narrow
            ? [Plot.text(measurable(results), { fy: (d: string) => d, text: (d: string) => d, frameAnchor: "top-left", dy: -10 })]
            : []),
        ],
      });
    },
  });
}

function scores(results: readonly ArmResult[]): Html {
  const sets = measurable(results);
  return card(
    "AUROC",
    "Worst group: the lowest subgroup AUC of bias-madlibs less the mean over groups.",
    ["arm", ...sets, "worst group"],
    results.map(({ name, sets: by, subgroups }) => [
      name,
      ...sets.map((set) => html`${metric(by[set]!.auroc)}<small>${interval(by[set]!.intervals["auroc"]).replace(" to ", "–")}</small>`),
      metric(subgroups?.worst_below_mean),
    ]),
  );
}

function operating(results: readonly ArmResult[]): Html {
  const reference = Object.values(results[0]!.sets)[0]!.at_reference!;
  const sets = Object.keys(results[0]!.sets).filter((name) => name !== reference.name);
  return card(
    "Recall and false positives",
    `At each arm’s threshold that flags ${percent(reference.share)} of ${reference.name}.`,
    ["arm", ...sets],
    results.map(({ name, sets: by }) => [
      name,
      ...sets.map(
        (set) =>
          html`${percent(by[set]!.recall)}<small>${by[set]!.fpr === null ? "all harmful" : `false ${percent(by[set]!.fpr)}`}</small>`,
      ),
    ]),
  );
}

function found(results: readonly ArmResult[]): Html {
  const columns = [
    { title: "AUROC", path: "auroc", of: (set: SetEvaluation) => set.auroc },
    { title: "average precision", path: "average_precision", of: (set: SetEvaluation) => set.average_precision },
    { title: "precision at 98 % recall", path: "precision_at_recall.0.98", of: (set: SetEvaluation) => set.precision_at_recall["0.98"] },
  ];
  return card(
    "Documents of microbiology found",
    "Ranked by score.",
    ["trained on", "rows", ...columns.map((column) => column.title)],
    results.map((arm) => {
      const set = Object.values(arm.sets)[0]!;
      return [
        title(arm),
        whole(arm.examples),
        ...columns.map(({ path, of }) => html`${metric(of(set))}<small>${interval(set.intervals[path]).replace(" to ", "–")}</small>`),
      ];
    }),
  );
}
