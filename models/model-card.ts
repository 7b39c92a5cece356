// The README.md of a model package: a model card for the Hugging Face hub (YAML front matter with a model-index,
// https://huggingface.co/docs/hub/model-cards), written from the manifest alone.
import { stringify } from "yaml";
import type { ManifestDraft } from "./manifest.ts";
import { kindOfCard } from "./model-card-kinds.ts";

const METRIC_NAMES: Record<string, string> = {
  auroc: "AUROC",
  average_precision: "Average precision",
  brier: "Brier score",
  ece: "Expected calibration error",
};

export function renderModelCard(manifest: ManifestDraft): string {
  const kind = kindOfCard(manifest);
  const sets = Object.entries(manifest.heldOut);
  const front = {
    library_name: kind.library,
    pipeline_tag: "text-classification",
    tags: ["content-moderation", "safety", ...kind.tags, "cordon"],
    "model-index": [
      {
        name: manifest.name,
        results: sets.map(([label, metrics]) => ({
          task: { type: "text-classification" },
          dataset: { name: `held-out lineages, ${label}`, type: "cordon/held-out" },
          metrics: Object.entries(metrics)
            .filter(([, value]) => value !== null)
            .map(([type, value]) => ({ type, name: METRIC_NAMES[type] ?? type, value })),
        })),
      },
    ],
  };
  const number = (value: number | null | undefined) => (value === null || value === undefined ? "–" : value.toFixed(3));
  const rows = manifest.labels.map((label) => {
    const metrics = manifest.heldOut[label] ?? {};
    const threshold = manifest.thresholds[label];
    const cells = [
      label,
      String(manifest.training.positives[label] ?? 0),
      number(metrics["auroc"]),
      number(metrics["average_precision"]),
      number(threshold?.threshold),
      threshold?.rule ?? "–",
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return `---
${stringify(front)}---

# ${manifest.name}

${manifest.description}

${kind.use}

| label | training positives | AUROC | average precision | threshold | chosen by |
|---|---|---|---|---|---|
${rows.join("\n")}

AUROC and average precision are on held-out lineages of the training data, which says what the model has learned of that data; measure it on your own traffic
before you rely on a threshold.

- Architecture: ${kind.architecture}.
- Training data: ${manifest.training.examples} examples, sha256 \`${manifest.training.dataSha256}\`, seed ${manifest.training.seed}, revision \`${manifest.training.gitRevision}\`.
- ${kind.purpose} Not a judgement on a person, and not a sole basis for one.
- Limits: ${kind.limits}
`;
}
