// The quality of a cascade against its cost, measured on labelled sets and told on a terminal.
import type { Example } from "#datasets/example";
import { type Escalation, escalationCurve, type EscalationOptions, meanCurve, scoreStages } from "#eval/escalation";
import { metric, percent, tick } from "#eval/report/numbers";
import { CordonError } from "#models/errors";
import { KINDS, type LoadedCascade, type LoadedModel } from "#models/loaded-model";
import { openStages, type ScorerOptions } from "#models/scorer";
import { table } from "#scripts/output";

/** @throws CordonError model/other-kind where a package holds no cascade */
export function cascadeOf(model: LoadedModel, where: string): LoadedCascade {
  if (model.kind === "cascade") return model;
  throw new CordonError("model/other-kind", `only a cascade has a second stage, and the package holds ${KINDS[model.kind]}`, {
    where,
    hint: "make one with `cordon cascade`, or leave out --escalation-curve",
  });
}

/** Scores the examples of each set with both stages. Sets without a row are left out. */
export async function measureEscalation(
  cascade: LoadedCascade,
  sets: readonly (readonly [name: string, examples: AsyncIterable<Example>])[],
  options: EscalationOptions,
  scorer: ScorerOptions,
): Promise<Escalation> {
  const { architecture } = cascade;
  const stages = await openStages(cascade, scorer);
  const curves: Escalation["sets"] = {};
  try {
    for (const [name, examples] of sets) {
      const rows = await scoreStages(examples, architecture, stages, options);
      if (rows.length > 0) curves[name] = escalationCurve(rows, architecture);
    }
  } finally {
    stages.second.close?.();
  }
  return { share: architecture.escalate.share, sets: curves };
}

/** A row a share; the package's own is marked. */
export function escalationTable({ share, sets }: Escalation): string {
  return table(
    ["escalated at most", "escalated", "ms a text", "times", "AUROC", "AP", "R@FPR 1 %"],
    meanCurve(Object.values(sets)).map((p) => [
      `${tick(p.share)}${p.share === share ? " *" : ""}`,
      percent(p.escalated),
      p.ms.toPrecision(3),
      p.cost.toPrecision(3),
      metric(p.auroc),
      metric(p.average_precision),
      metric(p.recall_at_fpr),
    ]),
  );
}
