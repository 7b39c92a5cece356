// A model's errors by the groups that texts name.
import { isTold, lowestAuc, type Subgroups, type Value } from "#eval/bias/subgroups";
import { card } from "./card.ts";
import { type Html, html } from "./html.ts";
import { interval, metric, threshold, whole } from "./numbers.ts";

/** Null where no group has rows enough for any figure. */
export function subgroupCard(name: string, { groups, auc, mean_subgroup_auc, worst_below_mean, threshold: at }: Subgroups): Html | null {
  const known = groups.filter(isTold);
  if (known.length === 0) return null;
  const spread =
    mean_subgroup_auc === null
      ? ""
      : ` The mean subgroup AUC is ${metric(mean_subgroup_auc)}; the lowest group is ${metric(-worst_below_mean!)} below it.`;
  return card(
    `Errors by group: ${name}`,
    `AUROC of all rows ${metric(auc)}.${spread} Low BPSN: naming the group raises scores; low BNSP: it lowers them. Gaps are against texts that do not name the group, at ${threshold(at)}.`,
    ["group", "rows", "subgroup AUC", "BPSN", "BNSP", "FPR gap", "FNR gap"],
    known
      .toSorted((a, b) => lowestAuc(a) - lowestAuc(b))
      .map((group) => [
        group.identity,
        html`${whole(group.rows)}<small>${whole(group.harmful)} harmful</small>`,
        ...[group.subgroup_auc, group.bpsn_auc, group.bnsp_auc, group.fpr_gap, group.fnr_gap].map(told),
      ]),
  );
}

function told(value: Value | null): Html | string {
  return value === null ? "–" : html`${metric(value.value)}<small>${interval(value.interval).replace(" to ", "–")}</small>`;
}
