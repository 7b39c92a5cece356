// Texts of real lengths for `cordon bench encoder`: long documents, and the short prompts and posts that a guardrail reads.
import { Random } from "#models/random";
import { defaultCorpus, documentsOf, readBenchExamples, readDocuments } from "./filter-corpus.ts";

/** `count` prompts and posts, and a tenth as many documents, drawn evenly. @param input shards and @param examples files in place of the usual ones */
export async function benchTexts(count: number, input?: readonly string[], examples?: string[]): Promise<Map<string, string[]>> {
  const labelled = await readBenchExamples(examples);
  const patterns = input ?? defaultCorpus();
  const documents = patterns === null ? documentsOf(labelled) : await readDocuments(patterns, Infinity);
  const draw = (rows: readonly { text: string }[], most: number) =>
    new Random(1, "bench texts")
      .shuffle([...rows])
      .slice(0, most)
      .map(({ text }) => text);
  return new Map([
    ["documents", draw(documents, Math.ceil(count / 10))],
    ["prompts and posts", draw(labelled, count)],
  ]);
}
