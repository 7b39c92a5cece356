// A network's trained variables, by canonical name.
import { type Tensors, elements } from "#models/encoder/tensors";
import { type Variable, tf } from "#train/tensor/tf";

export class Parameters {
  readonly variables = new Map<string, Variable>();

  /** `except`: a tensor that stays on the host. */
  constructor(tensors: Tensors, except?: string) {
    for (const [name, { shape, data }] of tensors) {
      if (name === except) continue;
      if (data.length !== elements(shape)) throw new Error(`Parameters: ${name} requires ${elements(shape)} values, got ${data.length}`);
      this.variables.set(
        name,
        tf.tidy(() => tf.variable(tf.tensor(data, [...shape]))),
      );
    }
  }

  get(name: string): Variable {
    const variable = this.variables.get(name);
    if (variable === undefined) throw new Error(`Parameters: no tensor ${name}`);
    return variable;
  }

  /** A bias that the config may leave out. */
  find(name: string): Variable | null {
    return this.variables.get(name) ?? null;
  }

  dispose(): void {
    for (const variable of this.variables.values()) variable.dispose();
    this.variables.clear();
  }
}

/** Biases and the weights of norms are not decayed, as transformers' Trainer has it. */
export function decays(name: string): boolean {
  return !name.endsWith("bias") && !/norm/i.test(name);
}
