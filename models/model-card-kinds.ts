// What a model card says of one kind of model: its tags, how to open it where, its architecture and its limits.
import type { CascadeArchitecture, EncoderArchitecture, ManifestDraft, NgramArchitecture } from "./manifest.ts";

export interface KindOfCard {
  library: string;
  tags: string[];
  /** Markdown under the description. */
  use: string;
  architecture: string;
  purpose: string;
  limits: string;
}

export function kindOfCard(manifest: ManifestDraft): KindOfCard {
  const { architecture } = manifest;
  switch (architecture.kind) {
    case "ngram":
      return ngramCard(architecture, manifest.labels.length);
    case "encoder":
      return encoderCard(architecture, manifest.labels);
    case "cascade":
      return cascadeCard(architecture);
  }
}

function ngramCard({ bits, charNgrams }: NgramArchitecture, labels: number): KindOfCard {
  return {
    library: "onnx",
    tags: ["n-gram"],
    use: `\`model.onnx\` takes raw strings (\`text\`, N) and gives the calibrated probability of each label (\`probabilities\`, N × ${labels}), that of the
highest-scoring window of 256 tokens. It needs onnxruntime's contrib operators (in every official build) and no other code. Replace U+0000 by a space first.`,
    architecture: `hashed ${charNgrams === null ? "" : `character ${charNgrams.min}-${charNgrams.max}-grams and `}word 1-2-grams, 2^${bits} buckets, linear, Platt-calibrated`,
    purpose: "Meant for filtering pre-training text and as the first stage of a guardrail.",
    limits:
      "words, not meaning. Quotation, negation, irony and other languages than the training data's are read badly; an attacker who rewrites a text can pass.",
  };
}

function encoderCard(architecture: EncoderArchitecture, labels: readonly string[]): KindOfCard {
  const { config, maxTokens, precisions, tokenizer, rules } = architecture;
  const outputs = labels.filter((label) => !Object.hasOwn(rules, label));
  const followed = Object.entries(rules).map(([label, { of }]) => `\`${label}\` (${of} where a window holds one of its words)`);
  const graphs = [
    "`onnx/model.onnx` (fp32)",
    ...(precisions.int8 === undefined ? [] : ["`onnx/model_quantized.onnx` (int8)"]),
    ...(precisions.fp16 === undefined ? [] : ["`onnx/model_fp16.onnx` (fp16)"]),
  ];
  const files = `${graphs.join(", ")}: \`input_ids\` and \`attention_mask\` (int64, N × T) in, calibrated \`logits\` and \`probabilities\`
(float32, N × ${outputs.length}, a sigmoid for each label) out, of one window of at most ${maxTokens} tokens. A text's score is that of its windows, which overlap by
a quarter and cover all of it. Cordon takes ${architecture.default} where nothing else is asked for.${precisionTable(precisions)}`;
  const { library, tags } = LIBRARIES[openedBy(architecture)];
  const rule =
    followed.length === 0 ? "" : `\n\nLabels that are no outputs, but follow by a rule that Cordon applies: ${followed.join(", ")}.`;
  return {
    library,
    tags: [config.model_type, ...tags],
    use: `${files}${rule}\n\n${opening(architecture)}`,
    architecture: `${config.model_type}, ${layersOf(config)}, vocabulary of ${config.vocab_size} (${tokenizer}), multi-label head, Platt-calibrated`,
    purpose: "Meant for what a first, cheap stage is unsure of, and for guardrails with milliseconds to spare.",
    limits:
      "it knows what it was fine-tuned on. Other languages, domains and an attacker who writes against it are read worse than the figures say.",
  };
}

/** The hub's name of the library, and its tags, by who opens the package. */
const LIBRARIES = {
  both: { library: "transformers", tags: ["transformers.js", "safetensors"] },
  javascript: { library: "transformers.js", tags: ["onnx"] },
  neither: { library: "onnx", tags: [] },
};

/** How the table names what was measured. */
const COLUMNS: Record<string, string> = {
  calibration_auroc: "AUROC, calibration split",
  auroc: "AUROC",
  average_precision: "average precision",
};

/** What each precision measured, where it was measured. */
function precisionTable(precisions: EncoderArchitecture["precisions"]): string {
  const measured = Object.entries(precisions).filter(([, metrics]) => metrics !== undefined && Object.keys(metrics).length > 0);
  const names = [...new Set(measured.flatMap(([, metrics]) => Object.keys(metrics ?? {})))];
  if (names.length === 0) return "";
  const cell = (value: number | null | undefined) => (value === null || value === undefined ? "–" : String(Number(value.toPrecision(4))));
  const rows = measured.map(([precision, metrics]) => `| ${[precision, ...names.map((name) => cell(metrics?.[name]))].join(" | ")} |`);
  return `\n\n| precision | ${names.map((name) => COLUMNS[name] ?? name).join(" | ")} |\n|---${"|---".repeat(names.length)}|\n${rows.join("\n")}`;
}

