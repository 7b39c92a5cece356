// Tiny tokenizer.json files of the two kinds that pretrained encoders bring, for tests and the benchmark: BERT's (WordPiece, lower case, no accents) and
// ModernBERT's (byte-level BPE, runs of spaces as added tokens). Their vocabularies are made here of a few words.

const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/** @param words whole words beside single letters and their continuations */
export function wordPieceJson(words: readonly string[] = WORDS): Record<string, unknown> {
  const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789άαβςσω中文字"];
  const symbols = [..."!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¿–"];
  const tokens = [...SPECIAL, ...letters, ...letters.map((letter) => `##${letter}`), ...symbols, ...words];
  const vocab = Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]));
  return {
    version: "1.0",
    added_tokens: SPECIAL.map((content, id) => ({
      id,
      content,
      special: true,
      normalized: false,
      single_word: false,
      lstrip: false,
      rstrip: false,
    })),
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: template(vocab["[CLS]"]!, vocab["[SEP]"]!),
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab },
  };
}

/** @param words merged from their bytes, left to right, with and without a space before them */
export function byteLevelJson(words: readonly string[] = WORDS): Record<string, unknown> {
  const vocab = Object.fromEntries(byteAlphabet().map((character, id) => [character, id]));
  let next = 256;
  const merges: [string, string][] = [];
  for (const word of words.flatMap((one) => [one, `Ġ${one}`])) {
    const characters = [...word];
    for (let i = 1; i < characters.length; i++) {
      const left = characters.slice(0, i).join("");
      const merged = left + characters[i]!;
      if (vocab[merged] !== undefined) continue;
      merges.push([left, characters[i]!]);
      vocab[merged] = next++;
    }
  }
  const added = (content: string, special: boolean) => ({
    id: next++,
    content,
    special,
    normalized: !special,
    single_word: false,
    lstrip: content === "[MASK]",
    rstrip: false,
  });
  const runs = [24, 8, 4, 3, 2].map((n) => added(" ".repeat(n), false));
  const specials = [...SPECIAL, "<|endoftext|>"].map((content) => added(content, true));
  const idOf = (content: string) => specials.find((token) => token.content === content)!.id;
  return {
    version: "1.0",
    added_tokens: [...runs, added("|||EMAIL_ADDRESS|||", false), ...specials],
    normalizer: { type: "NFC" },
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: template(idOf("[CLS]"), idOf("[SEP]")),
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", unk_token: null, fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab, merges },
  };
}

export const WORDS: readonly string[] = [
  "the",
  "and",
  "process",
  "kill",
  "frozen",
  "##ing",
  "ing",
  "how",
  "do",
  "i",
  "stop",
  "a",
  "friend",
  "##ly",
  "can",
  "t",
  "don",
];

function template(cls: number, sep: number): Record<string, unknown> {
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  return {
    type: "TemplateProcessing",
    single: [special("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, special("[SEP]")],
    pair: [
      special("[CLS]"),
      { Sequence: { id: "A", type_id: 0 } },
      special("[SEP]"),
      { Sequence: { id: "B", type_id: 1 } },
      special("[SEP]"),
    ],
    special_tokens: {
      "[CLS]": { id: "[CLS]", ids: [cls], tokens: ["[CLS]"] },
      "[SEP]": { id: "[SEP]", ids: [sep], tokens: ["[SEP]"] },
    },
  };
}

/** GPT-2's printable stand-ins for the 256 bytes. */
function byteAlphabet(): string[] {
  const printable = (b: number) => (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff);
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : next++));
}
