// The learning rate over a training run: linear warm-up, then a fall to zero, as transformers' get_linear_schedule_with_warmup and
// get_cosine_schedule_with_warmup (half a cosine) have it.

export const SCHEDULES = ["linear", "cosine", "constant"] as const;
export type Schedule = (typeof SCHEDULES)[number];

/**
 * Share of the full learning rate at a step.
 * @param step 0 … steps − 1
 * @param warmup share of all steps, 0 to 1, in which the rate rises
 * @returns over 0 to 1: the first step already learns, and the last one still does
 */
export function rateAt(step: number, steps: number, warmup: number, schedule: Schedule): number {
  const rising = Math.round(warmup * steps);
  if (step < rising) return (step + 1) / rising;
  if (schedule === "constant") return 1;
  const left = (steps - step) / Math.max(1, steps - rising);
  return schedule === "linear" ? left : 0.5 * (1 - Math.cos(Math.PI * left));
}
