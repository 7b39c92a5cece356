// How numbers read in a report.
import type { Interval } from "#eval/metrics/bootstrap";

export const NONE = "–";

/** A share as a percentage with about three significant digits. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return NONE;
  const value = share * 100;
  if (value === 0 || value === 100) return `${value} %`;
  // Never rounded to a bound that it does not reach.
  const digits = Math.abs(value) >= 99.9 && value < 100 ? 3 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 ? 2 : 3;
  return `${value.toFixed(digits)} %`;
}

/** A share at an axis tick: no digits that say nothing. */
export function tick(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

/** A metric, three decimals. */
export function metric(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : value.toFixed(3);
}

export function interval(bounds: Interval | null | undefined, format: (value: number) => string = metric): string {
  return bounds ? `${format(bounds[0])} to ${format(bounds[1])}` : "";
}

/** A threshold: four significant digits. */
export function threshold(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** A whole number with thin spaces between thousands. */
export function whole(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A large number, shortened. */
export function short(value: number): string {
  const units = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const;
  const unit = units.find(([size]) => value >= size);
  return unit ? `${Number((value / unit[0]).toPrecision(3))} ${unit[1]}` : String(value);
}
