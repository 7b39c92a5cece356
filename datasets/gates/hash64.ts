// A 64-bit hash of a string in two 32-bit halves, for tables that hold millions of texts and none of their characters.
// The mixing is cyrb53's (bryc, public domain) with both halves kept whole. Not for secrets, and not against an adversary.

export interface Hash64 {
  hi: number;
  lo: number;
}

/** Hash of the UTF-16 units of a text. Both halves are int32. */
export function hash64(text: string): Hash64 {
  let a = 0xdeadbeef | 0;
  let b = 0x41c6ce57 | 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x5f356495);
  }
  const hi = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  const lo = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  return { hi: hi ^ (hi >>> 15), lo: lo ^ (lo >>> 15) };
}
