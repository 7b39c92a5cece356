// A small cascade on disk, for tests: hashed n-grams that know one made-up word and half know another, and an encoder that
// knows both. Texts with the half-known word, and no others, lie in the band.
import { join } from "node:path";
import { fixtureEncoder } from "./encoder/fixture-encoder.ts";
import type { CascadeArchitecture, ManifestDraft, Precision } from "./manifest.ts";
import { wordBucket } from "./ngram/features.ts";
import { sigmoid, type NgramModel } from "./ngram/model.ts";
import { saveCascadePackage, saveEncoderPackage, saveNgramPackage } from "./package.ts";
import { BLOCK_TOKENS } from "./text/token-stream.ts";

const FEATURES = { bits: 12, charNgrams: null };
/** Logits of the first stage: of a text without any of the words, with the half-known word, with the known word. */
const LOGITS = { none: -5, half: 0, known: 5 };

/** What the fixture knows: `sure` scores high in the first stage, `unsure` in its band; the second stage finds `unsure` and not `innocent`, which is in the band too. */
export const CASCADE_WORDS = { sure: "zorblax", unsure: "quimpet", innocent: "brindle" } as const;

function ngram(labels: readonly string[]): NgramModel {
  const columns = labels.length + 1;
  const table = new Int16Array(2 ** FEATURES.bits * columns);
  for (const [word, weight] of [
    [CASCADE_WORDS.sure, LOGITS.known - LOGITS.none],
    [CASCADE_WORDS.unsure, LOGITS.half - LOGITS.none],
    [CASCADE_WORDS.innocent, LOGITS.half - LOGITS.none],
  ] as const)
    for (let label = 0; label < labels.length; label++) table[wordBucket(FEATURES, word) * columns + label] = weight * 100;
  return {
    features: FEATURES,
    labels,
    table,
    slope: new Float32Array(labels.length).fill(0.01),
    intercept: new Float32Array(labels.length).fill(LOGITS.none),
    rules: {},
  };
}

/** Writes `first/`, `second/` and `cascade/` below a folder and returns their paths. */
export async function writeFixtureCascade(
  dir: string,
  labels: readonly string[] = ["harmful", "hate"],
  precisions: readonly Precision[] = ["fp32"],
) {
  const paths = { first: join(dir, "first"), second: join(dir, "second"), cascade: join(dir, "cascade") };
  const encoder = fixtureEncoder(labels, { [CASCADE_WORDS.sure]: labels.slice(1), [CASCADE_WORDS.unsure]: [] }, precisions);
  const draft: ManifestDraft = {
    ...encoder.manifest,
    name: "fixture-ngram",
    architecture: { kind: "ngram", ...FEATURES, blockTokens: BLOCK_TOKENS, rules: {} },
  };
  await saveNgramPackage(paths.first, ngram(labels), draft);
  await saveEncoderPackage(paths.second, encoder.contents, encoder.manifest);
  const band = { low: sigmoid(LOGITS.half - 1), high: sigmoid(LOGITS.half + 1) };
  const combination = { alone: { slope: 1, intercept: 0 }, both: { first: 0, second: 1, intercept: 0 }, rule: false };
  const architecture: CascadeArchitecture = {
    kind: "cascade",
    decides: labels[0]!,
    band,
    escalate: { share: 0.02, measured: 0.01, texts: 100, on: "calibration" },
    bands: [
      { share: 0, low: 0, high: 0 },
      { share: 0.02, ...band },
      { share: 1, low: 0, high: 2 },
    ],
    combine: Object.fromEntries(labels.map((label) => [label, combination])),
  };
  await saveCascadePackage(paths.cascade, paths.first, paths.second, { ...draft, name: "fixture-cascade", architecture });
  return paths;
}
