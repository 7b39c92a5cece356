// The options of fine-tuning, from a recipe's `finetune` section and the command line, which goes before.
import { type Command, Option } from "commander";
import type { FinetuneSection } from "#datasets/recipe";
import { CordonError } from "#models/errors";
import { AGGREGATES, PRECISIONS } from "#models/manifest";
import { type FinetuneOptions, PRETRAINED_DEFAULTS, SCRATCH_DEFAULTS, SIZES, type Size, VECTOR_EPOCHS } from "#train/encoder/defaults";
import { SCHEDULES } from "#train/encoder/schedule";
import { integerIn, numberIn } from "#scripts/output";
import { parseThresholdRule, thresholdRuleText } from "#scripts/train-options";

/** Options that a flag or a recipe sets as they are. */
const PLAIN = [
  "labels",
  "maxTokens",
  "windowsPerText",
  "epochs",
  "batchSize",
  "microTokens",
  "learningRate",
  "warmup",
  "schedule",
  "layerDecay",
  "weightDecay",
  "clip",
  "dropout",
  "smoothing",
  "harmfulWeight",
  "classPower",
  "sourceCap",
  "softLabels",
  "teacherWeight",
  "patience",
  "evaluations",
  "aggregate",
  "precision",
] as const satisfies readonly (keyof FinetuneOptions)[];

export interface FinetuneFlags extends Partial<Pick<FinetuneOptions, (typeof PLAIN)[number]>> {
  from?: string;
  size?: string;
  vectors?: string;
  vectorEpochs?: number;
  vectorText?: string[];
  pooling?: "cls" | "mean";
  organicWeight?: number;
  thresholdRule?: string;
  precisions?: FinetuneOptions["precisions"];
  checkpointEvery?: number;
  logEvery?: number;
  seed?: number;
}

/** Adds the options of fine-tuning to a command. */
export function addFinetuneOptions(command: Command): Command {
  const both = (of: (options: FinetuneOptions) => unknown): string => {
    const [pretrained, scratch] = [of(PRETRAINED_DEFAULTS), of(SCRATCH_DEFAULTS)].map(String);
    return pretrained === scratch ? `(default: ${pretrained})` : `(default: ${pretrained} with --from, ${scratch} from scratch)`;
  };
  return command
    .option("--from <folder|hf:owner/name>", "BERT or ModernBERT to start from: config.json, model.safetensors, tokenizer.json")
    .option("--size <name>", `network from scratch, where there is no --from: ${Object.keys(SIZES).join(", ")} (default: small)`)
    .option(
      "--vectors <file>",
      "word vectors that a network from scratch starts from: GloVe .txt, .vec (.gz, .zst) (default: learned from the training texts)",
    )
    .option(
      "--vector-epochs <n>",
      `passes in which word vectors are learned; 0 for random ones (default: ${VECTOR_EPOCHS})`,
      integerIn(0, 1000),
    )
    .option("--vector-text <glob...>", "unlabelled documents, JSONL (.gz, .zst), that word vectors are learned from too, whole")
    .addOption(
      new Option("--pooling <how>", "what the head reads: cls (first token) or mean (default: the checkpoint's)").choices(["cls", "mean"]),
    )
    .option(
      "--max-tokens <n>",
      `tokens of a window, special ones included ${both((o) => o.maxTokens)}, or what the checkpoint takes at most`,
      integerIn(4, 1 << 16),
    )
    .option(
      "--windows-per-text <n>",
      `windows of a long text that are trained on, spread evenly ${both((o) => o.windowsPerText)}`,
      integerIn(1, 10_000),
    )
    .addOption(
      new Option("--labels <which>", `all (harmful and each category with 30 positives) or harmful ${both((o) => o.labels)}`).choices([
        "all",
        "harmful",
      ]),
    )
    .option("--epochs <n>", `passes over the data at most ${both((o) => o.epochs)}`, integerIn(1, 1000))
    .option("--batch-size <n>", `windows a step ${both((o) => o.batchSize)}`, integerIn(1, 1 << 16))
    .option(
      "--micro-tokens <n>",
      `padded tokens that go through the network at once; larger batches go in parts ${both((o) => o.microTokens)}`,
      integerIn(1, 1 << 26),
    )
    .option("--learning-rate <x>", `of the head, after the warm-up ${both((o) => o.learningRate)}`, numberIn(1e-9, 10))
    .option("--warmup <share>", `share of the steps in which the rate rises, 0 to 1 ${both((o) => o.warmup)}`, numberIn(0, 1))
    .addOption(new Option("--schedule <how>", `how the rate falls after it ${both((o) => o.schedule)}`).choices(SCHEDULES))
    .option("--layer-decay <x>", `rate of a layer over that of the one above it, 0 to 1 ${both((o) => o.layerDecay)}`, numberIn(1e-3, 1))
    .option("--weight-decay <x>", `of AdamW, not of biases and norms ${both((o) => o.weightDecay)}`, numberIn(0, 1))
    .option("--clip <norm>", `largest norm of a step's gradient; 0 for any ${both((o) => o.clip)}`, numberIn(0, 1e6))
    .option("--dropout <p>", `of every dropout ${both((o) => o.dropout ?? "the checkpoint's")}`, numberIn(0, 0.9))
    .option("--smoothing <x>", `label smoothing, 0 to 0.5 ${both((o) => o.smoothing)}`, numberIn(0, 0.5))
    .option(
      "--harmful-weight <share>",
      `least share of the loss that harmful has among the labels ${both((o) => o.harmfulWeight)}`,
      numberIn(0.001, 1),
    )
    .option(
      "--class-power <x>",
      `power of negatives / positives that a positive weighs, 0 to 1 ${both((o) => o.classPower)}`,
      numberIn(0, 1),
    )
    .option(
      "--source-cap <n>",
      `examples of one source beyond which each further one counts less; 0 for none ${both((o) => o.sourceCap)}`,
      integerIn(0, 1e9),
    )
    .option("--organic-weight <x>", "what an unlabelled document weighs, 0 to 1 (default: 1)", numberIn(1e-6, 1))
    .option("--no-soft-labels", "take labels for targets also where rows carry a share of annotators (labelDist)")
    .option("--teacher-weight <x>", `what --teacher counts beside a known label, 0 to 1 ${both((o) => o.teacherWeight)}`, numberIn(0, 1))
    .option(
      "--patience <n>",
      `evaluations without a lower loss after which it stops; 0 for never ${both((o) => o.patience)}`,
      integerIn(0, 1000),
    )
    .option("--evaluations <n>", `evaluations on the calibration split in an epoch ${both((o) => o.evaluations)}`, integerIn(1, 1000))
    .option(
      "--checkpoint-every <steps>",
      `steps between two checkpoints; 0: at evaluations alone ${both((o) => o.checkpointEvery)}`,
      integerIn(0, 1e9),
    )
    .option("--log-every <steps>", `steps between two lines of the log ${both((o) => o.logEvery)}`, integerIn(1, 1e9))
    .addOption(new Option("--aggregate <how>", `document score from its windows' ${both((o) => o.aggregate)}`).choices(AGGREGATES))
    .option(
      "--threshold-rule <rule>",
      "how the threshold of harmful is chosen: fpr:0.01, recall:0.98 or a probability; categories take fpr:0.01 (default: fpr:0.01)",
      thresholdRuleText,
    )
    .addOption(
      new Option(
        "--precision <name>",
        "graph that the package opens by default; auto: int8, unless it loses over 0.003 AUROC on the calibration split (default: auto)",
      ).choices(["auto", "fp32", "int8"]),
    )
    .addOption(
      new Option("--precisions <names...>", "graphs that are written; fp32 always")
        .choices(PRECISIONS)
        .default(PRECISIONS, PRECISIONS.join(", ")),
    )
    .option("--seed <n>", `of every random choice (default: ${SCRATCH_DEFAULTS.seed})`, integerIn(0, 2 ** 31 - 1));
}

