import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "#models/random";
import { applyLayers, compose, drawLayers, operationsOf, replay } from "./layers.ts";
import { TRANSFORMS, findTransforms } from "./table.ts";
import type { Transform } from "./transform.ts";

const [base64, rot13, morse] = ["base64", "rot13", "morse"].map((name) => findTransforms([name])[0]!) as [Transform, Transform, Transform];

test("the first layer is the innermost", () => {
  expect(compose([rot13, base64]).apply("Hello", new Random(1))).toBe(Buffer.from("Uryyb").toString("base64"));
});

test("a composition is lossless, invertible and bounded as its parts are", () => {
  expect(compose([rot13, base64])).toMatchObject({
    name: "rot13+base64",
    lossless: true,
    jailbreak: "unknown",
    maxExpansion: 4,
    maxAdded: 4,
  });
  expect(compose([base64, morse]).lossless).toBe(false);
  expect("invert" in compose([rot13, findTransforms(["swap"])[0]!])).toBe(false);
  expect(compose([findTransforms(["jailbreak-wrapper"])[0]!, base64]).jailbreak).toBe("adds");
  const some = fc.array(fc.constantFrom(...TRANSFORMS), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(some, fc.string({ unit: "binary", maxLength: 20 }), fc.nat(), (parts, text, seed) => {
      const composed = compose(parts as [Transform, ...Transform[]]);
      const result = composed.apply(text, new Random(seed));
      expect(result.length).toBeLessThanOrEqual(composed.maxExpansion * text.length + composed.maxAdded);
      if (composed.lossless) expect(composed.invert!(result)).toBe(text);
    }),
  );
});

test("a lineage is enough to make the text again", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TRANSFORMS), { maxLength: 3 }), fc.nat(), (transforms, seed) => {
      const layers = drawLayers(transforms, new Random(seed));
      const operations = operationsOf(layers);
      expect(operations.map((operation) => operation.name)).toEqual(transforms.map((transform) => `transform/${transform.name}`));
      expect(replay("The kettle sings.", JSON.parse(JSON.stringify(operations)))).toBe(applyLayers("The kettle sings.", layers));
    }),
  );
  expect(replay("text", [{ name: "grammar/act", version: 1, seed: 1 }])).toBeNull();
  expect(replay("text", [{ name: "transform/base64", version: 99, seed: 1 }])).toBeNull();
});
