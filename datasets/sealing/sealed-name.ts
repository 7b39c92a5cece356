// The extension of sealed files, which stands behind all others: examples.jsonl.gz.sealed.

export const SEALED = ".sealed";

export function isSealed(path: string): boolean {
  return path.endsWith(SEALED);
}

/** The name without the seal, whose extensions tell compression and format. */
export function unsealedName(path: string): string {
  return isSealed(path) ? path.slice(0, -SEALED.length) : path;
}
