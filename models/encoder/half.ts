// Sixteen-bit floats as checkpoints and graphs hold them: IEEE 754 binary16 and bfloat16, widened to float32 without loss, and float32
// rounded to binary16.

/** Every binary16 by its bits; made at first use (256 KiB). */
let widened: Float32Array | undefined;

/** @param bits binary16 values, little-endian in memory */
export function fromFloat16(bits: Uint16Array): Float32Array {
  widened ??= Float32Array.from({ length: 1 << 16 }, (_, half) => widen(half));
  const table = widened;
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = table[bits[i]!]!;
  return out;
}

/** bfloat16 is the upper half of a float32. */
export function fromBfloat16(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = bits[i]! << 16;
  return new Float32Array(out.buffer);
}

/** The nearest binary16 of each number, of two equally near the even one; beyond ±65520 it is infinite. NaN stays NaN. */
export function toFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(1);
  const number = new Float32Array(bits.buffer);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    number[0] = values[i]!;
    const sign = (bits[0]! >>> 16) & 0x8000;
    const magnitude = bits[0]! & 0x7fffffff;
    out[i] = sign | narrow(magnitude, number);
  }
  return out;
}

/** @param magnitude bits of a float32 without its sign @param scratch one number, the same as its bits, signed */
function narrow(magnitude: number, scratch: Float32Array): number {
  if (magnitude > 0x7f800000) return 0x7e00;
  if (magnitude >= 0x477ff000) return 0x7c00;
  // Below 2^-14 halves are multiples of 2^-24, and an addition of 0.5 in float32 rounds to these, to the even one of two.
  if (magnitude < 0x38800000) return Math.round((Math.fround(Math.abs(scratch[0]!) + 0.5) - 0.5) * 2 ** 24);
  // Thirteen bits of the fraction go: half of the last that stays, less one where that is even, carries where it must.
  return (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
}

function widen(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
