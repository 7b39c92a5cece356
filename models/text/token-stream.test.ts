import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHARACTER_CLASS, SPACE, WORD } from "./character-classes.ts";
import { BLOCK_TOKENS, TokenStream } from "./token-stream.ts";

const encoder = new TextEncoder();

interface Token {
  hash: number;
  text: string;
  /** Code points. */
  start: number;
  end: number;
}

/** MurmurHash3 x86 32 bit, seed 0, with integers as large as they get. */
function murmur3(bytes: Uint8Array): number {
  const mod = 1n << 32n;
  const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (32n - by))) % mod;
  const mix = (k: bigint) => (rotate((k * 0xcc9e2d51n) % mod, 15n) * 0x1b873593n) % mod;
  let h = 0n;
  for (let i = 0; i < bytes.length; i += 4) {
    const part = [...bytes.subarray(i, i + 4)];
    h ^= mix(part.reduce((k, byte, j) => k + (BigInt(byte) << BigInt(8 * j)), 0n));
    if (part.length === 4) h = (rotate(h, 13n) * 5n + 0xe6546b64n) % mod;
  }
  h ^= BigInt(bytes.length);
  h = ((h ^ (h >> 16n)) * 0x85ebca6bn) % mod;
  h = ((h ^ (h >> 13n)) * 0xc2b2ae35n) % mod;
  return Number(BigInt.asIntN(32, h ^ (h >> 16n)));
}

/** Tokens by the letter of the definition, a code point at a time. */
function slowTokens(text: string): Token[] {
  const characters = [...text.toWellFormed()];
  const classes = characters.map((c) => CHARACTER_CLASS[c.codePointAt(0)!]);
  const tokens: Token[] = [];
  for (let start = 0; start < characters.length;) {
    let end = start + 1;
    if (classes[start] === WORD) while (end < characters.length && classes[end] === WORD) end++;
    if (classes[start] !== SPACE) {
      const token = characters.slice(start, end).join("");
      tokens.push({
        hash: murmur3(encoder.encode(token.replace(/[A-Z]/g, (c) => c.toLowerCase()))),
        text: token,
        start,
        end,
      });
    }
    start = end;
  }
  return tokens;
}

/** What a stream says of `bytes[start, end)`, and of each block its span in code points. */
function read(stream: TokenStream, bytes: Uint8Array, start = 0, end = bytes.length) {
  const tokens: { hash: number; text: string }[] = [];
  const blocks: { count: number; start: number; end: number }[] = [];
  stream.open(bytes, start, end);
  while (stream.next() > 0) {
    blocks.push({ count: stream.count, start: stream.firstCodePoint, end: stream.lastCodePoint });
    for (let t = 0; t < stream.count; t++) {
      tokens.push({
        hash: stream.hashes[t]!,
        text: Buffer.from(bytes.slice(stream.byteStart[t]!, stream.byteEnd[t]!)).toString(),
      });
    }
  }
  return { tokens, blocks, codePoints: stream.codePoints };
}

const stream = new TokenStream();
const hashesOnly = new TokenStream(false);

/** The stream reads `text` as the definition has it, wherever it lies in memory and whatever stands around it. */
function check(text: string): void {
  const expected = slowTokens(text);
  const blocks = Array.from({ length: Math.ceil(expected.length / BLOCK_TOKENS) }, (_, b) => {
    const block = expected.slice(b * BLOCK_TOKENS, (b + 1) * BLOCK_TOKENS);
    return { count: block.length, start: block[0]!.start, end: block.at(-1)!.end };
  });
  const tokens = expected.map(({ hash, text: token }) => ({ hash, text: token }));
  const codePoints = [...text].length;
  const alone = encoder.encode(text);
  expect(read(stream, alone)).toEqual({ tokens, blocks, codePoints });
  const within = Buffer.concat([Buffer.from("abc"), alone, Buffer.from("xyz, and as much again as is read at once: 0123456789")]);
  const inside = read(stream, within, 3, 3 + alone.length);
  expect(inside).toEqual({ tokens, blocks, codePoints });
  const hashes = read(hashesOnly, within, 3, 3 + alone.length);
  expect({ ...hashes, tokens: hashes.tokens.map((t) => t.hash) }).toEqual({
    blocks,
    codePoints,
    tokens: tokens.map((t) => t.hash),
  });
}

