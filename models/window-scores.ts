// A document's scores from those of its windows, in the order of the text.
import { type DocumentScore, TOP_K, emptyScore } from "./document-score.ts";

export class WindowScores {
  readonly #labels: number;
  /** (L, TOP_K) probabilities of the highest windows, falling. */
  readonly #top: Float64Array;
  readonly #score: DocumentScore;

  constructor(labels: number) {
    this.#labels = labels;
    this.#top = new Float64Array(labels * TOP_K);
    this.#score = emptyScore(labels);
  }

  /** Begins a document. */
  open(): void {
    this.#score.windows = 0;
    this.#score.mean.fill(0);
    this.#top.fill(-1);
  }

  /** Takes the next window: its probabilities (L) and its span in code points. */
  add(probabilities: Float64Array, start: number, end: number): void {
    const score = this.#score;
    const top = this.#top;
    for (let label = 0; label < this.#labels; label++) {
      let p = probabilities[label]!;
      score.mean[label]! += p;
      const best = label * TOP_K;
      if (p > top[best]!) {
        score.start[label] = start;
        score.end[label] = end;
      }
      // Insertion into the TOP_K highest, in falling order.
      for (let k = best; k < best + TOP_K; k++) {
        if (p <= top[k]!) continue;
        const pushed = top[k]!;
        top[k] = p;
        p = pushed;
      }
    }
    score.windows++;
  }

  /**
   * The document's scores, reused by the next one. A label of which any window was not a number is not a number.
   * @param codePoints of the text
   */
  close(codePoints: number): DocumentScore {
    const score = this.#score;
    score.codePoints = codePoints;
    const kept = Math.min(TOP_K, score.windows);
    for (let label = 0; label < this.#labels; label++) {
      const best = label * TOP_K;
      let sum = 0;
      for (let k = 0; k < kept; k++) sum += this.#top[best + k]!;
      score.mean[label]! /= score.windows;
      const lost = Number.isNaN(score.mean[label]);
      score.max[label] = lost ? Number.NaN : this.#top[best]!;
      score.topK[label] = lost ? Number.NaN : sum / kept;
    }
    return score;
  }
}
