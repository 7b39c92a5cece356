// The tokenizer of a pretrained encoder: tokenizer.json by Hugging Face's own library, made fast. A text is cut into words whose tokens
// do not depend on each other (cut-rule.ts says when), and the library is asked once a word.
//
// Special tokens are for the model's own use: "[SEP]" or "<|endoftext|>" written in a text would otherwise become the very token that
// ends a text, and let its author choose what the model sees. They are taken out of what the library knows, so that such a
// string is tokenised as the ordinary characters it consists of.

import { Tokenizer } from "@huggingface/tokenizers";
import { z } from "zod";

import { CordonError } from "#models/errors";
import { cutRule, type CutRule, flat, type TokenizerJson, TokenizerJsonSchema } from "./cut-rule.ts";
import { TokenSink } from "./token-sink.ts";
import type { EncodedText, EncoderTokenizer } from "./tokenizer.ts";
import { WordCache } from "./word-cache.ts";

/** tokenizer_config.json's and special_tokens_map.json's names of the tokens that a text may not contain; [UNK] may stand in it. */
const SPECIAL_KEYS = ["cls_token", "sep_token", "pad_token", "mask_token", "bos_token", "eos_token"];

// Classes of a UTF-16 unit below 128. Other white space stays inside a word, for the library to judge.
const CUT = 1;
const PUNCTUATION = 2;
const CLASS = new Uint8Array(128);
for (const c of " \t\n\r") CLASS[c.charCodeAt(0)] = CUT;
for (let c = 0x21; c < 0x7f; c++) if (!/[0-9A-Za-z]/.test(String.fromCharCode(c))) CLASS[c] = PUNCTUATION;

export class SubwordTokenizer implements EncoderTokenizer {
  readonly kind = "tokenizer.json";
  readonly vocabSize: number;
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
  readonly padId: number;
  readonly #rule: CutRule;
  readonly #words: WordCache;
  readonly #sink = new TokenSink();

  /**
   * @param tokenizer the parsed tokenizer.json
   * @param settings the parsed tokenizer_config.json and special_tokens_map.json, as one object
   * @throws CordonError model/unsupported, model/damaged
   */
  constructor(tokenizer: unknown, settings: Readonly<Record<string, unknown>>, where: string) {
    const parsed = TokenizerJsonSchema.safeParse(tokenizer);
    if (!parsed.success) {
      const places = parsed.error.issues.map((issue) => issue.path.join(".")).join(", ");
      throw new CordonError("model/unsupported", `it is no tokenizer.json with a vocabulary of pieces by id: ${places}`, {
        where,
        hint: "those of WordPiece and BPE are read",
      });
    }
    const json = parsed.data;
    const special = specialTokens(json, settings);
    this.#rule = cutRule({ ...json, added_tokens: json.added_tokens.filter((token) => !special.has(token.content)) }, settings, where);
    this.vocabSize = 1 + [...Object.values(json.model.vocab), ...json.added_tokens.map((t) => t.id)].reduce((a, b) => Math.max(a, b), -1);
    ({ prefix: this.prefix, suffix: this.suffix } = specialEnds(json, where));
    const pad = contentOf(settings["pad_token"]) ?? "[PAD]";
    this.padId = idOf(json, pad) ?? json.padding?.pad_id ?? 0;
    const unknown = json.model.unk_token;
    if (unknown != null && idOf(json, unknown) === undefined) {
      throw new CordonError("model/damaged", "the token for unknown words is not in the vocabulary", { where });
    }
    const library = plainLibrary(json, special, settings, where);
    this.#words = new WordCache((word) => library.encode(word, { add_special_tokens: false }).ids);
  }

  encodeBytes(bytes: Uint8Array, start: number, end: number): EncodedText {
    return this.encode(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8"));
  }

  encode(text: string): EncodedText {
    const { keepsSpace, cutsPunctuation, cutsCjk } = this.#rule;
    const sink = this.#sink;
    sink.count = 0;
    let codePoint = 0;
    for (let i = 0; i < text.length;) {
      const space = i;
      let unit = text.charCodeAt(i);
      while (unit < 128 && CLASS[unit] === CUT) unit = text.charCodeAt(++i); // NaN at the end
      const word = i;
      let seen = 0;
      let pairs = 0;
      let punctuation = 0;
      for (; i < text.length; i++) {
        unit = text.charCodeAt(i);
        if (unit < 128) {
          if (CLASS[unit] === CUT) break;
          punctuation |= CLASS[unit]!;
        } else if ((unit & 0xfc00) === 0xdc00 && i > word && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) {
          pairs++;
        }
        seen |= unit;
      }
      const start = codePoint + word - space;
      const end = start + i - word - pairs;
      codePoint = end;
      if (keepsSpace) this.#add(text.slice(space, i), i === word ? start - (word - space) : start, end);
      else if (i === word) continue;
      else if (seen < 128 && cutsPunctuation && punctuation !== 0) this.#addAscii(text, word, i, start);
      else if (seen >= 128 && cutsCjk) this.#addAroundCjk(text, word, i, start);
      else this.#add(text.slice(word, i), start, end);
    }
    return sink.take();
  }

  #add(word: string, start: number, end: number): void {
    const tokens = this.#words.get(word);
    const sink = this.#sink;
    sink.reserve(tokens.length);
    const { ids, start: starts, end: ends } = sink;
    let { count } = sink;
    for (let i = 0; i < tokens.length; i++) {
      ids[count] = tokens[i]!;
      starts[count] = start;
      ends[count++] = end;
    }
    sink.count = count;
  }

