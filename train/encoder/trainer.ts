// A network and its optimiser: one step of AdamW on a batch that goes through in parts, and all of their state as arrays on the host.
import type { EncoderConfig } from "#models/encoder/config";
import { expectedTensors } from "#models/encoder/tensor-names";
import type { Tensors } from "#models/encoder/tensors";
import { Random } from "#models/random";
import { adamwStep, clipFactor, globalNorm } from "#train/tensor/adamw";
import { type Tensor, type Variable, tf } from "#train/tensor/tf";
import type { FitOptions } from "./defaults.ts";
import { LazyAdamw } from "./lazy-adamw.ts";
import { lossAndGradients } from "./loss.ts";
import { createNetwork, exportTensors } from "./networks/create-network.ts";
import type { EncoderNetwork } from "./networks/network.ts";
import type { HostArrays } from "./training-state.ts";
import type { TrainingBatch } from "./training-set.ts";
import type { Turns } from "./turns.ts";

interface Moments {
  m: Variable;
  v: Variable;
}

export class Trainer {
  readonly network: EncoderNetwork;
  readonly #options: FitOptions;
  readonly #moments = new Map<string, Moments>();
  readonly #lazy: LazyAdamw | null;
  readonly #depth: number;
  #torn = false;

  /**
   * @param labels (L) learned labels @param tensors first values, by canonical name
   * @param moments as `moments()` gave them; none for a new run
   */
  constructor(config: EncoderConfig, labels: readonly string[], tensors: Tensors, options: FitOptions, moments?: HostArrays) {
    this.#options = options;
    const network = createNetwork(config, labels, tensors);
    this.network = network;
    for (const [name, { shape, size }] of network.variables) {
      const variable = (kind: "m" | "v") =>
        tf.tidy(() => tf.variable(tf.tensor(moments?.get(`${kind}/${name}`) ?? new Float32Array(size), shape)));
      this.#moments.set(name, { m: variable("m"), v: variable("v") });
    }
    const { sparse } = network;
    this.#lazy = sparse === null ? null : new LazyAdamw(sparse.table, sparse.width, options);
    if (sparse !== null && moments !== undefined) {
      this.#lazy!.m.set(moments.get(`m/${sparse.name}`)!);
      this.#lazy!.v.set(moments.get(`v/${sparse.name}`)!);
    }
    const names = [...expectedTensors(config, labels.length).keys()];
    this.#depth = Math.max(...names.map((name) => network.depthOf(name)));
  }

  /** Whether a step failed while it changed the weights: some of them have moved and others have not. */
  get torn(): boolean {
    return this.#torn;
  }

  /**
   * One step. Where it fails, or is interrupted, nothing has changed, unless it is torn.
   * @param divisor of the summed loss: the weight of the whole batch
   * @param step from 0
   * @returns the loss of the batch
   */
  async step(batches: readonly TrainingBatch[], divisor: number, step: number, learningRate: number, turns?: Turns): Promise<number> {
    const gradients = new Map<string, Tensor>();
    const rows = new RowGradients(this.network.sparse?.width ?? 0);
    let loss = 0;
    try {
      for (const [part, { batch, target, weight }] of batches.entries()) {
        await turns?.take();
        const dropout = new Random(this.#options.seed, `dropout ${step} ${part}`);
        const own = await lossAndGradients(this.network, batch, { target, weight, divisor }, dropout);
        loss += own.loss;
        if (own.rows !== null) rows.add(own.rows.ids, own.rows.gradient);
        for (const [name, gradient] of own.gradients) add(gradients, name, gradient);
      }
      await this.#apply(gradients, rows, step, learningRate);
    } finally {
      tf.dispose([...gradients.values()]);
    }
    return loss;
  }

  async #apply(gradients: ReadonlyMap<string, Tensor>, rows: RowGradients, step: number, learningRate: number): Promise<void> {
    const { clip, weightDecay, layerDecay } = this.#options;
    let factor: number | Tensor = 1;
    if (clip > 0) {
      const norm = globalNorm([...gradients.values()]);
      if (this.#lazy === null) factor = clipFactor(norm, clip);
      else {
        const whole = Math.sqrt((await norm.data())[0]! ** 2 + rows.squareSum());
        factor = Math.min(1, clip / (whole + 1e-6));
      }
      norm.dispose();
    }
    this.#torn = true;
    const rateOf = (name: string) => learningRate * layerDecay ** (this.#depth - this.network.depthOf(name));
    for (const [name, gradient] of gradients) {
      const { m, v } = this.#moments.get(name)!;
      adamwStep(this.network.variables.get(name)!, gradient, m, v, {
        ...this.#options,
        learningRate: rateOf(name),
        weightDecay: this.network.decays(name) ? weightDecay : 0,
        step: step + 1,
        clip: factor,
      });
    }
    if (this.#lazy !== null) {
      const { ids, gradient } = rows.take();
      this.#lazy.step(ids, gradient, factor as number, rateOf(this.network.sparse!.name), step + 1);
    }
    if (typeof factor !== "number") factor.dispose();
    this.#torn = false;
  }

  /** All weights, copied. */
  weights(): Promise<Tensors> {
    return exportTensors(this.network);
  }

  /** The optimiser's moments by name, `m/…` and `v/…`, copied. */
  async moments(): Promise<HostArrays> {
    const arrays: HostArrays = new Map();
    for (const [name, { m, v }] of this.#moments) {
      arrays.set(`m/${name}`, Float32Array.from(await m.data()));
      arrays.set(`v/${name}`, Float32Array.from(await v.data()));
    }
    if (this.#lazy !== null) {
      const { name } = this.network.sparse!;
      arrays.set(`m/${name}`, this.#lazy.m.slice());
      arrays.set(`v/${name}`, this.#lazy.v.slice());
    }
    return arrays;
  }

  dispose(): void {
    this.network.dispose();
    for (const { m, v } of this.#moments.values()) tf.dispose([m, v]);
    this.#moments.clear();
  }
}

function add(sums: Map<string, Tensor>, name: string, gradient: Tensor): void {
  const sum = sums.get(name);
  if (sum === undefined) {
    sums.set(name, gradient);
    return;
  }
  sums.set(name, tf.add(sum, gradient));
  tf.dispose([sum, gradient]);
}

/** Gradients of rows of the sparse table, added up over the parts of a batch. */
class RowGradients {
  readonly #width: number;
  readonly #parts: { ids: Int32Array; gradient: Float32Array }[] = [];
  #sum: { ids: Int32Array; gradient: Float32Array } | null = null;

  constructor(width: number) {
    this.#width = width;
  }

  add(ids: Int32Array, gradient: Float32Array): void {
    this.#parts.push({ ids, gradient });
  }

  /** Distinct ids and the sum of each one's gradients. */
  take(): { ids: Int32Array; gradient: Float32Array } {
    if (this.#sum !== null) return this.#sum;
    if (this.#parts.length === 1) return (this.#sum = this.#parts[0]!);
    const place = new Map<number, number>();
    for (const { ids } of this.#parts) for (const id of ids) if (!place.has(id)) place.set(id, place.size);
    const gradient = new Float32Array(place.size * this.#width);
    for (const part of this.#parts) {
      part.ids.forEach((id, u) => {
        const at = place.get(id)! * this.#width;
        for (let k = 0; k < this.#width; k++) gradient[at + k]! += part.gradient[u * this.#width + k]!;
      });
    }
    return (this.#sum = { ids: Int32Array.from(place.keys()), gradient });
  }

  squareSum(): number {
    return this.take().gradient.reduce((sum, g) => sum + g * g, 0);
  }
}
