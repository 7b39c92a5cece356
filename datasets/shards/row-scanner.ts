// Finds the fields of a JSONL row without parsing it: one pass over the UTF-8 bytes checks the whole JSON grammar
// (RFC 8259; accepts exactly the objects that JSON.parse accepts), decodes the top-level text and notes where id and
// source lie. The row itself is never built nor written again, only copied.
//
// Strings are read four bytes at a time: the high bits of (w - 0x01010101·c) & ~w show whether a byte is below c
// ("Bit Twiddling Hacks", haszero and hasless, https://graphics.stanford.edu/~seander/bithacks.html). Here for a byte
// below 0x20 and, of w with `"` and `\\` exclusive-ored away, for one below 1; neither changes the high bits of ~w.

import { ESCAPE, hex4, literalEnd, numberEnd, writeUtf8 } from "./json-tokens.ts";

/** Why a row is not a document. */
export const ROW_FAULTS = ["not-json", "not-an-object", "no-text", "text-not-a-string"] as const;
export type RowFault = (typeof ROW_FAULTS)[number];

/** A top-level value: where its bytes lie in the row, and whether it is a string. start is -1 where there is none. */
export interface FieldSpan {
  start: number;
  end: number;
  kind: "string" | "number" | "other";
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OBJECT = 1;
const ARRAY = 0;
/** What a key of the top level is to us. */
const OTHER = 0;
const TEXT = 1;
const ID = 2;
const SOURCE = 3;

/** JSON white space. */
const SPACE = new Uint8Array(256);
for (const byte of [0x20, 0x09, 0x0a, 0x0d]) SPACE[byte] = 1;
/** Bytes that end a plain stretch of a string: control characters, quote, backslash. */
const STOP = new Uint8Array(256).fill(1, 0, 0x20);
STOP[QUOTE] = STOP[BACKSLASH] = 1;

export class RowScanner {
  /** The decoded text after a successful `scan`: textBytes[textStart, textEnd), UTF-8; a view on the row or on scratch memory. */
  textBytes: Uint8Array = new Uint8Array(0);
  textStart = 0;
  textEnd = 0;
  readonly id: FieldSpan = { start: -1, end: -1, kind: "other" };
  readonly source: FieldSpan = { start: -1, end: -1, kind: "other" };
  readonly #names: { key: Uint8Array; field: number }[];
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #viewed: ArrayBufferLike | null = null;
  #position = 0;
  #end = 0;
  #scratch = new Uint8Array(1 << 16);
  #scratchView = new DataView(this.#scratch.buffer);
  #hasText = false;
  #textIsString = false;
  /** Containers that are open, innermost last. */
  #stack = new Uint8Array(64);

  /** Names of the top-level fields; `source` is always `source`. */
  constructor(fields: { text: string; id: string }) {
    const encoder = new TextEncoder();
    this.#names = [
      { key: encoder.encode(fields.text), field: TEXT },
      { key: encoder.encode(fields.id), field: ID },
      { key: encoder.encode("source"), field: SOURCE },
    ];
  }

