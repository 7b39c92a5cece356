// Opens the tokenizer that lies in a folder: a pretrained model's, or a vocabulary of words.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { CordonError } from "#models/errors";
import { SubwordTokenizer } from "./subword-tokenizer.ts";
import { type EncoderTokenizer, SPECIAL_TOKENS_FILE, TOKENIZER_CONFIG_FILE, TOKENIZER_FILE, VOCABULARY_FILE } from "./tokenizer.ts";
import { WordVocabulary } from "./vocabulary.ts";

/** What a tokenizer is made of, as it lies in a folder: names of files and their texts. */
export type TokenizerFiles = ReadonlyMap<string, string>;

/** The tokenizer of a folder's files, read at once (a worker opens it before its first text). */
export function openTokenizer(dir: string): EncoderTokenizer {
  return createTokenizer(readTokenizerFiles(dir), dir);
}

export function readTokenizerFiles(dir: string): TokenizerFiles {
  const files = new Map<string, string>();
  for (const name of [TOKENIZER_FILE, TOKENIZER_CONFIG_FILE, SPECIAL_TOKENS_FILE, VOCABULARY_FILE]) {
    try {
      files.set(name, readFileSync(join(dir, name), "utf8"));
    } catch (cause) {
      if ((cause as { code?: string }).code !== "ENOENT") {
        throw new CordonError("data/unreadable", "the file cannot be read", { where: join(dir, name), cause });
      }
    }
  }
  return files;
}

/** @throws CordonError usage/missing-file (neither kind is there), model/damaged, model/unsupported */
export function createTokenizer(files: TokenizerFiles, where: string): EncoderTokenizer {
  const vocabulary = files.get(VOCABULARY_FILE);
  if (vocabulary !== undefined)
    return WordVocabulary.parse(parseJson(vocabulary, join(where, VOCABULARY_FILE)), join(where, VOCABULARY_FILE));
  const tokenizer = files.get(TOKENIZER_FILE);
  if (tokenizer === undefined) {
    throw new CordonError("usage/missing-file", `there is neither ${TOKENIZER_FILE} nor ${VOCABULARY_FILE}`, {
      where,
      hint: "a tokeniser of another form: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(OUT) writes tokenizer.json",
    });
  }
  const settings = [SPECIAL_TOKENS_FILE, TOKENIZER_CONFIG_FILE].map((name) => {
    const text = files.get(name);
    return text === undefined ? {} : parseJson(text, join(where, name));
  });
  return new SubwordTokenizer(
    parseJson(tokenizer, join(where, TOKENIZER_FILE)),
    Object.assign({}, ...settings),
    join(where, TOKENIZER_FILE),
  );
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CordonError("model/damaged", "the file is no JSON", { where, hint: "fetch or copy it again", cause });
  }
}
