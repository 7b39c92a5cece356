// The guard without a transport: texts in, verdicts out. It scores in the calling thread, which takes microseconds for a
// message and n-grams, and blocks the event loop for as long as it takes: long inputs, and what an encoder must score, go
// to another thread (moderator.ts).
import type { QuickScorer } from "#models/cascade/cascade-scorer";
import { aggregatedScores } from "#models/document-score";
import { CordonError } from "#models/errors";
import type { LoadedModel } from "#models/loaded-model";
import type { Aggregate, Manifest } from "#models/manifest";
import { openQuickScorer } from "#models/scorer";
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
  model: LoadedModel;
}

/** An encoder is warm long before. */
const WARM_UP_MS = 500;

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
  readonly #scorer: QuickScorer;

  /**
   * @param scorer by default what the model can score without an encoder: all texts where it has none
   * @throws CordonError where the first label has no threshold, neither in the package nor in the options
   */
  constructor(served: GuardedModel, options: GuardOptions = {}, scorer: QuickScorer = openQuickScorer(served.model)) {
    this.#scorer = scorer;
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
    const started = performance.now();
    for (let i = 0; i < 50 && performance.now() - started < WARM_UP_MS; i++) this.moderate([sample]);
  }

  #verdict(text: string): Verdict {
    let best: Highest | Unscored;
    try {
      const [plain, ...others] = this.#asIs ? [{ text, disguise: [] }] : readingsOf(text);
      best = this.#score(plain!, others.length > 0);
      for (const reading of others) best = higher(best, this.#score(reading, true));
    } catch {
      return undetermined("scorer-failed");
    }
    if (typeof best === "string") return undetermined(best);
    const { scores } = best;
    let decisive = 0;
    for (let i = 1; i < scores.length; i++) {
      if (scores[i]! - this.thresholds[i]! > scores[decisive]! - this.thresholds[decisive]!) decisive = i;
    }
    // Only the first label decides: its threshold was chosen for a rate of false alarms, which any of two dozen labels
    // over its own would multiply.
    const detected = scores[0]! >= this.thresholds[0]!;
    const { disguise } = best.readings?.[decisive] ?? best.reading;
    return {
      state: "determined",
      detected,
      enforced: detected && this.#enforce,
      scores,
      label: this.labels[decisive]!,
      threshold: this.thresholds[decisive]!,
      // A place in what was uncovered is none in the text.
      span: disguise.length === 0 ? { start: best.start[decisive]!, end: best.end[decisive]! } : { start: 0, end: codePoints(text) },
      disguise,
      escalated: best.escalated,
    };
  }

  /** @param keep whether the scorer is asked again before the result is read: it writes over its own arrays */
  #score(reading: Reading, keep: boolean): Highest | Unscored {
    const document = this.#scorer.scoreText(reading.text);
    if (document === null) return "escalated";
    const scored = aggregatedScores(document, this.#aggregate);
    // A plain array, since small typed arrays are slow to make.
    const scores = new Array<number>(scored.length);
    for (let i = 0; i < scores.length; i++) {
      const score = scored[i]!;
      scores[i] = score;
      // Comparisons with NaN are false, which would read as safe.
      if (!(score >= 0 && score <= 1)) return "not-a-number";
    }
    const escalated = document.escalated === true;
    return {
      scores,
      reading,
      escalated,
      start: keep ? document.start.slice() : document.start,
      end: keep ? document.end.slice() : document.end,
    };
  }
}

/** Each label's highest score over the readings so far. */
interface Highest {
  scores: number[];
  start: Int32Array;
  end: Int32Array;
  reading: Reading;
  /** Whether a second stage scored one of the readings. */
  escalated: boolean;
  /** (L), the reading of each label, where there is more than one. */
  readings?: Reading[];
}

/** Why a reading has no scores. */
type Unscored = "not-a-number" | "escalated";

/** Label by label the higher of two; without scores where one has none. */
function higher(a: Highest | Unscored, b: Highest | Unscored): Highest | Unscored {
  if (typeof a === "string") return a;
  if (typeof b === "string") return b;
  const readings = a.readings ?? new Array<Reading>(a.scores.length).fill(a.reading);
  for (let i = 0; i < a.scores.length; i++) {
    if (b.scores[i]! <= a.scores[i]!) continue;
    a.scores[i] = b.scores[i]!;
    a.start[i] = b.start[i]!;
    a.end[i] = b.end[i]!;
    readings[i] = b.reading;
  }
  return { ...a, readings, escalated: a.escalated || b.escalated };
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
