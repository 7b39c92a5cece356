// What every strategy is given beside its own section of the recipe.
import type { Candidate } from "#datasets/candidate";
import type { Asker } from "#datasets/generators/asker";

export interface StrategyContext {
  /** The recipe's seed. */
  seed: number;
  /** References by name, in the place of the recipe's own. */
  seeds: Readonly<Record<string, string>>;
  /** Asks the recipe's generators; a recipe that names none needs none. */
  asker?: Asker | undefined;
  /** How many answers a strategy waits for at a time; the generators have bounds of their own. Default 64. */
  window?: number | undefined;
  /** Told of each candidate as it is handed on. */
  onCandidate?: ((candidate: Candidate) => void) | undefined;
}
