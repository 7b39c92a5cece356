// A small model and manifest for the tests of the package, the card and the exported graph: every table cell is drawn
// from a seed, and one label follows another by a rule.
import type { ManifestDraft, NgramArchitecture } from "./manifest.ts";
import { wordBucket } from "./ngram/features.ts";
import type { NgramModel } from "./ngram/model.ts";
import { Random } from "./random.ts";
import { BLOCK_TOKENS } from "./text/token-stream.ts";

const LABELS = ["harmful", "hate", "child-exploitation"];
const RULES = { "child-exploitation": { of: "hate", words: ["minor"] } };

export function fixtureManifest(): ManifestDraft & { architecture: NgramArchitecture } {
  return {
    cordonVersion: "0.0.0",
    name: "fixture",
    description: "Numbers drawn from a seed.",
    architecture: { kind: "ngram", bits: 12, charNgrams: null, blockTokens: BLOCK_TOKENS, rules: RULES },
    labels: [...LABELS],
    aggregate: "max",
    thresholds: { harmful: { threshold: 0.5, rule: "by hand" } },
    operatingPoints: {},
    calibration: {},
    training: { dataSha256: "0".repeat(64), examples: 7, positives: { harmful: 3 }, gitRevision: "abc", seed: 4, options: {} },
    heldOut: {},
  };
}

/** A model for fixtureManifest(). */
export function fixtureNgram(): NgramModel {
  const features = { bits: 12, charNgrams: null };
  const random = new Random(1, "fixture");
  const columns = LABELS.length + 1;
  const table = new Int16Array(2 ** features.bits * columns);
  for (let row = 0; row < table.length; row += columns) {
    for (let label = 0; label < 2; label++) table[row + label] = random.below(4001) - 2000;
    table[row + columns - 1] = 1 + random.below(100);
  }
  table[wordBucket(features, "minor") * columns + 2] = 1;
  return {
    features,
    labels: LABELS,
    table,
    slope: Float32Array.of(0.01, 0.02, 0),
    intercept: Float32Array.of(-0.5, 0.25, 0),
    rules: RULES,
  };
}
