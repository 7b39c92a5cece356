// An inspection as tables for a terminal.
import { type Alarm, cellName, tellAlarm } from "#eval/generations/alarms";
import type { Baseline } from "#eval/generations/baseline";
import type { Inspection } from "#eval/generations/inspection";
import { isTold, lowestAuc, type Subgroup, type Subgroups } from "#eval/bias/subgroups";
import { FIGURE_NAMES, FIGURES } from "#eval/diversity/diversity";
import { metric, percent } from "#eval/report/numbers";
import { table } from "#scripts/output";

/** Groups shown, the worst first. */
const MOST_GROUPS = 12;

export function describeInspection(now: Inspection, before: Baseline | null, rung: readonly Alarm[]): string {
  return [
    ...diversityText(now, before),
    ...repetitionText(now, before),
    ...termsText(now),
    ...modelText(now),
    rung.length === 0 ? "no alarm" : rung.map((alarm) => `ALARM  ${tellAlarm(alarm)}`).join("\n"),
  ].join("\n\n");
}

function diversityText({ cells, settings }: Inspection, before: Baseline | null): string[] {
  const header = ["diversity", "rows", "long enough", ...FIGURE_NAMES.map((name) => FIGURES[name].title), "95 %"];
  if (before) header.push("Vendi before");
  const rows = cells.map((cell) => {
    const name = cellName(cell.label, cell.topic);
    const own = [name, String(cell.rows), String(cell.eligible)];
    if (cell.figures === null) return [...own, "too few"];
    const { vendi } = cell.figures;
    const earlier = before?.cells.find((other) => other.label === cell.label && other.topic === cell.topic)?.figures?.vendi;
    return [
      ...own,
      ...FIGURE_NAMES.map((figure) => (figure === "vendi" ? one : metric)(cell.figures![figure].value)),
      vendi.interval ? vendi.interval.map(one).join("–") : "–",
      ...(before ? [earlier ? one(earlier.value) : "–"] : []),
    ];
  });
  return [
    `samples of ${settings.rows} rows of ${settings.tokens} tokens; high compression, self-repetition and self-BLEU are poor, high distinct-n and Vendi are rich; the interval is Vendi's`,
    table(header, rows),
  ];
}

function repetitionText({ near_duplicates, survival, held_out }: Inspection, before: Baseline | null): string[] {
  if (near_duplicates.length === 0) return [];
  const rows = near_duplicates.map(({ label, rows: looked, exact, near }) => {
    const earlier = before?.near_duplicates.find((other) => other.label === label);
    const left = survival?.find((other) => other.label === label);
    const loss = held_out?.find((other) => other.label === label);
    return [
      cellName(label, null),
      String(looked),
      percent(exact),
      percent(near),
      ...(before ? [percent(earlier?.near)] : []),
      ...(survival ? [percent(left?.survived), percent(left?.baseline), metric(left?.relative)] : []),
      ...(held_out ? [metric(loss?.now), metric(loss?.before)] : []),
    ];
  });
  const header = ["repetition", "looked at", "exact", "near duplicates"];
  if (before) header.push("before");
  if (survival) header.push("rare n-grams left", "in a fresh draw", "relative");
  if (held_out) header.push("held-out bits/byte", "of the earlier set");
  return [table(header, rows)];
}

function termsText({ terms }: Inspection): string[] {
  if (terms.length === 0) return [];
  const rows = terms
    .slice(0, MOST_GROUPS)
    .map((term) => [
      term.identity,
      String(term.harmful),
      String(term.harmless),
      Math.exp(term.log_odds).toFixed(2),
      term.interval.map((bound) => Math.exp(bound).toFixed(2)).join("–"),
    ]);
  return [
    `groups named, ${terms.length}; the most one-sided`,
    table(["group", "harmful rows", "harmless rows", "odds ratio", "95 %"], rows),
  ];
}

function modelText({ model }: Inspection): string[] {
  if (model === null) return [];
  const { counterfactual: gap, before, subgroups } = model;
  const amplification = before?.amplification;
  const lines = [`model ${model.model}, on ${model.rows} rows: AUROC ${metric(subgroups.auc)}`];
  if (gap) {
    lines.push(
      `counterfactual gap ${metric(gap.gap)} (${gap.interval.map(metric).join("–")}) on ${gap.texts} texts that name a group; ${percent(gap.flip_rate)} of swaps change the decision at ${Number(subgroups.threshold.toPrecision(3))}`,
    );
  } else lines.push("no text names a group: no counterfactual gap");
  if (amplification) {
    lines.push(
      `${amplification.ratio.toFixed(2)} times (${amplification.interval.map((x) => x.toFixed(2)).join("–")}) the gap of the model ${before.model}`,
    );
  }
  const known = subgroups.groups.filter(isTold);
  if (known.length === 0) return [lines.join("\n")];
  return [lines.join("\n"), subgroupTable(known, MOST_GROUPS), subgroupSummary(subgroups)];
}

/** Groups by their lowest AUC. */
export function subgroupTable(groups: readonly Subgroup[], most = groups.length): string {
  const rows = groups
    .toSorted((a, b) => lowestAuc(a) - lowestAuc(b))
    .slice(0, most)
    .map((group) => [
      group.identity,
      String(group.rows),
      String(group.harmful),
      ...[group.subgroup_auc, group.bpsn_auc, group.bnsp_auc, group.fpr_gap, group.fnr_gap].map((value) =>
        value ? `${metric(value.value)} (${value.interval.map(metric).join("–")})` : "–",
      ),
    ]);
  return table(["group", "rows", "harmful", "subgroup AUC", "BPSN", "BNSP", "FPR gap", "FNR gap"], rows);
}

export function subgroupSummary({ mean_subgroup_auc, worst_below_mean }: Subgroups): string {
  return mean_subgroup_auc === null
    ? "no group has rows enough of both labels for a subgroup AUC"
    : `mean subgroup AUC ${metric(mean_subgroup_auc)}; the lowest group is ${metric(Math.abs(worst_below_mean!))} below it`;
}

function one(value: number): string {
  return value.toFixed(1);
}
