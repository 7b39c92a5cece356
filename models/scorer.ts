// Opens a scorer on a loaded model of any kind. An encoder's code, and onnxruntime with it, is loaded where one is opened:
// a filter over n-grams starts without it.
import { CordonError } from "./errors.ts";
import { CascadeScorer, type QuickScorer } from "./cascade/cascade-scorer.ts";
import type { DocumentScorer } from "./document-score.ts";
import type { LoadedCascade, LoadedEncoder, LoadedModel } from "./loaded-model.ts";
import type { Precision, Provider } from "./manifest.ts";
import { NgramScorer } from "./ngram/scorer.ts";

/** How an encoder is run; n-grams have one way. */
export interface ScorerOptions {
  /** Default: the package's own. */
  precision?: Precision;
  /** Default "cpu". */
  provider?: Provider;
  /** Threads of one run of the graph; default: as onnxruntime has it, one for each core. */
  threads?: number;
}

/**
 * A scorer on a model.
 * @throws CordonError usage/bad-option where the model has no such precision, or no precisions; and as EncoderScorer
 */
export async function openScorer(loaded: LoadedModel, options: ScorerOptions = {}): Promise<DocumentScorer> {
  refuseUnfitOptions(loaded, options);
  switch (loaded.kind) {
    case "ngram":
      return new NgramScorer(loaded.model);
    case "encoder":
      return openEncoder(loaded, options);
    case "cascade":
      return new CascadeScorer(loaded, new NgramScorer(loaded.first.model), await openEncoder(loaded.second, options));
  }
}

/**
 * The two stages of a cascade, each a scorer of its own.
 * @throws CordonError as openScorer
 */
export async function openStages(
  loaded: LoadedCascade,
  options: ScorerOptions = {},
): Promise<{ first: DocumentScorer; second: DocumentScorer }> {
  refuseUnfitOptions(loaded, options);
  return { first: new NgramScorer(loaded.first.model), second: await openEncoder(loaded.second, options) };
}

/** What can be scored in microseconds, without an encoder; null for a text that cannot. */
export function openQuickScorer(loaded: LoadedModel): QuickScorer {
  switch (loaded.kind) {
    case "ngram":
      return new NgramScorer(loaded.model);
    case "encoder":
      return { labels: loaded.labels, scoreText: () => null };
    case "cascade": {
      const cascade = new CascadeScorer(loaded, new NgramScorer(loaded.first.model), null);
      return { labels: cascade.labels, scoreText: (text) => cascade.scoreQuickly(text) };
    }
  }
}

/** @throws CordonError usage/bad-option where the options do not fit the model */
export function refuseUnfitOptions(loaded: LoadedModel, { precision, provider }: ScorerOptions): void {
  if (loaded.kind === "ngram") {
    const given = precision !== undefined ? "--precision" : provider !== undefined ? "--provider" : undefined;
    if (given === undefined) return;
    throw new CordonError("usage/bad-option", "a model of n-grams has no precisions and no providers", {
      where: given,
      hint: "leave it out",
    });
  }
  const { precisions } = (loaded.kind === "encoder" ? loaded : loaded.second).architecture;
  if (precision === undefined || precisions[precision] !== undefined) return;
  throw new CordonError("usage/bad-option", `the package has no graph in ${precision}`, {
    where: "--precision",
    hint: `choose one of ${Object.keys(precisions).join(", ")}`,
  });
}

async function openEncoder(loaded: LoadedEncoder, options: ScorerOptions): Promise<DocumentScorer> {
  const { EncoderScorer } = await import("./encoder/encoder-scorer.ts");
  const scorer = new EncoderScorer(loaded, options);
  try {
    // A graph or a provider that does not work is told here, and not at the first text.
    scorer.scoreText("");
  } catch (error) {
    scorer.close();
    throw error;
  }
  return scorer;
}