  /**
   * Scans the row bytes[start, end), valid UTF-8. Returns null or why the row is not a document. Where a field is
   * repeated the last one counts, as in JSON.parse; lone surrogates become U+FFFD, as in every UTF-8 encoder.
   */
  scan(bytes: Uint8Array, start: number, end: number): RowFault | null {
    this.#open(bytes, start, end);
    this.#skipSpace();
    if (this.#position === end) return "not-json";
    if (bytes[this.#position] !== 0x7b) return this.#value(OTHER) && this.#atEnd() ? "not-an-object" : "not-json";
    if (!this.#value(OTHER) || !this.#atEnd()) return "not-json";
    if (!this.#hasText) return "no-text";
    return this.#textIsString ? null : "text-not-a-string";
  }

  #open(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    if (this.#viewed !== bytes.buffer || this.#view.byteOffset !== bytes.byteOffset || this.#view.byteLength !== bytes.length) {
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#viewed = bytes.buffer;
    }
    this.#position = start;
    this.#end = end;
    this.id.start = this.source.start = -1;
    this.#hasText = this.#textIsString = false;
    // Decoded text is never longer than its escaped form; four bytes are written at a time.
    if (this.#scratch.length < end - start + 8) {
      this.#scratch = new Uint8Array(Math.max(end - start + 8, this.#scratch.length * 2));
      this.#scratchView = new DataView(this.#scratch.buffer);
    }
  }

  #atEnd(): boolean {
    this.#skipSpace();
    return this.#position === this.#end;
  }

  #skipSpace(): void {
    const bytes = this.#bytes;
    let i = this.#position;
    while (i < this.#end && SPACE[bytes[i]!] === 1) i++;
    this.#position = i;
  }

  /** Reads one value with all that is inside it, without recursion: JSON.parse knows no depth limit. */
  #value(outermost: number): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    let depth = 0;
    let field = outermost;
    for (;;) {
      this.#skipSpace();
      if (this.#position >= end) return false;
      const start = this.#position;
      const byte = bytes[start]!;
      let opened = false;
      let kind: FieldSpan["kind"] = "other";
      if (byte === QUOTE) {
        if (!(field === TEXT ? this.#text() : this.#string())) return false;
        kind = "string";
      } else if (byte === 0x7b || byte === 0x5b) {
        if (field !== OTHER) this.#note(field, start, start, "other");
        this.#position = start + 1;
        this.#skipSpace();
        const close = byte === 0x7b ? 0x7d : 0x5d;
        if (this.#position < end && bytes[this.#position] === close) this.#position++;
        else {
          if (depth === this.#stack.length) this.#growStack();
          this.#stack[depth++] = byte === 0x7b ? OBJECT : ARRAY;
          opened = true;
        }
      } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
        this.#position = numberEnd(bytes, start, end);
        if (this.#position < 0) return false;
        kind = "number";
      } else {
        this.#position = literalEnd(bytes, start, end);
        if (this.#position < 0) return false;
      }
      if (!opened && field !== OTHER) this.#note(field, start, this.#position, kind);
      field = OTHER;

      // What may follow: the next member, or the ends of the containers that are open.
      for (;;) {
        if (!opened) {
          if (depth === 0) return true;
          this.#skipSpace();
          if (this.#position >= end) return false;
          const next = bytes[this.#position++]!;
          if (next === (this.#stack[depth - 1] === OBJECT ? 0x7d : 0x5d)) {
            depth--;
            continue;
          }
          if (next !== 0x2c) return false;
        }
        opened = false;
        if (this.#stack[depth - 1] === ARRAY) break;
        this.#skipSpace();
        if (this.#position >= end || bytes[this.#position] !== QUOTE) return false;
        const keyStart = this.#position;
        if (!this.#string()) return false;
        if (depth === 1) field = this.#fieldOf(keyStart, this.#position);
        this.#skipSpace();
        if (this.#position >= end || bytes[this.#position++] !== 0x3a) return false;
        break;
      }
    }
  }

  #note(field: number, start: number, end: number, kind: FieldSpan["kind"]): void {
    if (field === TEXT) {
      this.#hasText = true;
      this.#textIsString = kind === "string";
      return;
    }
    const span = field === ID ? this.id : this.source;
    span.start = start;
    span.end = end;
    span.kind = kind;
  }

  /** Which field the key of the string token [start, end) names. */
  #fieldOf(start: number, end: number): number {
    const bytes = this.#bytes;
    for (const { key, field } of this.#names) {
      if (key.length !== end - start - 2) continue;
      let i = 0;
      while (i < key.length && key[i] === bytes[start + 1 + i]) i++;
      // A key with an escape in it cannot match byte by byte, as `\` would have to be in the name: see below.
      if (i === key.length && !key.includes(BACKSLASH)) return field;
    }
    for (let i = start; i < end; i++) if (bytes[i] === BACKSLASH) return this.#escapedFieldOf(start, end);
    return OTHER;
  }

  /** The rare key that is written with escapes. */
  #escapedFieldOf(start: number, end: number): number {
    const name = Buffer.from(JSON.parse(Buffer.from(this.#bytes.subarray(start, end)).toString()) as string);
    return this.#names.find(({ key }) => name.equals(key))?.field ?? OTHER;
  }

  /** Skips the string that starts at the position, checking it. */
  #string(): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    let i = this.#position + 1;
    for (;;) {
      i = this.#plainEnd(i);
      if (i >= end) return false;
      const byte = bytes[i]!;
      if (byte === QUOTE) {
        this.#position = i + 1;
        return true;
      }
      if (byte !== BACKSLASH || i + 1 >= end) return false;
      const letter = bytes[i + 1]!;
      if (letter === 0x75) {
        if (hex4(bytes, i + 2, end) < 0) return false;
        i += 6;
      } else if (ESCAPE[letter] !== 0) i += 2;
      else return false;
    }
  }

  /** Position of the first byte from `i` on that is not plain string content, or the end. */
  #plainEnd(i: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    const end = this.#end;
    for (const stop = end - 4; i <= stop; i += 4) {
      const w = view.getInt32(i, true);
      const q = w ^ 0x22222222;
      const b = w ^ 0x5c5c5c5c;
      if ((((q - 0x01010101) | (b - 0x01010101) | (w - 0x20202020)) & ~w & 0x80808080) !== 0) break;
    }
    while (i < end && STOP[bytes[i]!] === 0) i++;
    return i;
  }

  /** Reads the text: where it lies if it holds no escape, else decoded into scratch memory. */
  #text(): boolean {
    const start = this.#position + 1;
    const first = this.#plainEnd(start);
    if (first >= this.#end) return false;
    if (this.#bytes[first] === QUOTE) {
      this.textBytes = this.#bytes;
      this.textStart = start;
      this.textEnd = first;
      this.#position = first + 1;
      return true;
    }
    const scratch = this.#scratch;
    scratch.set(this.#bytes.subarray(start, first));
    return this.#decode(first, first - start);
  }

  /** Decodes from position `i` of the row, an escape, to the closing quote; `out` bytes of the text are in scratch. */
  #decode(i: number, out: number): boolean {
    const bytes = this.#bytes;
    const view = this.#view;
    const scratch = this.#scratch;
    const scratchView = this.#scratchView;
    const end = this.#end;
    const stop = end - 4;
    for (;;) {
      for (; i <= stop; i += 4, out += 4) {
        const w = view.getInt32(i, true);
        const q = w ^ 0x22222222;
        const b = w ^ 0x5c5c5c5c;
        if ((((q - 0x01010101) | (b - 0x01010101) | (w - 0x20202020)) & ~w & 0x80808080) !== 0) break;
        scratchView.setInt32(out, w, true);
      }
      while (i < end && STOP[bytes[i]!] === 0) scratch[out++] = bytes[i++]!;
      if (i >= end) return false;
      const byte = bytes[i]!;
      if (byte === QUOTE) break;
      if (byte !== BACKSLASH || i + 1 >= end) return false;
      const letter = bytes[i + 1]!;
      const simple = ESCAPE[letter]!;
      if (simple !== 0) {
        scratch[out++] = simple;
        i += 2;
        continue;
      }
      if (letter !== 0x75) return false;
      let code = hex4(bytes, i + 2, end);
      if (code < 0) return false;
      i += 6;
      if (code >= 0xd800 && code < 0xe000) {
        const low = code < 0xdc00 && i + 1 < end && bytes[i] === BACKSLASH && bytes[i + 1] === 0x75 ? hex4(bytes, i + 2, end) : -1;
        if (low >= 0xdc00 && low < 0xe000) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          i += 6;
        } else code = 0xfffd;
      }
      out = writeUtf8(scratch, out, code);
    }
    this.textBytes = scratch;
    this.textStart = 0;
    this.textEnd = out;
    this.#position = i + 1;
    return true;
  }

  #growStack(): void {
    const larger = new Uint8Array(this.#stack.length * 2);
    larger.set(this.#stack);
    this.#stack = larger;
  }
}