/** Defaults for a checkpoint or for a network from scratch, then the recipe, then the flags. */
export function finetuneOptions(section: FinetuneSection, recipeSeed: number | undefined, flags: FinetuneFlags): FinetuneOptions {
  const defaults = flags.from === undefined ? SCRATCH_DEFAULTS : PRETRAINED_DEFAULTS;
  const rule = flags.thresholdRule ?? section.threshold_rule;
  // Commander gives true where --no-soft-labels is not given.
  const given: Record<string, unknown> = { ...flags, softLabels: flags.softLabels === false ? false : undefined };
  const recipe: Record<string, unknown> = section;
  const plain = Object.fromEntries(PLAIN.map((key) => [key, given[key] ?? recipe[snake(key)] ?? defaults[key]]));
  return {
    ...defaults,
    ...(plain as Pick<FinetuneOptions, (typeof PLAIN)[number]>),
    seed: flags.seed ?? recipeSeed ?? defaults.seed,
    sourceWeights: { organic: flags.organicWeight ?? section.organic_weight ?? 1 },
    thresholdRule: rule === undefined ? defaults.thresholdRule : parseThresholdRule(rule),
    precisions: flags.precisions ?? defaults.precisions,
    checkpointEvery: flags.checkpointEvery ?? defaults.checkpointEvery,
    logEvery: flags.logEvery ?? defaults.logEvery,
  };
}

/** @throws CordonError usage/bad-option where options contradict each other or a size is none */
export function scratchSize(section: FinetuneSection, flags: FinetuneFlags): Size | null {
  if (flags.from !== undefined) {
    for (const [name, value] of [
      ["--size", flags.size],
      ["--vectors", flags.vectors],
      ["--vector-epochs", flags.vectorEpochs],
      ["--vector-text", flags.vectorText],
    ] as const)
      if (value !== undefined)
        throw new CordonError("usage/bad-option", `${name} is for networks from scratch`, {
          where: "--from",
          hint: "leave one of the two out",
        });
    return null;
  }
  for (const [name, value] of [
    ["--vector-epochs", flags.vectorEpochs],
    ["--vector-text", flags.vectorText],
  ] as const) {
    if (value === undefined || flags.vectors === undefined) continue;
    throw new CordonError("usage/bad-option", "vectors are read or learned, not both", { where: `--vectors, ${name}` });
  }
  if (flags.pooling !== undefined) {
    throw new CordonError("usage/bad-option", "a network from scratch has a pooling of its own", {
      where: "--pooling",
      hint: "it goes with --from",
    });
  }
  const name = flags.size ?? section.size ?? "small";
  if (!Object.hasOwn(SIZES, name)) {
    throw new CordonError("usage/bad-option", `no such size: ${name}`, {
      where: "--size",
      hint: `choose one of ${Object.keys(SIZES).join(", ")}`,
    });
  }
  return name as Size;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
