// Tensors that depend on a batch's length alone (rotary tables, local masks), kept between steps: batches are padded to few
// lengths.
import { type Tensor, tf } from "#train/tensor/tf";

/** Lengths kept; a local mask of 2,048 tokens takes 16 MiB. */
const KEPT = 16;

export class ByLength<T extends Record<string, Tensor>> {
  readonly #made = new Map<number, T>();
  readonly #make: (tokens: number) => T;

  constructor(make: (tokens: number) => T) {
    this.#make = make;
  }

  at(tokens: number): T {
    const made = this.#made.get(tokens) ?? this.#keep(tokens);
    // Last in the order of the map: least likely to go.
    this.#made.delete(tokens);
    this.#made.set(tokens, made);
    return made;
  }

  #keep(tokens: number): T {
    const [oldest] = this.#made;
    if (oldest !== undefined && this.#made.size >= KEPT) {
      tf.dispose(oldest[1]);
      this.#made.delete(oldest[0]);
    }
    const made = this.#make(tokens);
    for (const tensor of Object.values(made)) tf.keep(tensor);
    return made;
  }

  dispose(): void {
    for (const made of this.#made.values()) tf.dispose(made);
    this.#made.clear();
  }
}
