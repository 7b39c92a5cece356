// What is read of tokenizer.json (https://github.com/huggingface/tokenizers), and whether a text may be tokenised piece by piece:
// do the tokens of a piece depend on what stands beside it?
//
// Texts are cut where white space begins (space, tab, line ends) after something else. That changes no token if
// - the normaliser looks at no character across such a cut: those below do not (Σ's lower case looks at its word alone), while
//   Strip, Prepend and Replace may;
// - the pre-tokeniser either drops white space first of all, or is ByteLevel, of which no match goes on from something else into
//   white space, and which cuts a run of it by what follows alone;
// - an added token has white space at its beginning at most, and none eats the white space behind it.

import { z } from "zod";

import { CordonError } from "#models/errors";

const TypedSchema = z.looseObject({ type: z.string() });

export interface Part {
  type: string;
  [key: string]: unknown;
}

const AddedTokenSchema = z.looseObject({
  id: z.int().nonnegative(),
  content: z.string().min(1),
  special: z.boolean().default(false),
  rstrip: z.boolean().default(false),
});

export const TokenizerJsonSchema = z.looseObject({
  added_tokens: z.array(AddedTokenSchema).default([]),
  normalizer: TypedSchema.nullable().default(null),
  pre_tokenizer: TypedSchema.nullable().default(null),
  post_processor: TypedSchema.nullable().default(null),
  model: z.looseObject({
    type: z.string().optional(),
    vocab: z.record(z.string(), z.int().nonnegative()),
    unk_token: z.string().nullish(),
  }),
  padding: z.looseObject({ pad_id: z.int().nonnegative() }).nullish(),
});
export type TokenizerJson = z.infer<typeof TokenizerJsonSchema>;

/** How a text is cut into pieces whose tokens do not depend on each other. */
export interface CutRule {
  /** The white space before a piece has tokens of its own. */
  keepsSpace: boolean;
  /** ASCII punctuation stands alone, as do CJK characters. */
  cutsPunctuation: boolean;
  cutsCjk: boolean;
}

const LOCAL_NORMALIZERS = new Set(["BertNormalizer", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Precompiled"]);
/** Those that remove nothing and make no white space of anything else, so that runs of it stay as they are. */
const SPACE_KEEPING_NORMALIZERS = new Set(["NFC", "NFD", "Lowercase"]);
const SPACE_DROPPING = new Set(["BertPreTokenizer", "Whitespace", "WhitespaceSplit"]);
/** What may follow one that dropped white space: each works on a piece by itself. */
const PIECEWISE = new Set([...SPACE_DROPPING, "Punctuation", "Digits", "Split", "ByteLevel", "Metaspace"]);

/** @throws CordonError model/unsupported where pieces would depend on each other */
export function cutRule(
  json: TokenizerJson,
  settings: { remove_space?: unknown; do_lowercase_and_remove_accent?: unknown },
  where: string,
): CutRule {
  const refuse = (what: string) =>
    new CordonError("model/unsupported", `the tokeniser's ${what} is not one whose words are independent of each other`, {
      where,
      hint: "BERT's and ModernBERT's are read",
    });
  const { model } = json;
  const type = model.type ?? ("merges" in model ? "BPE" : "WordPiece");
  if (type !== "WordPiece" && type !== "BPE") throw refuse(`model (${type})`);
  if (model["fuse_unk"] === true) throw refuse("model (fuse_unk)");
  if (settings.remove_space === true || settings.do_lowercase_and_remove_accent === true) throw refuse("configuration");

  const normalizers = flat(json.normalizer, "normalizers").map((part) => part.type);
  const preTokenizers = flat(json.pre_tokenizer, "pretokenizers");
  const plain = json.added_tokens.filter((token) => !token.special);
  const spreading = plain.find((token) => token.rstrip || !/^\s*\S*$/u.test(token.content));
  if (spreading !== undefined) throw refuse(`added token ${spreading.id}`);

  const first = preTokenizers[0];
  const alone = plain.length === 0;
  if (first !== undefined && SPACE_DROPPING.has(first.type)) {
    const odd = preTokenizers.find(
      (part) => !PIECEWISE.has(part.type) || (part.type === "Metaspace" && part["prepend_scheme"] === "first"),
    );
    if (odd !== undefined) throw refuse(`pre-tokeniser (${odd.type})`);
    const strange = normalizers.find((name) => !LOCAL_NORMALIZERS.has(name));
    if (strange !== undefined) throw refuse(`normaliser (${strange})`);
    const bert =
      alone && preTokenizers.length === 1 && first.type === "BertPreTokenizer" && normalizers.every((name) => name === "BertNormalizer");
    return { keepsSpace: !alone, cutsPunctuation: bert, cutsCjk: bert && json.normalizer?.["handle_chinese_chars"] === true };
  }
  const byteLevel =
    preTokenizers.length === 1 && first?.type === "ByteLevel" && first["add_prefix_space"] !== true && first["use_regex"] !== false;
  if (!byteLevel) throw refuse(`pre-tokeniser (${preTokenizers.map((part) => part.type).join(", ") || "none"})`);
  const strange = normalizers.find((name) => !SPACE_KEEPING_NORMALIZERS.has(name));
  if (strange !== undefined) throw refuse(`normaliser (${strange})`);
  return { keepsSpace: true, cutsPunctuation: false, cutsCjk: false };
}

/** A part, or those of a Sequence, in order. */
export function flat(part: Part | null, key: string): Part[] {
  if (part === null) return [];
  if (part.type !== "Sequence") return [part];
  const inner = part[key];
  return Array.isArray(inner) ? inner.flatMap((one: Part) => flat(one, key)) : [];
}
