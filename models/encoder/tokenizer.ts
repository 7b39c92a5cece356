// How an encoder's text becomes numbers. Two kinds: the tokenizer.json of a pretrained model (subword-tokenizer.ts), and a
// vocabulary of hashed words for models from scratch (vocabulary.ts). Training and serving read text through the same one.

/** The tokens of a text without special ones, one entry a token. */
export interface EncodedText {
  ids: Int32Array;
  /** Code-point offsets in the text of the word that the token is of. */
  start: Int32Array;
  end: Int32Array;
}

export interface EncoderTokenizer {
  readonly kind: "tokenizer.json" | "words";
  /** Ids are below it. */
  readonly vocabSize: number;
  /** Ids of special tokens before and behind each window, such as [CLS] and [SEP]; none for words. */
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
  readonly padId: number;
  encode(text: string): EncodedText;
  /** The text `bytes[start, end)`, valid UTF-8; offsets count from its beginning. */
  encodeBytes(bytes: Uint8Array, start: number, end: number): EncodedText;
}

export const TOKENIZER_FILE = "tokenizer.json";
export const TOKENIZER_CONFIG_FILE = "tokenizer_config.json";
export const SPECIAL_TOKENS_FILE = "special_tokens_map.json";
export const VOCABULARY_FILE = "vocabulary.json";
