// Scores a text with n-grams and, where they are unsure of it, with an encoder too. Spans and the number of windows are
// those of the stage that decided.
import { aggregatedScores, copyScore, type DocumentScore, type DocumentScorer, emptyScore } from "#models/document-score";
import type { LoadedCascade } from "#models/loaded-model";
import type { Combination } from "#models/manifest";
import { alone, isUnsure, joined } from "./cascade-model.ts";

/** Scores what takes microseconds, and is null for a text that an encoder would have to score. */
export interface QuickScorer {
  readonly labels: readonly string[];
  scoreText(text: string): DocumentScore | null;
}

type Cascade = Pick<LoadedCascade, "labels" | "architecture" | "aggregate">;

/** A label with its places in the stages' scores. */
interface Place {
  combination: Combination;
  first: number;
  /** -1 where the second stage does not have it, or does not count. */
  second: number;
}

export class CascadeScorer implements DocumentScorer {
  readonly labels: readonly string[];
  readonly #cascade: Cascade;
  readonly #first: DocumentScorer;
  readonly #second: DocumentScorer | null;
  readonly #decides: number;
  readonly #places: readonly Place[];
  readonly #score: DocumentScore;

  /** @param second null: texts that need it cannot be scored here, see scoreQuickly */
  constructor(cascade: Cascade, first: DocumentScorer, second: DocumentScorer | null) {
    const { labels, architecture } = cascade;
    this.labels = labels;
    this.#cascade = cascade;
    this.#first = first;
    this.#second = second;
    this.#decides = first.labels.indexOf(architecture.decides);
    this.#places = labels.map((label): Place => {
      const combination = architecture.combine[label]!;
      const counts = combination.both !== null && second !== null;
      return { combination, first: first.labels.indexOf(label), second: counts ? second.labels.indexOf(label) : -1 };
    });
    this.#score = emptyScore(labels.length);
  }

  score(bytes: Uint8Array, start: number, end: number): DocumentScore {
    const first = this.#first.score(bytes, start, end);
    return this.#isUnsure(first) ? this.#joined(first, this.#needed().score(bytes, start, end)) : this.#alone(first);
  }

  scoreText(text: string): DocumentScore {
    const first = this.#first.scoreText(text);
    return this.#isUnsure(first) ? this.#joined(first, this.#needed().scoreText(text)) : this.#alone(first);
  }

  scoreTexts(texts: readonly string[]): DocumentScore[] {
    const firsts = texts.map((text) => copyScore(this.#first.scoreText(text)));
    const unsure = firsts.flatMap((first, i) => (this.#isUnsure(first) ? [i] : []));
    const scores = firsts.map((first) => copyScore(this.#alone(first)));
    if (unsure.length === 0) return scores;
    const second = this.#needed();
    const seconds = second.scoreTexts?.(unsure.map((i) => texts[i]!)) ?? unsure.map((i) => copyScore(second.scoreText(texts[i]!)));
    unsure.forEach((i, k) => (scores[i] = copyScore(this.#joined(firsts[i]!, seconds[k]!))));
    return scores;
  }

  close(): void {
    this.#second?.close?.();
  }

  /** The score where the first stage is sure, else null. */
  scoreQuickly(text: string): DocumentScore | null {
    const first = this.#first.scoreText(text);
    return this.#isUnsure(first) ? null : this.#alone(first);
  }

  #isUnsure(first: DocumentScore): boolean {
    const { architecture, aggregate } = this.#cascade;
    return isUnsure(architecture.band, aggregatedScores(first, aggregate)[this.#decides]!);
  }

  #needed(): DocumentScorer {
    if (this.#second === null) throw new Error("CascadeScorer: the text needs the second stage, which was not opened");
    return this.#second;
  }

  #alone(first: DocumentScore): DocumentScore {
    const score = this.#score;
    score.windows = first.windows;
    score.codePoints = first.codePoints;
    score.escalated = false;
    this.#places.forEach(({ combination, first: at }, label) => {
      score.max[label] = alone(combination, first.max[at]!);
      score.mean[label] = alone(combination, first.mean[at]!);
      score.topK[label] = alone(combination, first.topK[at]!);
      score.start[label] = first.start[at]!;
      score.end[label] = first.end[at]!;
    });
    return score;
  }

  #joined(first: DocumentScore, second: DocumentScore): DocumentScore {
    const score = this.#alone(first);
    score.windows = second.windows;
    score.escalated = true;
    this.#places.forEach(({ combination, first: from, second: at }, label) => {
      if (at < 0) return;
      score.max[label] = joined(combination, first.max[from]!, second.max[at]!);
      score.mean[label] = joined(combination, first.mean[from]!, second.mean[at]!);
      score.topK[label] = joined(combination, first.topK[from]!, second.topK[at]!);
      score.start[label] = second.start[at]!;
      score.end[label] = second.end[at]!;
    });
    return score;
  }
}
