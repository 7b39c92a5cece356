// A tiny model for the tests of the guard: it flags made-up words, one list a label, with a probability of 0.993, and
// gives every other text 0.007. It runs through the real scorer.
import type { LoadedModel } from "#models/loaded-model";
import type { ManifestDraft, NgramArchitecture } from "#models/manifest";
import { wordBucket } from "#models/ngram/features";
import type { NgramModel } from "#models/ngram/model";
import { CATEGORY_IDS, HARMFUL } from "#models/taxonomy";
import { BLOCK_TOKENS } from "#models/text/token-stream";

const FEATURES = { bits: 14, charNgrams: null };
const LOGIT = 5;

/** Made-up word → the labels that it raises, beside "harmful". */
export const FIXTURE_WORDS = {
  zorblax: ["violent-crimes"],
  quimpet: ["hate", "threats"],
  vundle: ["self-harm"],
  brastok: ["child-exploitation"],
  plimsy: [],
} as const satisfies Record<string, readonly string[]>;

export interface FixtureModel {
  manifest: ManifestDraft & { architecture: NgramArchitecture };
  weights: NgramModel;
  /** The same, as loadPackage reads it. */
  model: LoadedModel;
}

export function fixtureModel(labels: readonly string[] = [HARMFUL, ...CATEGORY_IDS]): FixtureModel {
  const columns = labels.length + 1;
  const table = new Int16Array(2 ** FEATURES.bits * columns);
  for (const [word, raised] of Object.entries(FIXTURE_WORDS)) {
    const row = wordBucket(FEATURES, word) * columns;
    for (const label of [HARMFUL, ...raised]) if (labels.includes(label)) table[row + labels.indexOf(label)] = 1000;
  }
  const weights: NgramModel = {
    features: FEATURES,
    labels,
    table,
    // One word lifts the logit from -LOGIT to LOGIT; the mass column is zero, so that no text is too long for it.
    slope: new Float32Array(labels.length).fill((2 * LOGIT) / 1000),
    intercept: new Float32Array(labels.length).fill(-LOGIT),
    rules: {},
  };
  return {
    weights,
    model: { kind: "ngram", model: weights },
    manifest: {
      cordonVersion: "0.0.0",
      name: "fixture",
      description: "Flags made-up words.",
      architecture: { kind: "ngram", ...FEATURES, blockTokens: BLOCK_TOKENS, rules: {} },
      labels: [...labels],
      aggregate: "max",
      thresholds: Object.fromEntries(labels.map((label) => [label, { threshold: 0.5, rule: "fixture" }])),
      operatingPoints: {},
      calibration: {},
      training: { dataSha256: "0".repeat(64), examples: 0, positives: {}, gitRevision: "none", seed: 0, options: {} },
      heldOut: {},
    },
  };
}
