// A judge that is a language model of the recipe, asked several times. Self-consistency votes as in arXiv 2203.11171; the
// share of votes is kept, since one-vote gold labels hide how sure they are.
import type { Example } from "#datasets/example";
import type { Chapter } from "#datasets/constitution";
import type { Asker } from "#datasets/generators/asker";
import type { Judge, Judgement } from "./judge.ts";
import { judgeQuestion, type JudgeRules } from "./judge-prompt.ts";

export interface LlmJudgeOptions {
  /** Name of the generator in the recipe. */
  generator: string;
  votes: number;
  /** Share of the valid votes, in whole per cent. */
  minAgreement: number;
  /** The recipe's own rules, in the place of the chapters'. */
  definition?: string | undefined;
  seed: number;
}

export class LlmJudge implements Judge {
  readonly #asker: Asker;
  readonly #chapters: ReadonlyMap<string, Chapter>;
  readonly #options: LlmJudgeOptions;

  /** @param chapters by topic */
  constructor(asker: Asker, chapters: ReadonlyMap<string, Chapter>, options: LlmJudgeOptions) {
    this.#asker = asker;
    this.#chapters = chapters;
    this.#options = options;
  }

  /** The majority of the votes. Undetermined where most votes are none, or too few agree. */
  async judge(row: Example): Promise<Judgement> {
    const { votes, minAgreement } = this.#options;
    const cast = await Promise.all(Array.from({ length: votes }, (_, vote) => this.#vote(row, vote)));
    const count = (value: Cast) => cast.filter((vote) => vote === value).length;
    const [harmful, harmless] = [count(1), count(0)];
    const valid = harmful + harmless;
    if (valid * 2 <= votes) {
      const causes = (["declined", "failed", "no vote"] as const).map((cause) => `${count(cause)} ${cause}`).join(", ");
      return { state: "undetermined", reason: `${valid} of ${votes} votes are valid (${causes})` };
    }
    const agreement = Math.max(harmful, harmless) / valid;
    if (harmful === harmless || Math.round(agreement * 100) < Math.round(minAgreement * 100)) {
      return { state: "undetermined", reason: `${harmful} of ${valid} valid votes say harmful, ${harmless} harmless` };
    }
    const label = harmful > harmless ? 1 : 0;
    const summary = `${Math.max(harmful, harmless)} of ${valid} valid votes say ${label === 1 ? "harmful" : "harmless"}`;
    return { state: "determined", label, labelDist: harmful / valid, summary };
  }

  async #vote(row: Example, vote: number): Promise<Cast> {
    const { generator, seed } = this.#options;
    const question = judgeQuestion(row, this.#rules(row), seed, vote);
    const answer = await this.#asker.ask(generator, question.prompt, vote);
    if (answer.state === "refused") return "declined";
    return answer.state === "failed" ? "failed" : (question.read(answer.value) ?? "no vote");
  }

  #rules({ topic }: Example): JudgeRules {
    if (this.#options.definition !== undefined) return { definition: this.#options.definition };
    const chapter = topic === undefined ? undefined : this.#chapters.get(topic);
    return chapter === undefined ? null : { chapter };
  }
}

type Cast = 0 | 1 | "declined" | "failed" | "no vote";
