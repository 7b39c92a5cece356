// How the threshold of a run is chosen.
import { CordonError } from "#models/errors";
import type { Manifest } from "#models/manifest";

/** What the user asked for: exactly one of the four. */
export interface ThresholdChoice {
  threshold?: number | undefined;
  targetRecall?: number | undefined;
  maxRemoved?: number | undefined;
  scoresOnly?: boolean | undefined;
}

export type ThresholdRule =
  | { kind: "threshold"; threshold: number }
  | { kind: "target-recall"; recall: number; threshold: number }
  | { kind: "max-removed"; share: number }
  | { kind: "scores-only" };

/**
 * The rule, with the package's calibration looked up for a recall: the threshold of the nearest operating point that
 * finds at least as much as was asked for.
 * @throws CordonError usage/bad-option
 */
export function thresholdRule(
  choice: ThresholdChoice,
  manifest: Pick<Manifest, "thresholds" | "operatingPoints">,
  category: string,
): ThresholdRule {
  const given = [choice.threshold, choice.targetRecall, choice.maxRemoved, choice.scoresOnly || undefined].filter(
    (value) => value !== undefined,
  );
  if (given.length !== 1) {
    const own = manifest.thresholds[category];
    const suggestion = own === undefined ? "" : `; the package's own threshold of ${category} is ${own.threshold} (${own.rule})`;
    throw new CordonError("usage/bad-option", given.length === 0 ? "no threshold" : "more than one threshold", {
      hint: `give one of --threshold, --target-recall, --max-removed and --scores-only${suggestion}`,
    });
  }
  if (choice.scoresOnly) return { kind: "scores-only" };
  if (choice.threshold !== undefined) return { kind: "threshold", threshold: choice.threshold };
  if (choice.maxRemoved !== undefined) return { kind: "max-removed", share: choice.maxRemoved };
  const recall = choice.targetRecall!;
  const points = [...(manifest.operatingPoints[category]?.recall ?? [])].sort((a, b) => a[0] - b[0]);
  const point = points.find(([wanted]) => wanted >= recall);
  if (point === undefined) {
    const known = points.length === 0 ? `it has none for ${category}` : `its highest is ${points.at(-1)![0]}`;
    throw new CordonError("usage/bad-option", `the package has no operating point at a recall of ${recall}: ${known}`, {
      where: "--target-recall",
      hint: "give --threshold or --max-removed",
    });
  }
  return { kind: "target-recall", recall, threshold: point[1] };
}
