// Chooses rows by what they can teach the current classifier, after CodecLM's contrastive filter (arXiv 2404.05875): rows
// whose judged label it gets wrong stay, of those that it gets right only a share. What it gets wrong is also where wrong
// labels gather, so that these rows may make up no more than a share of a label's rows; which of them stay is drawn by
// hash, never by how wrong it was.
import type { ContrastiveConfig } from "./config.ts";
import type { RowTable } from "./row-table.ts";

/** Fails each row that is not chosen. The choice does not hang on the order of the rows. */
export function applyContrastive(table: RowTable, config: ContrastiveConfig): void {
  for (const label of [0, 1] as const) {
    const agreeing = table.ordered((row) => table.label(row) === label && !table.surprising(row));
    const surprising = table.ordered((row) => table.label(row) === label && table.surprising(row));
    const kept = Math.ceil(agreeing.length * config.keep_agreeing);
    const most = mostSurprising(kept, config.max_share, surprising.length);
    for (const row of agreeing.subarray(kept)) {
      table.fail(row, {
        gate: "contrastive",
        reason: `the classifier agrees with its label, and ${percent(config.keep_agreeing)} of such rows stay`,
      });
    }
    for (const row of surprising.subarray(most)) {
      table.fail(row, {
        gate: "contrastive",
        reason: `the classifier disagrees with its label, as with more than ${percent(config.max_share)} of what is left`,
      });
    }
  }
}

/** The most rows of n that are at most a share of themselves and `others` together. */
function mostSurprising(others: number, share: number, n: number): number {
  return share === 1 ? n : Math.min(n, Math.floor((others * share) / (1 - share) + 1e-9));
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
