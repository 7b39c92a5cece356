// A model as loadPackage reads it, of any kind: plain data that can be posted to a worker thread, which opens its own
// scorer on it (scorer.ts). Weights of n-grams lie in shared memory; an encoder's are read from its checked files.
import { CordonError } from "./errors.ts";
import type { Aggregate, CascadeArchitecture, EncoderArchitecture } from "./manifest.ts";
import type { NgramModel } from "./ngram/model.ts";

export interface LoadedNgram {
  kind: "ngram";
  model: NgramModel;
}

export interface LoadedEncoder {
  kind: "encoder";
  /** The package's folder, absolute. */
  dir: string;
  /** (L), those that follow by a rule included. */
  labels: readonly string[];
  architecture: EncoderArchitecture;
}

export interface LoadedCascade {
  kind: "cascade";
  /** (L), each one a label of the first stage. */
  labels: readonly string[];
  architecture: CascadeArchitecture;
  /** By which the first stage's score escalates. */
  aggregate: Aggregate;
  first: LoadedNgram;
  second: LoadedEncoder;
}

export type LoadedModel = LoadedNgram | LoadedEncoder | LoadedCascade;

/**
 * The n-gram model of a package that must hold one.
 * @throws CordonError model/other-kind
 */
export function ngramOf(loaded: LoadedModel): NgramModel {
  if (loaded.kind === "ngram") return loaded.model;
  throw new CordonError("model/other-kind", `this takes a model of n-grams, and the package holds ${KINDS[loaded.kind]}`, {
    hint: "train one with `cordon train`",
  });
}

/** Kinds of models in words. */
export const KINDS = { ngram: "a model of n-grams", encoder: "an encoder", cascade: "a cascade" } as const;

/** (L), the label that decides by default first. */
export function labelsOf(loaded: LoadedModel): readonly string[] {
  return loaded.kind === "ngram" ? loaded.model.labels : loaded.labels;
}