  /** A word of ASCII alone, in which punctuation stands by itself. Elsewhere "Σ" is lower-cased by what follows a full stop. */
  #addAscii(text: string, from: number, to: number, start: number): void {
    for (let i = from; i < to;) {
      const first = i++;
      if (CLASS[text.charCodeAt(first)] !== PUNCTUATION) while (i < to && CLASS[text.charCodeAt(i)] !== PUNCTUATION) i++;
      this.#add(text.slice(first, i), start + first - from, start + i - from);
    }
  }

  #addAroundCjk(text: string, from: number, to: number, start: number): void {
    let codePoint = start;
    for (let i = from; i < to;) {
      const first = i;
      const begin = codePoint;
      const alone = isCjk(text.charCodeAt(i));
      do {
        i += text.codePointAt(i)! > 0xffff ? 2 : 1;
        codePoint++;
      } while (!alone && i < to && !isCjk(text.charCodeAt(i)));
      this.#add(text.slice(first, i), begin, codePoint);
    }
  }
}

/** The ideographs that BERT's normaliser sets apart, as far as the library sees them: those of one UTF-16 unit. */
function isCjk(unit: number): boolean {
  return (unit >= 0x4e00 && unit <= 0x9fff) || (unit >= 0x3400 && unit <= 0x4dbf) || (unit >= 0xf900 && unit <= 0xfaff);
}

function specialTokens(json: TokenizerJson, settings: Readonly<Record<string, unknown>>): Set<string> {
  const named = SPECIAL_KEYS.map((key) => contentOf(settings[key])).filter((content) => content !== undefined);
  return new Set([...json.added_tokens.filter((token) => token.special).map((token) => token.content), ...named]);
}

/** A special token is told by its text, or by an object that holds it. */
function contentOf(token: unknown): string | undefined {
  const content = typeof token === "object" && token !== null ? (token as { content?: unknown }).content : token;
  return typeof content === "string" ? content : undefined;
}

function idOf(json: TokenizerJson, content: string): number | undefined {
  return (
    json.added_tokens.find((token) => token.content === content)?.id ??
    (Object.hasOwn(json.model.vocab, content) ? json.model.vocab[content] : undefined)
  );
}

/** The library over all but the special tokens, and without what would put them around a text. */
function plainLibrary(
  json: TokenizerJson,
  special: ReadonlySet<string>,
  settings: Readonly<Record<string, unknown>>,
  where: string,
): Tokenizer {
  const vocab = Object.fromEntries(
    Object.entries(json.model.vocab).filter(([token]) => !special.has(token) || token === json.model.unk_token),
  );
  const added = json.added_tokens.filter((token) => !special.has(token.content));
  const plain = { decoder: null, ...json, post_processor: null, added_tokens: added, model: { ...json.model, vocab } };
  try {
    return new Tokenizer(plain, settings);
  } catch (cause) {
    throw new CordonError("model/unsupported", "the tokenizer.json is of a kind that @huggingface/tokenizers does not read", {
      where,
      cause,
    });
  }
}

const SpecialEnd = z.tuple([z.string(), z.int().nonnegative()]);
const PostProcessorSchema = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("TemplateProcessing"),
    single: z.array(z.looseObject({ SpecialToken: z.looseObject({ id: z.string() }).optional() })),
    special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(z.int().nonnegative()) })),
  }),
  z.looseObject({ type: z.enum(["BertProcessing", "RobertaProcessing"]), cls: SpecialEnd, sep: SpecialEnd }),
  z.looseObject({ type: z.literal("ByteLevel") }),
]);

/** The ids that stand before and behind a text. */
function specialEnds(json: TokenizerJson, where: string): { prefix: number[]; suffix: number[] } {
  const prefix: number[] = [];
  const suffix: number[] = [];
  for (const part of flat(json.post_processor, "processors")) {
    const parsed = PostProcessorSchema.safeParse(part);
    if (!parsed.success) {
      throw new CordonError("model/unsupported", `the tokeniser's post-processor (${part.type}) is not one that is read`, {
        where,
        hint: "TemplateProcessing and BertProcessing are",
      });
    }
    const processor = parsed.data;
    switch (processor.type) {
      case "TemplateProcessing": {
        let into = prefix;
        for (const { SpecialToken: special } of processor.single) {
          if (special === undefined) into = suffix;
          else into.push(...(processor.special_tokens[special.id]?.ids ?? []));
        }
        break;
      }
      case "BertProcessing":
      case "RobertaProcessing":
        prefix.push(processor.cls[1]);
        suffix.push(processor.sep[1]);
        break;
      case "ByteLevel":
        break;
    }
  }
  return { prefix, suffix };
}
