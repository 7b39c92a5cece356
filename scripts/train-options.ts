// The options of training, from a recipe's `train` section and the command line, which goes before.
import { type Command, InvalidArgumentError, Option } from "commander";
import type { TrainSection } from "#datasets/recipe";
import { CordonError } from "#models/errors";
import { AGGREGATES, type Aggregate } from "#models/manifest";
import type { ThresholdRule } from "#train/operating-points";
import { TRAIN_DEFAULTS, type TrainOptions } from "#train/train-ngram";
import { integerIn, numberIn } from "#scripts/output";

export interface TrainFlags {
  labels?: "all" | "harmful";
  bits?: number;
  charNgrams?: string;
  epochs?: number;
  learningRate?: number;
  l2?: number;
  minCount?: number;
  sourceCap?: number;
  classPower?: number;
  organicWeight?: number;
  aggregate?: Aggregate;
  thresholdRule?: string;
  seed?: number;
}

/** Adds the options of training to a command. */
export function addTrainOptions(command: Command): Command {
  const d = TRAIN_DEFAULTS;
  return command
    .addOption(
      new Option(
        "--labels <which>",
        `labels to learn: all (harmful and each category with 30 positives) or harmful (default: ${d.labels})`,
      ).choices(["all", "harmful"]),
    )
    .option("--bits <n>", `log2 of the number of feature buckets (default: ${d.features.bits})`, integerIn(10, 24))
    .option("--char-ngrams <min-max|none>", "lengths of character n-grams, marks of word ends included (default: none)", charNgramsText)
    .option(
      "--epochs <n>",
      `passes over the data at most; training stops early on a held-out lineage split (default: ${d.epochs})`,
      integerIn(1, 1000),
    )
    .option("--learning-rate <x>", `AdaGrad's first step size (default: ${d.learningRate})`, numberIn(1e-6, 100))
    .option("--l2 <x>", `weight of the squared norm (default: ${d.l2})`, numberIn(0, 1))
    .option("--min-count <n>", `windows in which a feature must occur (default: ${d.minCount})`, integerIn(1, 1_000_000))
    .option(
      "--source-cap <n>",
      "examples of one source beyond which each further one counts less; 0 for none (default: 0)",
      integerIn(0, 1e9),
    )
    .option("--organic-weight <x>", "what an unlabelled document weighs, 0 to 1 (default: 1)", numberIn(1e-6, 1))
    .option("--class-power <x>", "power of negatives / positives that a positive weighs, 0 to 1 (default: 0)", numberIn(0, 1))
    .addOption(new Option("--aggregate <how>", "document score from its windows' (default: max)").choices(AGGREGATES))
    .option(
      "--threshold-rule <rule>",
      "how the threshold of harmful is chosen: fpr:0.01, recall:0.98 or a probability; categories take fpr:0.01 (default: fpr:0.01)",
      thresholdRuleText,
    )
    .option("--seed <n>", `of every random choice (default: ${d.seed})`, integerIn(0, 2 ** 31 - 1));
}

/** Defaults, then the recipe, then the flags. */
export function trainOptions(recipe: TrainSection, recipeSeed: number | undefined, flags: TrainFlags): TrainOptions {
  const d = TRAIN_DEFAULTS;
  const ngrams = flags.charNgrams ?? recipe.char_ngrams;
  const rule = flags.thresholdRule ?? recipe.threshold_rule;
  return {
    features: {
      bits: flags.bits ?? recipe.bits ?? d.features.bits,
      charNgrams: ngrams === undefined ? d.features.charNgrams : parseCharNgrams(ngrams),
    },
    labels: flags.labels ?? recipe.labels ?? d.labels,
    seed: flags.seed ?? recipeSeed ?? d.seed,
    epochs: flags.epochs ?? recipe.epochs ?? d.epochs,
    learningRate: flags.learningRate ?? recipe.learning_rate ?? d.learningRate,
    l2: flags.l2 ?? recipe.l2 ?? d.l2,
    minCount: flags.minCount ?? recipe.min_count ?? d.minCount,
    sourceCap: flags.sourceCap ?? recipe.source_cap ?? d.sourceCap,
    sourceWeights: { organic: flags.organicWeight ?? recipe.organic_weight ?? 1 },
    classPower: flags.classPower ?? recipe.class_power ?? d.classPower,
    aggregate: flags.aggregate ?? recipe.aggregate ?? d.aggregate,
    thresholdRule: rule === undefined ? d.thresholdRule : parseThresholdRule(rule),
  };
}

function parseCharNgrams(text: string): TrainOptions["features"]["charNgrams"] {
  if (text === "none") return null;
  const [min, max] = text.split("-").map(Number);
  if (!(min! >= 2 && max! <= 8 && min! <= max!))
    throw new CordonError("usage/bad-option", "character n-grams are none or MIN-MAX from 2 to 8", { where: "char-ngrams" });
  return { min: min!, max: max! };
}

export function parseThresholdRule(text: string): ThresholdRule {
  const match = /^(?:(fpr|recall):)?([\d.e-]+)$/.exec(text);
  const value = Number(match?.[2]);
  if (!match || !(value >= 0 && value <= 1)) {
    throw new CordonError("usage/bad-option", "a threshold rule is fpr:SHARE, recall:SHARE or a probability", { where: "threshold-rule" });
  }
  return { kind: (match[1] as "fpr" | "recall" | undefined) ?? "fixed", value };
}

function charNgramsText(value: string): string {
  if (!/^(none|[2-8]-[2-8])$/.test(value)) throw new InvalidArgumentError("expected none or MIN-MAX, such as 3-4.");
  parseCharNgrams(value);
  return value;
}

export function thresholdRuleText(value: string): string {
  if (!/^(?:(?:fpr|recall):)?(?:0?\.\d+|[01](?:\.0+)?|\d(?:\.\d+)?e-\d+)$/.test(value))
    throw new InvalidArgumentError("expected fpr:0.01, recall:0.98 or a probability.");
  return value;
}
