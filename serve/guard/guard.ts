// The guard without a transport: texts in, verdicts out. It scores in the calling thread, which takes microseconds for a
// message and blocks the event loop for as long as it takes: long inputs go through LongInputs (long-inputs.ts) instead.
import { CordonError } from "#models/errors";
import type { Aggregate, Manifest } from "#models/manifest";
import type { NgramModel } from "#models/ngram/model";
import { NgramScorer, aggregatedScores } from "#models/ngram/scorer";
import { type Reading, readingsOf } from "#models/text/readings";
import { undetermined, type Verdict } from "./verdict.ts";

export interface GuardOptions {
  /** Probability, 0 to 1, from which the first label ("harmful") is detected; default: the package's own. */
  threshold?: number;
  /** False: detect and report, but never enforce (shadow). Default true. */
  enforce?: boolean;
  /** True: texts are scored as they stand, without undoing disguises. Default false. */
  asIs?: boolean;
}

/** The part of a model package that the guard needs. */
export interface GuardedModel {
  manifest: Pick<Manifest, "name" | "thresholds" | "aggregate">;
  model: NgramModel;
}

export class Guard {
  /** The model's name, from its manifest. */
  readonly name: string;
  /** (L), "harmful" (or the domain's label) first. */
  readonly labels: readonly string[];
  /** (L), probability from which a label is detected; infinite for a label without a threshold. */
  readonly thresholds: Float64Array;
  readonly #enforce: boolean;
  readonly #asIs: boolean;
  readonly #aggregate: Aggregate;
  readonly #scorer: NgramScorer;

  /** @throws CordonError where the first label has no threshold, neither in the package nor in the options */
  constructor(served: GuardedModel, options: GuardOptions = {}) {
    this.#scorer = new NgramScorer(served.model);
    this.name = served.manifest.name;
    this.labels = this.#scorer.labels;
    this.#aggregate = served.manifest.aggregate;
    this.#enforce = options.enforce ?? true;
    this.#asIs = options.asIs ?? false;
    const chosen = served.manifest.thresholds;
    this.thresholds = Float64Array.from(this.labels, (label) => chosen[label]?.threshold ?? Infinity);
    if (options.threshold !== undefined) this.thresholds[0] = options.threshold;
    if (!Number.isFinite(this.thresholds[0])) {
      throw new CordonError("model/no-such-label", `the model package has no threshold for "${this.labels[0]}"`, {
        hint: "choose one with --threshold",
      });
    }
  }

  /** One verdict a text, in order; each is that of the text alone. Never throws for a text. */
  moderate(texts: readonly string[]): Verdict[] {
    return texts.map((text) => this.#verdict(text));
  }

  /** Runs the scorer until the engine has compiled it, so that the first request is as fast as the thousandth. */
  warmUp(): void {
    const sample = "The quick brown fox jumps over the lazy dog, then rests beneath 3 old oaks. ".repeat(40);
    for (let i = 0; i < 50; i++) this.moderate([sample]);
  }

  #verdict(text: string): Verdict {
    // A plain array, since small typed arrays are slow to make.
    const scores = new Array<number>(this.labels.length).fill(0);
    const found = new Array<Found>(this.labels.length);
    try {
      for (const reading of this.#asIs ? [{ text, disguise: [] }] : readingsOf(text)) {
        const document = this.#scorer.scoreText(reading.text);
        const scored = aggregatedScores(document, this.#aggregate);
        for (let i = 0; i < scores.length; i++) {
          const score = scored[i]!;
          // Comparisons with NaN are false, which would read as safe; a single window's shows in the mean alone.
          if (!(score >= 0 && score <= 1) || Number.isNaN(document.mean[i]!)) return undetermined("not-a-number");
          if (found[i] !== undefined && score <= scores[i]!) continue;
          scores[i] = score;
          // The scorer writes over its own, so what is kept is copied.
          found[i] = { disguise: reading.disguise, start: document.start[i]!, end: document.end[i]! };
        }
      }
    } catch {
      return undetermined("scorer-failed");
    }
    let decisive = 0;
    for (let i = 1; i < scores.length; i++) {
      if (scores[i]! - this.thresholds[i]! > scores[decisive]! - this.thresholds[decisive]!) decisive = i;
    }
    // Only the first label decides: its threshold was chosen for a rate of false alarms, which any of two dozen labels
    // over its own would multiply.
    const detected = scores[0]! >= this.thresholds[0]!;
    const { disguise, start, end } = found[decisive]!;
    return {
      state: "determined",
      detected,
      enforced: detected && this.#enforce,
      scores,
      label: this.labels[decisive]!,
      threshold: this.thresholds[decisive]!,
      // A place in what was uncovered is none in the text.
      span: disguise.length === 0 ? { start, end } : { start: 0, end: codePoints(text) },
      disguise,
    };
  }
}

/** Where a label's highest score comes from. */
interface Found {
  disguise: Reading["disguise"];
  start: number;
  end: number;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