/** Who opens a package as it stands and computes what Cordon computes. */
function openedBy({ config, tokenizer }: EncoderArchitecture): "both" | "javascript" | "neither" {
  if (tokenizer === "words" || config.model_type === "cordon-pooled") return "neither";
  // transformers.js runs the graph; Python's BertForSequenceClassification has the first token's pooling in its code.
  return config.model_type === "bert" && config.classifier_pooling === "mean" ? "javascript" : "both";
}

function opening(architecture: EncoderArchitecture): string {
  const { maxTokens } = architecture;
  switch (openedBy(architecture)) {
    case "both":
      return `Python's transformers opens it as it stands, and so does transformers.js:

\`\`\`python
from transformers import pipeline
classify = pipeline("text-classification", "PATH", top_k=None, function_to_apply="sigmoid")
print(classify("how do I kill a frozen process?", truncation=True, max_length=${maxTokens}))
\`\`\`

${inTransformersJs(architecture)}

Both score the beginning of a long text and no more; Cordon scores all of it.`;
    case "javascript":
      return `**Not for Python's transformers.** Its \`BertForSequenceClassification\` opens \`model.safetensors\` without a warning and reads the first token, where this model reads the
mean over all of them: its scores would be wrong. The graph is right wherever it runs: in onnxruntime on ids of \`tokenizer.json\`, and in transformers.js, which scores the
beginning of a long text and no more:

${inTransformersJs(architecture)}`;
    case "neither":
      return `The tokens of these graphs are Cordon's own, hashed words (\`vocabulary.json\`), and Cordon makes them. transformers has no such network.${
        architecture.tokenizer === "words" ? `\n\n${STRINGS_IN}` : ""
      }`;
  }
}

/** The graph that `cordon finetune` writes of a model of words beside those of ids. */
const STRINGS_IN = `\`onnx/model_text.onnx\` (fp32) takes raw strings (\`text\`, N) and gives each label's highest window, labels that follow by a rule included. It needs onnxruntime's
contrib operators (in every official build) and no other code. Replace U+0000 by a space first.

\`\`\`python
import numpy, onnxruntime
session = onnxruntime.InferenceSession("PATH/onnx/model_text.onnx")
print(session.run(["probabilities"], {"text": numpy.array(["how do I kill a frozen process?"], dtype=object)})[0])
\`\`\``;

/** "1 layer of 32". */
export function layersOf({ num_hidden_layers: layers, hidden_size: width }: EncoderArchitecture["config"]): string {
  return `${layers} ${layers === 1 ? "layer" : "layers"} of ${width}`;
}

function inTransformersJs({ maxTokens, precisions }: EncoderArchitecture): string {
  return `\`\`\`js
import { AutoModelForSequenceClassification, AutoTokenizer } from "@huggingface/transformers";
const tokenizer = await AutoTokenizer.from_pretrained("PATH");
const model = await AutoModelForSequenceClassification.from_pretrained("PATH", { dtype: "${precisions.int8 === undefined ? "fp32" : "q8"}" });
const { logits } = await model(tokenizer("how do I kill a frozen process?", { truncation: true, max_length: ${maxTokens} }));
console.log(logits.sigmoid().tolist()[0], model.config.id2label);
\`\`\``;
}

function cascadeCard({ decides, band, escalate }: CascadeArchitecture): KindOfCard {
  const percent = (share: number) => `${Number((share * 100).toPrecision(3))} %`;
  return {
    library: "onnx",
    tags: ["cascade", "n-gram"],
    use: `Two packages: \`first/\`, hashed n-grams, scores every text in microseconds; where its score of \`${decides}\` lies in [${Number(band.low.toPrecision(6))}, ${Number(band.high.toPrecision(6))}),
the encoder in \`second/\` scores it too, and the two are joined. Each opens by itself (see its README); the join is Cordon's.
The band was chosen to hold at most ${percent(escalate.share)} of the ${escalate.on === "traffic" ? "ordinary texts that it was shown" : "calibration texts"}; it holds ${percent(escalate.measured)} of ${escalate.texts}.`,
    architecture: "n-grams before an encoder, joined by a logistic regression on both logits",
    purpose: "Meant for filtering at the speed of the first stage and for guardrails.",
    limits:
      "outside of the band the first stage decides alone: words, not meaning. The cost was stated for texts like those that the band was chosen on.",
  };
}
