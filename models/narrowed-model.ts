// The part of a model that a run needs, where it asks for some of the labels only: n-grams then look up less memory.
import { CordonError } from "./errors.ts";
import { labelsOf, type LoadedModel } from "./loaded-model.ts";
import { withLabels } from "./ngram/label-model.ts";

/**
 * A model that gives at least `labels`, these first where its kind allows it.
 * @throws CordonError model/no-such-label
 */
export function narrowed(loaded: LoadedModel, labels: readonly string[]): LoadedModel {
  if (loaded.kind === "ngram") return { kind: "ngram", model: withLabels(loaded.model, labels) };
  const known = labelsOf(loaded);
  for (const label of labels) {
    if (known.includes(label)) continue;
    throw new CordonError("model/no-such-label", `the model has no label ${label}`, { hint: `choose one of ${known.join(", ")}` });
  }
  if (loaded.kind === "encoder") return loaded;
  const { decides } = loaded.architecture;
  const first = withLabels(loaded.first.model, [decides, ...labels.filter((label) => label !== decides)]);
  return { ...loaded, labels: [...labels], first: { kind: "ngram", model: first } };
}