// Pieces that make long runs of ASCII, with everything that ends them.
const piece = fc.oneof(
  { weight: 8, arbitrary: fc.stringMatching(/^[A-Za-z0-9]{1,12}$/) },
  {
    weight: 6,
    arbitrary: fc.constantFrom(" ", " ", "  ", "\n", ", ", ".", "\t", "\r\n", "\u0000", "\u000b", "\u007f", "@[`{", "_-"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "é",
      "Straße",
      "日本語",
      "\u0301",
      "’",
      "\u00a0",
      "\u2028",
      "🙂",
      "👩‍👩‍👧",
      "\ud800",
      "\udc00",
      "שלום",
      "\ufeff",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 100 }).map((n) => "wordy".repeat(20).slice(0, n)),
  },
);
const prose = fc.array(piece, { maxLength: 120 }).map((pieces) => pieces.join(""));
const anyUnits = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 }).map((units) => String.fromCharCode(...units));
const anyPoints = fc.array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 60 }).map((points) => String.fromCodePoint(...points));

describe("TokenStream", () => {
  it("hashes as MurmurHash3 does", () => {
    // https://en.wikipedia.org/wiki/MurmurHash#Test_vectors hold the reference here; those of one token the stream, too.
    const hash = (text: string) => murmur3(encoder.encode(text)) >>> 0;
    expect(hash("")).toBe(0);
    expect(hash("test")).toBe(0xba6bd213);
    expect(hash("Hello, world!")).toBe(0xc0363e43);
    expect(hash("The quick brown fox jumps over the lazy dog")).toBe(0x2e4ff723);
    const single = (text: string) => read(stream, encoder.encode(text)).tokens.map((t) => t.hash >>> 0);
    expect(single("test")).toEqual([0xba6bd213]);
    expect(single("TEST ".repeat(9))).toEqual(new Array(9).fill(0xba6bd213));
    expect(single("foo")).toEqual([-156908512 >>> 0]); // scikit-learn, utils/tests/test_murmurhash.py
  });

  it("reads any text as the definition has it", () => {
    fc.assert(fc.property(prose, check), { numRuns: 300 });
    fc.assert(fc.property(anyUnits, check), { numRuns: 150 });
    fc.assert(fc.property(anyPoints, check), { numRuns: 150 });
  });

  it("reads words of every length at every place", () => {
    for (let length = 1; length <= 70; length++)
      check(`${"x, ".repeat(length % 11)}${"Abcdefghij".repeat(7).slice(0, length)} and then it goes on`);
    for (let before = 0; before <= 40; before++) check(`${" ".repeat(before)}Word${"s".repeat(before % 9)}: ${"o ".repeat(40)}`);
  });

  it("knows every ASCII character, alone and within a word", () => {
    for (let code = 0; code < 128; code++) {
      const c = String.fromCharCode(code);
      check(`${c}one${c}two ${c} three${c}${c}four five six seven eight nine${c} and the rest of it that fills what is read at once`);
    }
  });

  it("fills blocks, and no token is in two", () => {
    for (const count of [1, 127, 128, 129, 255, 256, 257, 384]) {
      for (const token of ["a", "word", ",", "é", "🙂"]) {
        const spaced = `${token} `.repeat(count);
        const { blocks } = read(stream, encoder.encode(spaced));
        expect(blocks.map((b) => b.count)).toEqual([
          ...new Array<number>(Math.floor((count - 1) / 128)).fill(128),
          ((count - 1) % 128) + 1,
        ]);
        check(spaced);
        check(` \n${spaced.trimEnd()}`);
      }
    }
  });

  it("gives spans that cut the right code points", () => {
    fc.assert(
      fc.property(fc.array(prose, { minLength: 3, maxLength: 6 }), (parts) => {
        const text = parts.join(" ").toWellFormed();
        const characters = [...text];
        const { tokens, blocks } = read(stream, encoder.encode(text));
        let at = 0;
        for (const block of blocks) {
          const cut = characters.slice(block.start, block.end).join("");
          expect(cut.startsWith(tokens[at]!.text)).toBe(true);
          at += block.count;
          expect(cut.endsWith(tokens[at - 1]!.text)).toBe(true);
        }
        expect(at).toBe(tokens.length);
      }),
      { numRuns: 100 },
    );
  });

  it("has nothing to say of texts without tokens", () => {
    for (const text of ["", " ", "\u0000", "\n\t \r\f".repeat(50)])
      expect(read(stream, encoder.encode(text))).toEqual({
        tokens: [],
        blocks: [],
        codePoints: text.length,
      });
  });

  it("reads memory of any kind, one after the other", () => {
    const text = "Shared, copied or sliced: all the same to it, and so it should be.";
    const bytes = encoder.encode(text);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 5), 5);
    shared.set(bytes);
    const expected = slowTokens(text).map((t) => t.hash);
    for (const memory of [bytes, Buffer.from(text), shared, new Uint8Array([1, 2, 3, ...bytes]).subarray(3), bytes]) {
      expect(read(stream, memory).tokens.map((t) => t.hash)).toEqual(expected);
    }
  });
});
