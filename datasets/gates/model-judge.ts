// A judge that is a model package. It contradicts a label only well beyond its threshold: what lies between is for the
// label to say. It gives no share of votes, since it is one voter.
import type { Example } from "#datasets/example";
import type { Classifier } from "./classifier.ts";
import type { Judge, Judgement } from "./judge.ts";

export class ModelJudge implements Judge {
  readonly #classifier: Classifier;
  readonly #margin: number;

  /** @param margin how far beyond the threshold a probability must lie to contradict */
  constructor(classifier: Classifier, margin: number) {
    this.#classifier = classifier;
    this.#margin = margin;
  }

  judge({ text, label }: Example): Promise<Judgement> {
    const p = this.#classifier.probability(text);
    if (Number.isNaN(p)) return Promise.resolve({ state: "undetermined", reason: "the model's probability is not a number" });
    const { threshold } = this.#classifier;
    const contradicts = label === 1 ? p < threshold - this.#margin : p >= threshold + this.#margin;
    const verdict = contradicts ? ((1 - label) as 0 | 1) : label;
    return Promise.resolve({
      state: "determined",
      label: verdict,
      summary: `the model gives ${p.toFixed(2)} at a threshold of ${threshold.toFixed(2)}`,
    });
  }
}
