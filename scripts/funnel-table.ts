// The funnel of `cordon generate` for people: what became of the candidates, what the generator declined, what is missing.
import type { Funnel, FunnelCell } from "#datasets/gates/funnel";
import { type Gate, GATES } from "#datasets/gates/gate";
import { compareText } from "#models/compare-text";
import { table } from "#scripts/output";

/** Lines of a list of cells before the rest is a number. */
const LISTED = 20;

/**
 * Tables by topic and label and by strategy and label, or with `all` one by topic, label and strategy; then refusals by
 * cell, worst first, and cells that are not full. Gates that dropped nothing have no column.
 */
export function funnelTable(funnel: Funnel, { all = false }: { all?: boolean } = {}): string {
  const gates = GATES.filter((gate) => funnel.cells.some((cell) => cell.dropped[gate] !== undefined));
  const tables = all
    ? [counts(funnel.cells, gates, ["topic", "strategy"])]
    : [counts(funnel.cells, gates, ["topic"]), counts(funnel.cells, gates, ["strategy"])];
  return [...tables, refusals(funnel.cells, all), missing(funnel, all)].filter((part) => part !== "").join("\n\n");
}

type Field = "topic" | "strategy";

/** Sums over the cells that have these fields and the label in common. */
function counts(cells: readonly FunnelCell[], gates: readonly Gate[], fields: readonly Field[]): string {
  const groups = Map.groupBy(cells, (cell) => JSON.stringify([...fields.map((field) => cell[field]), cell.label]));
  const sum = (group: readonly FunnelCell[], value: (cell: FunnelCell) => number) => group.reduce((total, cell) => total + value(cell), 0);
  const numbers = (group: readonly FunnelCell[]) =>
    [sum(group, (c) => c.candidates), ...gates.map((gate) => -sum(group, (c) => c.dropped[gate] ?? 0)), sum(group, (c) => c.kept)].map(
      String,
    );
  const lines = [...groups.values()]
    .sort(
      (a, b) => compareText(fields.map((f) => a[0]![f]).join("\n"), fields.map((f) => b[0]![f]).join("\n")) || b[0]!.label - a[0]!.label,
    )
    .map((group) => [...fields.map((field) => group[0]![field]), sideOf(group[0]!.label), ...numbers(group)]);
  const total = ["all", ...fields.slice(1).map(() => ""), "", ...numbers(cells)];
  return table([...fields, "side", "candidates", ...gates, "kept"], [...lines, total]);
}

/** An aligned generator leaves holes where harm is to be recognised: cell by cell, not on average. */
function refusals(cells: readonly FunnelCell[], all: boolean): string {
  const refused = (cell: FunnelCell) => (cell.dropped.refusal ?? 0) / cell.candidates;
  const found = cells.filter((cell) => cell.dropped.refusal !== undefined).sort((a, b) => refused(b) - refused(a));
  if (found.length === 0) return "";
  const lines = found.map((c) => [c.topic, c.strategy, sideOf(c.label), `${c.dropped.refusal} of ${c.candidates}`, percent(refused(c))]);
  return `refused by the generator\n${listed(["topic", "strategy", "side", "candidates", "share"], lines, all)}`;
}

function missing({ missing: cells }: Funnel, all: boolean): string {
  if (cells.length === 0) return "";
  const lines = cells
    .toSorted((a, b) => b.missing - a.missing)
    .map((c) => [
      c.topic,
      c.strategy,
      sideOf(c.label),
      String(c.kept),
      c.quota === null ? "-" : String(c.quota),
      c.missing === 0 ? "-" : String(c.missing),
    ]);
  return `still missing\n${listed(["topic", "strategy", "side", "kept", "quota", "missing"], lines, all)}`;
}

function listed(header: string[], lines: string[][], all: boolean): string {
  const shown = all ? lines : lines.slice(0, LISTED);
  const rest = lines.length - shown.length;
  return table(header, shown) + (rest === 0 ? "" : `\n… and ${rest} more cells (--funnel shows all, manifest.json has them)`);
}

function sideOf(label: 0 | 1): string {
  return label === 1 ? "harmful" : "harmless";
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
