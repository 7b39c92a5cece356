// For tests: made-up texts of two made-up harms, and a small network from scratch to fit on them.
import type { Example } from "#datasets/example";
import { parseEncoderConfig } from "#models/encoder/config";
import { WordCounter } from "#models/encoder/vocabulary";
import { Random } from "#models/random";
import { HARMFUL } from "#models/taxonomy";
import { type Row, modelLabels, splitRows, stateOf } from "#train/label-states";
import { SCRATCH_DEFAULTS } from "./defaults.ts";
import type { FitTask } from "./fit-task.ts";
import { freshTensors } from "./networks/fresh-tensors.ts";
import { labelTargets } from "./targets.ts";
import { trainingSet } from "./training-set.ts";

/** Half of the texts hold a few words of one of the harms; of a tenth of them the categories are unknown. */
export function toyExamples(n: number, seed = 1): Example[] {
  const random = new Random(seed, "toy");
  return Array.from({ length: n }, (_, i) => {
    const words = Array.from({ length: 4 + random.below(30) }, () => `w${random.below(150)}`);
    const category = i % 2 === 0 ? null : i % 4 === 1 ? ("hate" as const) : ("privacy" as const);
    if (category !== null) for (let k = 0; k < 3; k++) words[random.below(words.length)] = category === "hate" ? "zorb" : "plim";
    return {
      id: `t${i}`,
      text: words.join(" "),
      label: category === null ? 0 : 1,
      categories: category === null ? [] : [category],
      unknown: i % 10 === 3 ? ["*"] : [],
      lang: "en",
      synthetic: true,
    };
  });
}

/** A task of windows of 32 tokens, a network of one layer. */
export function toyTask(n: number, dropout: number): FitTask {
  const rows = splitRows(toyExamples(n));
  const { learned } = modelLabels(rows, "all");
  const counter = new WordCounter();
  for (const { example } of rows) counter.add(example.text);
  const tokenizer = counter.vocabulary({ minCount: 2, maxWords: 1000, oovBuckets: 16 });
  const config = parseEncoderConfig(
    {
      model_type: "cordon-pooled",
      vocab_size: tokenizer.vocabSize,
      embedding_size: 16,
      window: 2,
      stride: 1,
      hidden_size: 16,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      intermediate_size: 32,
      max_position_embeddings: 31,
      hidden_dropout_prob: dropout,
      attention_probs_dropout_prob: dropout,
    },
    "toy",
  );
  const sets = (split: Row["split"]) => {
    const some = rows.filter((row) => row.split === split);
    const targets = labelTargets(some, learned, SCRATCH_DEFAULTS);
    return { some, set: trainingSet(some, targets, learned.length, tokenizer, { maxTokens: 32, windowsPerText: 6 }) };
  };
  const [training, calibration] = [sets("train"), sets("calibration")];
  return {
    config,
    labels: learned,
    initial: freshTensors(config, learned.length, new Random(1, "weights")),
    training: training.set,
    calibration: calibration.set,
    states: calibration.some.map(({ example }) => stateOf(example, HARMFUL)),
    padId: 0,
    maxTokens: 32,
  };
}
