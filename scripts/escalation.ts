// The quality of a cascade against its cost, measured on labelled sets and told on a terminal.
import type { Example } from "#datasets/example";
import { type Escalation, escalationCurve, type EscalationOptions, meanCurve, scoreStages } from "#eval/escalation";
import { escalationCells } from "#eval/report/escalation-section";
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
    meanCurve(Object.values(sets)).map((point) => {
      const [most, ...cells] = escalationCells(point);
      return [`${most}${point.share === share ? " *" : ""}`, ...cells];
    }),
  );
}
