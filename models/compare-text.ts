// The order of names in what is written: by UTF-16 units, so that no locale changes it.

/** For `sort`: below 0, 0 or above it. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
