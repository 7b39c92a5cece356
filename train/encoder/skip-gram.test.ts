import { describe, expect, it } from "vitest";
import { WordCounter, type WordVocabulary, wordHash } from "#models/encoder/vocabulary";
import { Random } from "#models/random";
import { learnWordVectors } from "./skip-gram.ts";

/** Made-up sentences of two worlds: words of one never stand beside words of the other. */
function sentences(count: number): string[] {
  const random = new Random(1, "sentences");
  return Array.from({ length: count }, () => {
    const world = random.pick(["sea", "hill"]);
    return Array.from({ length: 8 }, () => `${world}${random.below(40)}`).join(" ");
  });
}

function vocabularyOf(texts: readonly string[]): WordVocabulary {
  const counter = new WordCounter();
  for (const text of texts) counter.add(text);
  return counter.vocabulary({ minCount: 1, maxWords: 1000, oovBuckets: 2 });
}

function cosine(rows: Float32Array, vocabulary: WordVocabulary, dimensions: number, a: string, b: string): number {
  const row = (word: string) => {
    const id = vocabulary.idOf(wordHash(word)!);
    return rows.subarray(id * dimensions, (id + 1) * dimensions);
  };
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, k) => sum + value * y[k]!, 0);
  const [x, y] = [row(a), row(b)];
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

describe("learnWordVectors", () => {
  const texts = sentences(2000);
  const vocabulary = vocabularyOf(texts);

  // 10 is no multiple of the four numbers that go together.
  it.each([8, 10])("brings words of one world together, %i numbers each", async (dimensions) => {
    const rows = await learnWordVectors(texts, vocabulary, { seed: 1, dimensions, epochs: 20 });
    expect(rows).toHaveLength(vocabulary.vocabSize * dimensions);
    const near = cosine(rows, vocabulary, dimensions, "sea1", "sea2");
    const far = cosine(rows, vocabulary, dimensions, "sea1", "hill1");
    expect(near).toBeGreaterThan(0.5);
    expect(near).toBeGreaterThan(far + 0.2);
  });

  it("gives the same numbers for the same seed, others for another", async () => {
    const learn = (seed: number) => learnWordVectors(texts.slice(0, 200), vocabulary, { seed, dimensions: 8, epochs: 2 });
    expect(await learn(3)).toEqual(await learn(3));
    expect(await learn(3)).not.toEqual(await learn(4));
  });

  it("leaves words at 0 that the texts do not have", async () => {
    const rows = await learnWordVectors(["sea1 sea2"], vocabulary, { seed: 1, dimensions: 4, epochs: 1 });
    const id = vocabulary.idOf(wordHash("hill1")!);
    expect([...rows.subarray(id * 4, id * 4 + 4)]).toEqual([0, 0, 0, 0]);
    expect([...rows.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
  });

  it("takes no text at all", async () => {
    expect(await learnWordVectors([], vocabulary, { seed: 1, dimensions: 4, epochs: 2 })).toEqual(
      new Float32Array(vocabulary.vocabSize * 4),
    );
  });

  it("lets its caller end it", async () => {
    const stop = () => {
      throw new Error("enough");
    };
    await expect(learnWordVectors(sentences(60_000), vocabulary, { seed: 1, dimensions: 32, epochs: 50, progress: stop })).rejects.toThrow(
      "enough",
    );
  });
});
