// The smaller parts of JSON's grammar (RFC 8259) over UTF-8 bytes: numbers, literals, escapes.

/** What an escape letter stands for; 0 where there is no such escape. `u` is apart. */
export const ESCAPE = new Uint8Array(256);
for (const [letter, byte] of Object.entries({ '"': 0x22, "\\": 0x5c, "/": 0x2f, b: 8, f: 12, n: 10, r: 13, t: 9 }))
  ESCAPE[letter.charCodeAt(0)] = byte;
/** Value of a hexadecimal digit, 255 elsewhere. */
const HEX = new Uint8Array(256).fill(255);
for (let v = 0; v < 16; v++) {
  HEX[v.toString(16).charCodeAt(0)] = v;
  HEX[v.toString(16).toUpperCase().charCodeAt(0)] = v;
}
/** The four hexadecimal digits at `at`, or -1. */
export function hex4(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 > end) return -1;
  const a = HEX[bytes[at]!]!;
  const b = HEX[bytes[at + 1]!]!;
  const c = HEX[bytes[at + 2]!]!;
  const d = HEX[bytes[at + 3]!]!;
  return (a | b | c | d) > 15 ? -1 : (a << 12) | (b << 8) | (c << 4) | d;
}

/** End of the number that starts at `at`, or -1 where there is none. */
export function numberEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = at < end && bytes[at] === 0x2d ? at + 1 : at;
  i = i < end && bytes[i] === 0x30 ? i + 1 : digitsEnd(bytes, i, end);
  if (i >= 0 && i < end && bytes[i] === 0x2e) i = digitsEnd(bytes, i + 1, end);
  if (i >= 0 && i < end && (bytes[i]! | 0x20) === 0x65) {
    i++;
    if (i < end && (bytes[i] === 0x2b || bytes[i] === 0x2d)) i++;
    i = digitsEnd(bytes, i, end);
  }
  return i;
}

/** End of one digit or more, or -1. */
function digitsEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && bytes[i]! >= 0x30 && bytes[i]! <= 0x39) i++;
  return i === at ? -1 : i;
}

/** End of `true`, `false` or `null` at `at`, or -1. */
export function literalEnd(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at];
  const word = first === 0x74 ? "true" : first === 0x66 ? "false" : first === 0x6e ? "null" : "";
  if (word === "" || at + word.length > end) return -1;
  for (let i = 1; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return -1;
  return at + word.length;
}

/** Writes a code point as UTF-8 and returns the offset after it. */
export function writeUtf8(out: Uint8Array, at: number, code: number): number {
  if (code < 0x80) {
    out[at] = code;
    return at + 1;
  }
  if (code < 0x800) {
    out[at] = 0xc0 | (code >> 6);
    out[at + 1] = 0x80 | (code & 0x3f);
    return at + 2;
  }
  if (code < 0x10000) {
    out[at] = 0xe0 | (code >> 12);
    out[at + 1] = 0x80 | ((code >> 6) & 0x3f);
    out[at + 2] = 0x80 | (code & 0x3f);
    return at + 3;
  }
  out[at] = 0xf0 | (code >> 18);
  out[at + 1] = 0x80 | ((code >> 12) & 0x3f);
  out[at + 2] = 0x80 | ((code >> 6) & 0x3f);
  out[at + 3] = 0x80 | (code & 0x3f);
  return at + 4;
}
