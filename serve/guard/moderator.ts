// Decides where a text is scored, so that the event loop is never held up: in the calling thread where n-grams are enough,
// which takes microseconds; in a second thread where an encoder must look at it too; and long inputs in a third, where they
// hold up neither. A cascade's first stage always runs here, and only what it is unsure of travels.
import { refuseUnfitOptions, type ScorerOptions } from "#models/scorer";
import { Guard, type GuardedModel, type GuardOptions } from "./guard.ts";
import { ScoringThread, type ScoringThreadOptions } from "./scoring-thread.ts";
import type { Verdict } from "./verdict.ts";

/** UTF-16 units, some milliseconds of n-grams. */
export const LONG_INPUT = 65_536;

export interface ModeratorOptions {
  guard?: GuardOptions;
  /** How an encoder is run. */
  scorer?: ScorerOptions;
  /** Texts with more UTF-16 units together are long; default LONG_INPUT. */
  longInput?: number;
  /** Of each thread. */
  queue?: number;
  timeoutMs?: number;
}

export class Moderator {
  /** Of the calling thread: without an encoder. */
  readonly guard: Guard;
  readonly #longInput: number;
  readonly #long: ScoringThread;
  /** Absent where n-grams are all there is. */
  readonly #encoder: ScoringThread | undefined;
  #texts = 0;
  #escalated = 0;

  /** @throws CordonError as Guard, and usage/bad-option where the options do not fit the model */
  constructor(served: GuardedModel, { guard = {}, scorer = {}, longInput = LONG_INPUT, ...limits }: ModeratorOptions = {}) {
    refuseUnfitOptions(served.model, scorer);
    this.guard = new Guard(served, guard);
    this.#longInput = longInput;
    const options: ScoringThreadOptions = { guard, scorer, ...limits };
    this.#long = new ScoringThread(served, options);
    if (served.model.kind !== "ngram") this.#encoder = new ScoringThread(served, options);
  }

  /** Texts answered so far, and those of them that a second stage scored. */
  get counts(): { texts: number; escalated: number } {
    return { texts: this.#texts, escalated: this.#escalated };
  }

  /** Resolves when all threads have warmed up. Rejects with what kept one from starting. */
  async start(): Promise<void> {
    this.guard.warmUp();
    await Promise.all([this.#long.start(), this.#encoder?.start()]);
  }

  /** Ends the threads; what still waits is undetermined. */
  async stop(): Promise<void> {
    await Promise.all([this.#long.stop(), this.#encoder?.stop()]);
  }

  /**
   * One verdict a text, in order, each that of the text alone: at once where the calling thread reached them all. Never
   * throws or rejects: what cannot be scored, or not in time, is undetermined.
   */
  moderate(texts: readonly string[]): Verdict[] | Promise<Verdict[]> {
    if (isLong(texts, this.#longInput)) return this.#long.moderate(texts).then((verdicts) => this.#counted(verdicts));
    const verdicts = this.guard.moderate(texts);
    const open: number[] = [];
    for (let i = 0; i < verdicts.length; i++) {
      const verdict = verdicts[i]!;
      if (verdict.state === "undetermined" && verdict.reason === "escalated") open.push(i);
    }
    if (open.length === 0 || this.#encoder === undefined) return this.#counted(verdicts);
    return this.#encoder.moderate(open.map((i) => texts[i]!)).then((answers) => {
      answers.forEach((answer, k) => (verdicts[open[k]!] = answer));
      return this.#counted(verdicts);
    });
  }

  #counted(verdicts: Verdict[]): Verdict[] {
    this.#texts += verdicts.length;
    for (const verdict of verdicts) if (verdict.state === "determined" && verdict.escalated) this.#escalated++;
    return verdicts;
  }
}

/** UTF-16 units of all texts together, compared without encoding them. */
function isLong(texts: readonly string[], limit: number): boolean {
  let length = 0;
  for (let i = 0; i < texts.length; i++) length += texts[i]!.length;
  return length > limit;
}
