// Pretrained word vectors as initial embeddings of a vocabulary of words, read as a stream:
// - GloVe's text (https://nlp.stanford.edu/projects/glove/): a line a word, `word x1 … xe`;
// - word2vec's and fastText's (.vec), the same behind a line `words dimensions`.
// All may be compressed (.gz, .zst). Words are taken in their ASCII lower case; where two become one the first wins, which in these
// files is the more frequent. What is no single token of Cordon's, such as "new-york", is passed over.

import { readLines } from "#datasets/files/lines";
import { type WordVocabulary, wordHash } from "#models/encoder/vocabulary";
import { CordonError } from "#models/errors";

export interface WordVectors {
  dimensions: number;
  /** (vocabulary.vocabSize, dimensions), row-major, a row an id; rows that are not known are 0. */
  rows: Float32Array;
  /** (vocabulary.vocabSize): 1 where the row was found. */
  known: Uint8Array;
  /** Words of the vocabulary that were found. */
  found: number;
}

interface WordVector {
  word: string;
  /** The numbers of the vector, and where they stand. */
  values: readonly number[];
  where: string;
}

/**
 * @throws CordonError usage/missing-file, data/unreadable, data/malformed-row (a vector of another length, or what is no number: file:line)
 */
export async function readWordVectors(path: string, vocabulary: WordVocabulary): Promise<WordVectors> {
  const words = vocabulary.hashes.length;
  const known = new Uint8Array(vocabulary.vocabSize);
  let rows: Float32Array | undefined;
  let dimensions = 0;
  let found = 0;
  const wanted = (word: string): boolean => {
    const hash = wordHash(word);
    const id = hash === undefined ? Infinity : vocabulary.idOf(hash);
    return id <= words && known[id] === 0;
  };
  for await (const { word, values, where } of textVectors(path, wanted)) {
    if (rows === undefined) {
      dimensions = values.length;
      rows = new Float32Array(vocabulary.vocabSize * dimensions);
    }
    if (values.length !== dimensions) {
      throw new CordonError("data/malformed-row", `a vector of ${values.length} numbers where those before have ${dimensions}`, { where });
    }
    const id = vocabulary.idOf(wordHash(word)!);
    let at = id * dimensions;
    for (const value of values) {
      if (!Number.isFinite(value)) throw new CordonError("data/malformed-row", "a vector holds what is no number", { where });
      rows[at++] = value;
    }
    known[id] = 1;
    found++;
  }
  if (rows === undefined) {
    throw new CordonError("data/malformed-row", "no word of the vocabulary has a vector there", {
      where: path,
      hint: "GloVe's text and word2vec's and fastText's .vec are read",
    });
  }
  return { dimensions, rows, known, found };
}

async function* textVectors(path: string, wanted: (word: string) => boolean): AsyncGenerator<WordVector> {
  let dimensions: number | undefined;
  for await (const { line, text } of readLines(path)) {
    const header = line === 1 ? /^\d+ (\d+)\s*$/.exec(text) : null;
    if (header !== null) {
      dimensions = Number(header[1]);
      continue;
    }
    dimensions ??= text.trimEnd().split(" ").length - 1;
    const word = text.slice(0, Math.max(0, text.indexOf(" ")));
    if (!wanted(word)) continue;
    const values = text.trimEnd().split(" ").slice(1).map(toNumber);
    if (values.length > dimensions) continue; // GloVe has words with spaces in them, such as ". . ."
    if (values.length < dimensions) {
      throw new CordonError("data/malformed-row", `a vector of ${values.length} numbers where ${dimensions} are expected`, {
        where: `${path}:${line}`,
      });
    }
    yield { word, values, where: `${path}:${line}` };
  }
}

/** An empty field is no zero. */
function toNumber(field: string): number {
  return field === "" ? NaN : Number(field);
}
