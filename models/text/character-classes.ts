// The class of every code point, as onnxruntime's Tokenizer sees it (character-classes.json, made by
// scripts/make-character-classes.ts): part of what a trained model is, so it does not follow Node's Unicode version.
import table from "./character-classes.json" with { type: "json" };

export const SPACE = 0;
export const WORD = 1;
/** Anything else: a token by itself. */
export const SYMBOL = 2;

/** Class by code point. U+0000 counts as white space: onnxruntime's string tensors end at it. */
export const CHARACTER_CLASS = new Uint8Array(0x110000).fill(SYMBOL);
for (const [first, last] of table.word as [number, number][]) CHARACTER_CLASS.fill(WORD, first, last + 1);
for (const codePoint of [0, ...table.space]) CHARACTER_CLASS[codePoint] = SPACE;
