// The README.md of a model package: a model card for the Hugging Face hub (YAML front matter with a model-index,
// https://huggingface.co/docs/hub/model-cards), written from the manifest alone.
import { stringify } from "yaml";
import type { Manifest } from "./manifest.ts";

const METRIC_NAMES: Record<string, string> = {
  auroc: "AUROC",
  average_precision: "Average precision",
  brier: "Brier score",
  ece: "Expected calibration error",
};

export function renderModelCard(manifest: Omit<Manifest, "files" | "format">): string {
  const sets = Object.entries(manifest.heldOut);
  const front = {
    library_name: "onnx",
    pipeline_tag: "text-classification",
    tags: ["content-moderation", "safety", "n-gram", "cordon"],
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
  const { bits, charNgrams } = manifest.architecture;
  return `---
${stringify(front)}---

# ${manifest.name}

${manifest.description}

\`model.onnx\` takes raw strings (\`text\`, N) and gives the calibrated probability of each label (\`probabilities\`, N × ${manifest.labels.length}), that of the
highest-scoring window of 256 tokens. It needs onnxruntime's contrib operators (in every official build) and no other code. Replace U+0000 by a space first.

| label | training positives | AUROC | average precision | threshold | chosen by |
|---|---|---|---|---|---|
${rows.join("\n")}

AUROC and average precision are on held-out lineages of the training data, which says what the model has learned of that data; measure it on your own traffic
before you rely on a threshold.

- Architecture: hashed ${charNgrams === null ? "" : `character ${charNgrams.min}-${charNgrams.max}-grams and `}word 1-2-grams, 2^${bits} buckets, linear, Platt-calibrated.
- Training data: ${manifest.training.examples} examples, sha256 \`${manifest.training.dataSha256}\`, seed ${manifest.training.seed}, revision \`${manifest.training.gitRevision}\`.
- Meant for filtering pre-training text and as the first stage of a guardrail. Not a judgement on a person, and not a sole basis for one.
- Limits: words, not meaning. Quotation, negation, irony and other languages than the training data's are read badly; an attacker who rewrites a text can pass.
`;
}
