// cordon bench finetune: tokens a second of whole training steps (forward, backward, clipping, AdamW) of a BERT, as a share of the matrix
// peak that the same back end reaches on the same device, and beside PyTorch in float32 with the same model and batch (torch_step.py).
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseEncoderConfig } from "#models/encoder/config";
import { CordonError } from "#models/errors";
import { Random } from "#models/random";
import { SCRATCH_DEFAULTS } from "#train/encoder/defaults";
import { freshTensors } from "#train/encoder/networks/fresh-tensors";
import { Trainer } from "#train/encoder/trainer";
import type { TrainingBatch } from "#train/encoder/training-set";
import { type BackendName, closeBackend, openBackend } from "#train/tensor/backend";
import { matrixPeak } from "#train/tensor/matrix-peak";
import { median } from "./timed-process.ts";

/** Shapes that people fine-tune, and one that an emulated GPU gets through. */
export const SHAPES = {
  toy: { layers: 1, hidden: 32, heads: 2, intermediate: 64, vocabulary: 500, rows: 4, tokens: 16 },
  mini: { layers: 4, hidden: 256, heads: 4, intermediate: 1024, vocabulary: 30_522, rows: 16, tokens: 128 },
  minilm: { layers: 6, hidden: 384, heads: 12, intermediate: 1536, vocabulary: 30_522, rows: 64, tokens: 128 },
  base: { layers: 12, hidden: 768, heads: 12, intermediate: 3072, vocabulary: 30_522, rows: 64, tokens: 128 },
} as const;
export type ShapeName = keyof typeof SHAPES;

const LABELS = 22;
const STEPS = 3;

export interface FinetuneBenchOptions {
  backend: "auto" | BackendName;
  shape: ShapeName;
  rounds: number;
  /** Program that has torch, for the comparison; null to leave it out. */
  python: string | null;
  onProgress: (text: string) => void;
}

export interface FinetuneBenchResult {
  backend: BackendName;
  device: string;
  software: boolean;
  shape: ShapeName;
  rounds: number;
  tokensPerSecond: number;
  /** Of the network's matrix products, forward and backward, in 10⁹ a second. */
  gflops: number;
  peakGflops: number;
  /** Share of the peak, 0 to 1; median of the rounds' ratios. */
  shareOfPeak: number;
  /** PyTorch in float32 on the same device: tokens a second, and its time over Cordon's (above 1 Cordon is faster). */
  torch: { version: string; device: string; tokensPerSecond: number; ratio: number } | null;
}

/** @throws CordonError train/no-backend, usage/missing-file (no torch where it was asked for) */
export async function benchFinetune({
  backend: wanted,
  shape,
  rounds,
  python,
  onProgress,
}: FinetuneBenchOptions): Promise<FinetuneBenchResult> {
  const { layers, hidden, heads, intermediate, vocabulary, rows, tokens } = SHAPES[shape];
  const backend = await openBackend(wanted);
  const json = {
    model_type: "bert",
    vocab_size: vocabulary,
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: intermediate,
    max_position_embeddings: 512,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
  };
  const config = parseEncoderConfig(json, "the benchmark's network");
  const random = new Random(1, "bench finetune");
  const labels = Array.from({ length: LABELS }, (_, i) => `label-${i}`);
  const options = { ...SCRATCH_DEFAULTS, weightDecay: 0.01, clip: 1, layerDecay: 1 };
  const trainer = new Trainer(config, labels, freshTensors(config, LABELS, random), options);
  const batch = randomBatch(random, rows, tokens, vocabulary);
  try {
    const times: { own: number; peak: number; torch: number }[] = [];
    let step = 0;
    const ownStep = () => trainer.step([batch], rows * LABELS, step++, 1e-4);
    onProgress("first steps, which compile");
    await ownStep();
    await ownStep();
    let torch: TorchReply | null = null;
    for (let round = 0; round < rounds; round++) {
      onProgress(`round ${round + 1} of ${rounds}`);
      const own: number[] = [];
      for (let i = 0; i < STEPS; i++) {
        const started = performance.now();
        await ownStep();
        own.push((performance.now() - started) / 1000);
      }
      const { gflops } = await matrixPeak();
      if (python !== null) {
        const device = backend.name === "wasm" || backend.software ? "cpu" : "cuda";
        torch = torchSteps(python, { config: json, rows, tokens, labels: LABELS, steps: STEPS, threads: 1, device });
      }
      times.push({ own: median(own), peak: gflops, torch: torch === null ? NaN : median(torch.seconds) });
    }
    const operations = operationsOfStep(SHAPES[shape]);
    const of = (value: (t: (typeof times)[number]) => number) => median(times.map(value));
    return {
      backend: backend.name,
      device: backend.device,
      software: backend.software,
      shape,
      rounds,
      tokensPerSecond: of((t) => (rows * tokens) / t.own),
      gflops: of((t) => operations / t.own / 1e9),
      peakGflops: of((t) => t.peak),
      shareOfPeak: of((t) => operations / t.own / 1e9 / t.peak),
      torch: torch && {
        version: torch.version,
        device: torch.device,
        tokensPerSecond: of((t) => (rows * tokens) / t.torch),
        ratio: of((t) => t.torch / t.own),
      },
    };
  } finally {
    trainer.dispose();
    closeBackend();
  }
}

/** Multiplications and additions of a step's matrix products: those of the forward pass, and twice as many backward. */
function operationsOfStep({ layers, hidden, intermediate, rows, tokens }: (typeof SHAPES)[ShapeName]): number {
  const weights = layers * (4 * hidden * hidden + 2 * hidden * intermediate);
  const attention = layers * 2 * tokens * hidden;
  return 3 * 2 * rows * tokens * (weights + attention);
}

function randomBatch(random: Random, rows: number, tokens: number, vocabulary: number): TrainingBatch {
  return {
    batch: {
      rows,
      tokens,
      ids: Int32Array.from({ length: rows * tokens }, () => random.below(vocabulary)),
      mask: new Uint8Array(rows * tokens).fill(1),
    },
    target: Float32Array.from({ length: rows * LABELS }, () => random.below(2)),
    weight: new Float32Array(rows * LABELS).fill(1),
    tokens: rows * tokens,
  };
}

interface TorchReply {
  seconds: number[];
  version: string;
  device: string;
}

function torchSteps(python: string, ask: object): TorchReply {
  const script = fileURLToPath(new URL("./torch_step.py", import.meta.url));
  const { status, stdout, error } = spawnSync(python, [script], {
    input: `${JSON.stringify(ask)}\n`,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "ignore"],
  });
  if (error || status !== 0) {
    throw new CordonError("usage/missing-file", "the comparison with PyTorch did not run", {
      where: `--python ${python}`,
      hint: "name a Python that has torch, or leave --python out",
      ...(error && { cause: error }),
    });
  }
  return JSON.parse(stdout) as TorchReply;
}
