// Transforms over one another, each with a seed of its own, so that a row's lineage is enough to make its text again.
import { strategyOf } from "#datasets/candidate";
import type { Example, Operation } from "#datasets/example";
import { Random } from "#models/random";
import { TRANSFORMS } from "./table.ts";
import type { Transform } from "./transform.ts";

const PREFIX = "transform/";

export interface Layer {
  transform: Transform;
  /** Of the random numbers of this layer alone; a 32-bit unsigned integer. */
  seed: number;
}

/** Gives each transform a seed. */
export function drawLayers(transforms: readonly Transform[], random: Random): Layer[] {
  return transforms.map((transform) => ({ transform, seed: random.below(2 ** 32) }));
}

/** The first layer is the innermost. */
export function applyLayers(text: string, layers: readonly Layer[]): string {
  return layers.reduce((inner, { transform, seed }) => transform.apply(inner, new Random(seed, transform.name)), text);
}

/** One transform made of several, the first innermost; lossless where all are, with an inverse where all have one. */
export function compose(transforms: readonly [Transform, ...Transform[]]): Transform {
  const states = transforms.map((transform) => transform.jailbreak);
  const composed: Transform = {
    name: transforms.map((transform) => transform.name).join("+"),
    family: transforms.at(-1)!.family,
    version: Math.max(...transforms.map((transform) => transform.version)),
    describe: transforms.map((transform) => transform.describe).join(" "),
    names: {},
    jailbreak: states.includes("adds") ? "adds" : states.includes("unknown") ? "unknown" : "no",
    lossless: transforms.every((transform) => transform.lossless),
    maxExpansion: transforms.reduce((factor, transform) => factor * transform.maxExpansion, 1),
    maxAdded: transforms.reduce((added, transform) => added * transform.maxExpansion + transform.maxAdded, 0),
    apply: (text, random) => applyLayers(text, drawLayers(transforms, random)),
  };
  if (transforms.some((transform) => transform.invert === undefined)) return composed;
  return { ...composed, invert: (text) => transforms.reduceRight((inner, transform) => transform.invert!(inner), text) };
}

/** The layers as operations of a lineage, the innermost first. */
export function operationsOf(layers: readonly Layer[]): Operation[] {
  return layers.map(({ transform, seed }) => ({ name: PREFIX + transform.name, version: transform.version, seed }));
}

/** Whether a row is the disguised copy of another. */
export function isDisguised(row: Example): boolean {
  return strategyOf(row).startsWith(PREFIX);
}

/** The text that the last operations of a lineage made of its parent's; null where an operation is none of ours or older. */
export function replay(parentText: string, operations: readonly Operation[]): string | null {
  const layers: Layer[] = [];
  for (const { name, version, seed } of operations) {
    const transform = TRANSFORMS.find((t) => PREFIX + t.name === name && t.version === version);
    if (transform === undefined || seed === undefined) return null;
    layers.push({ transform, seed });
  }
  return applyLayers(parentText, layers);
}
