// Notations of the text's UTF-8 bytes or UTF-16 units: RFC 4648 (base64, base32, hexadecimal), Adobe's ascii85, RFC 2045
// (quoted-printable), RFC 3986 (URL), binary digits, Unicode escapes. All lossless.
import type { Transform } from "./transform.ts";

const ENCODING = { family: "encoding", version: 1, jailbreak: "unknown", lossless: true, maxAdded: 0 } as const;

export const ENCODINGS: readonly Transform[] = [
  {
    ...ENCODING,
    name: "base64",
    describe: "Base64 of the UTF-8 bytes.",
    names: { garak: "encoding.InjectBase64", pyrit: "Base64Converter", promptfoo: "base64" },
    maxExpansion: 4,
    maxAdded: 4,
    apply: (text) => Buffer.from(text).toString("base64"),
    invert: (text) => Buffer.from(text, "base64").toString(),
  },
  {
    ...ENCODING,
    name: "hex",
    describe: "Two hexadecimal digits a byte.",
    names: { garak: "encoding.InjectHex", pyrit: "BinAsciiConverter", promptfoo: "hex" },
    maxExpansion: 6,
    apply: (text) => Buffer.from(text).toString("hex"),
    invert: (text) => Buffer.from(text, "hex").toString(),
  },
  {
    ...ENCODING,
    name: "base32",
    describe: "Base32 of the UTF-8 bytes.",
    names: { garak: "encoding.InjectBase32", pyrit: "Base64Converter" },
    maxExpansion: 5,
    maxAdded: 8,
    apply: (text) => toBase32(Buffer.from(text)),
    invert: (text) => Buffer.from(fromBase32(text)).toString(),
  },
  {
    ...ENCODING,
    name: "ascii85",
    describe: "Ascii85 of the UTF-8 bytes, without its brackets.",
    names: { garak: "encoding.InjectAscii85", pyrit: "Base64Converter" },
    maxExpansion: 4,
    maxAdded: 5,
    apply: (text) => toAscii85(Buffer.from(text)),
    invert: (text) => Buffer.from(fromAscii85(text)).toString(),
  },
  {
    ...ENCODING,
    name: "quoted-printable",
    describe: "Quoted-printable, in lines of 76; plain ASCII stays legible.",
    names: { garak: "encoding.InjectQP", pyrit: "BinAsciiConverter" },
    maxExpansion: 10,
    apply: toQuotedPrintable,
    invert: fromQuotedPrintable,
  },
  {
    ...ENCODING,
    name: "url",
    describe: "Percent notation of all but letters, digits and -_.!~*'().",
    names: { pyrit: "UrlConverter" },
    maxExpansion: 9,
    apply: (text) => encodeURIComponent(text.toWellFormed()),
    invert(text) {
      try {
        return decodeURIComponent(text);
      } catch {
        return text; // no such notation
      }
    },
  },
  {
    ...ENCODING,
    name: "binary",
    describe: "Eight binary digits a byte, with spaces between.",
    names: { pyrit: "BinaryConverter" },
    maxExpansion: 27,
    apply: (text) => Array.from(Buffer.from(text), (byte) => byte.toString(2).padStart(8, "0")).join(" "),
    invert: (text) => Buffer.from(text.split(" ").flatMap((digits) => (digits === "" ? [] : [parseInt(digits, 2)]))).toString(),
  },
  {
    ...ENCODING,
    name: "unicode-escapes",
    describe: "\\u and four hexadecimal digits for each UTF-16 unit.",
    names: {},
    maxExpansion: 6,
    apply: (text) => text.split("").reduce((all, unit) => `${all}\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`, ""),
    invert: (text) => text.replace(/\\u([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
  },
];

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function toBase32(bytes: Uint8Array): string {
  let text = "";
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(buffer >> (bits - 5)) & 31]!;
    buffer &= (1 << bits) - 1;
  }
  if (bits > 0) text += BASE32[(buffer << (5 - bits)) & 31]!;
  return text.padEnd(Math.ceil(text.length / 8) * 8, "=");
}

function fromBase32(text: string): Uint8Array {
  const bytes: number[] = [];
  let buffer = 0;
  let bits = 0;
  for (const digit of text) {
    const value = BASE32.indexOf(digit);
    if (value < 0) continue;
    buffer = ((buffer << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((buffer >> bits) & 255);
  }
  return Uint8Array.from(bytes);
}

function toAscii85(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4) {
    const size = Math.min(4, bytes.length - i);
    let word = 0;
    for (let j = 0; j < 4; j++) word = word * 256 + (bytes[i + j] ?? 0);
    if (word === 0 && size === 4) {
      text += "z";
      continue;
    }
    let digits = "";
    for (let j = 0; j < 5; j++) {
      digits = String.fromCharCode(33 + (word % 85)) + digits;
      word = Math.floor(word / 85);
    }
    text += digits.slice(0, size + 1);
  }
  return text;
}

function fromAscii85(text: string): Uint8Array {
  const bytes: number[] = [];
  const digits = text.replaceAll("z", "!!!!!");
  for (let i = 0; i < digits.length; i += 5) {
    const group = digits.slice(i, i + 5);
    let word = 0;
    for (const digit of group.padEnd(5, "u")) word = word * 85 + digit.charCodeAt(0) - 33;
    for (let j = 0; j < group.length - 1; j++) bytes.push(Math.floor(word / 256 ** (3 - j)) & 255);
  }
  return Uint8Array.from(bytes);
}

function toQuotedPrintable(text: string): string {
  const bytes = Buffer.from(text);
  let quoted = "";
  let line = 0;
  for (const [i, byte] of bytes.entries()) {
    const blank = byte === 32 || byte === 9;
    const plain = (byte > 32 && byte < 127 && byte !== 61) || (blank && i < bytes.length - 1);
    const unit = plain ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    if (line + unit.length > 75) {
      quoted += "=\n";
      line = 0;
    }
    quoted += unit;
    line += unit.length;
  }
  return quoted;
}

function fromQuotedPrintable(text: string): string {
  const bytes = text.replaceAll("=\n", "").replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
