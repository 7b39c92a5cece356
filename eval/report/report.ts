// The report of a sweep or an evaluation: one HTML file that asks for nothing from anywhere, with no example's text in it.
import type { Evaluation } from "#eval/evaluate";
import type { CapabilityRun } from "#eval/lm-eval";
import type { Probe } from "#eval/probe/probe";
import type { Sweep } from "#eval/sweep/sweep";
import type { Manifest } from "#models/manifest";
import { capabilityFigure, probeFigure } from "./capability-figures.ts";
import { card } from "./card.ts";
import { evaluationSection } from "./evaluation-section.ts";
import { escalationSection } from "./escalation-section.ts";
import { figure } from "./figure.ts";
import { html, type Html } from "./html.ts";
import { modelSection } from "./model-section.ts";
import { percent, threshold, whole } from "./numbers.ts";
import { renderPage } from "./page.ts";
import { scoreFigure, sourceFigure, sourceScoreFigure, thresholdFigure, tradeFigure } from "./sweep-figures.ts";
import { tiles } from "./tiles.ts";

export interface ReportData {
  title: string;
  sweep?: Sweep;
  /** Documents that had no score. */
  failed?: number;
  probe?: Probe;
  capabilities?: CapabilityRun[];
  evaluation?: Evaluation;
  manifest?: Manifest;
}

/** Renders a report; parts without data are left out. The same data give the same bytes. */
export function renderReport(data: ReportData): string {
  const { sweep, evaluation, manifest } = data;
  return renderPage({
    title: data.title,
    eyebrow: sweep ? "Threshold sweep" : "Evaluation",
    lead: lead(data),
    body: html`${tiles(data)}
    ${data.failed ? html`<p class="notice"><strong>${whole(data.failed)} documents have no score.</strong> They are in none of the numbers below, and must not pass for harmless.</p>` : ""}
    ${sweep && sweepSections(data, sweep)} ${evaluation && evaluationSection(evaluation)}
    ${evaluation?.escalation && escalationSection(evaluation.escalation)} ${modelSection(manifest)}`,
  });
}

function setCount(sets: number): string {
  return sets === 1 ? "one labelled set" : `${sets} labelled sets`;
}

function lead({ sweep, evaluation, manifest }: ReportData): Html {
  const of = manifest ? html` of <strong>${manifest.name}</strong>` : "";
  if (!sweep) return html`<p class="lead">Scores${of} on ${setCount(Object.keys(evaluation?.sets ?? {}).length)}.</p>`;
  const rec = sweep.recommended;
  if (!rec)
    return html`<p class="lead">
      No threshold is recommended: the rule, ${sweep.rule_text}, needs labels that these documents do not have.
    </p>`;
  const { unit } = sweep.rule;
  const recall = rec.point.recall[unit];
  return html`<p class="lead">
    Scores${of} for ${whole(sweep.documents)} documents. The rule, set before looking: <strong>${sweep.rule_text}</strong>. That is
    ${threshold(rec.threshold)}; it removes ${percent(rec.point.removed[unit])} of all
    ${unit}${recall === null ? "" : `, among them ${percent(recall)} of the harmful`}.
  </p>`;
}

function sweepSections(data: ReportData, sweep: Sweep): Html {
  const recommended = sweep.recommended?.threshold ?? null;
  const trade = tradeFigure(sweep);
  const source = sourceFigure(sweep);
  const { probe, capabilities } = data;
  return html`<section>
      <h2>What a threshold costs</h2>
      ${figure(thresholdFigure(sweep))}${trade && figure(trade)}${thresholdTable(sweep)}
    </section>
    ${
      (probe || capabilities) &&
      html`<section>
        <h2>What is still known</h2>
        ${capabilities && figure(capabilityFigure(capabilities, recommended))}${probe && figure(probeFigure(probe, recommended))}
      </section>`
    }
    <section>
      <h2>Where it falls</h2>
      ${source && figure(source)}${sweep.source_scores.length > 1 && figure(sourceScoreFigure(sweep))}${figure(scoreFigure(sweep))}
    </section>`;
}

/** The points nearest to round removed shares, and the recommended one. */
function thresholdTable({ points, recommended, rule }: Sweep): Html {
  const { unit } = rule;
  const near = [0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75].map((share) =>
    points.reduce(
      (best, p) => (Math.abs((p.removed[unit] ?? 0) - share) < Math.abs((best.removed[unit] ?? 0) - share) ? p : best),
      points[0]!,
    ),
  );
  const rows = [...new Set([...near, ...(recommended ? [recommended.point] : [])])].sort((a, b) => a.threshold - b.threshold);
  const shown = recommended?.point;
  return card(
    "Thresholds in numbers",
    `Shares of ${unit}. All thresholds and sources are in sweep.csv.`,
    ["threshold", "removed", "documents removed", "recall", "precision", "harmless lost"],
    rows.map((p) => [
      `${threshold(p.threshold)}${p === shown ? " recommended" : ""}`,
      percent(p.removed[unit]),
      whole(p.removed_count.documents),
      percent(p.recall[unit]),
      percent(p.precision[unit]),
      percent(p.harmless_loss[unit]),
    ]),
    rows.findIndex((p) => p === shown),
  );
}
