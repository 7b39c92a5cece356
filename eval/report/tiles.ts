// The headline numbers at the top of a report.
import type { ReportData } from "./report.ts";
import { html, type Html } from "./html.ts";
import { interval, metric, percent, short, threshold, whole } from "./numbers.ts";

/** Two rows of four. */
const MOST = 8;

export interface Tile {
  label: string;
  value: string;
  more: string;
  key?: boolean;
}

export function tiles(data: ReportData): Html {
  const all = [...sweepTiles(data), ...probeTiles(data), ...capabilityTiles(data), ...evaluationTiles(data)];
  return tileList(all.slice(0, MOST));
}

export function tileList(all: readonly Tile[]): Html {
  return html`<ul class="tiles">
    ${all.map((t) => html`<li${t.key ? html` class="key"` : ""}><span class="label">${t.label}</span><span class="value">${t.value}</span><span class="more">${t.more}</span></li>`)}
  </ul>`;
}

function sweepTiles({ sweep }: ReportData): Tile[] {
  if (!sweep) return [];
  if (!sweep.recommended)
    return [{ label: "Documents scored", value: short(sweep.documents), more: `${short(sweep.characters)} characters` }];
  const { point, interval: bounds, intervals } = sweep.recommended;
  const { unit } = sweep.rule;
  const spread = (name: string) => (intervals[`${name}.${unit}`] ? interval(intervals[`${name}.${unit}`], percent) : `of ${unit}`);
  const out: Tile[] = [
    {
      label: "Recommended threshold",
      value: threshold(point.threshold),
      more: bounds ? interval(bounds, threshold) : "no interval",
      key: true,
    },
    { label: "Removed", value: percent(point.removed[unit]), more: `${whole(point.removed_count.documents)} documents` },
  ];
  if (point.recall[unit] !== null) out.push({ label: "Harmful removed", value: percent(point.recall[unit]), more: spread("recall") });
  if (point.harmless_loss[unit] !== null)
    out.push({ label: "Harmless lost", value: percent(point.harmless_loss[unit]), more: spread("harmless_loss") });
  return out;
}

function probeTiles({ probe, sweep }: ReportData): Tile[] {
  const at = probe?.points.find((p) => p.threshold === sweep?.recommended?.threshold);
  if (!probe || !at) return [];
  const all = probe.points.at(-1)!;
  const change = (a: number, b: number) => `${a >= b ? "+" : "−"}${percent(Math.abs(a / b - 1))}`;
  return [
    {
      label: "Probe: domain removed",
      value: change(at.filtered.hazard, all.filtered.hazard),
      more: "bits per byte, up is less known",
    },
    {
      label: "Probe: everything else",
      value: change(at.filtered.general, all.filtered.general),
      more: "bits per byte",
    },
  ];
}

/** Hazardous knowledge of the run nearest to the recommended threshold, against the unfiltered one. */
function capabilityTiles({ capabilities, sweep }: ReportData): Tile[] {
  const base = capabilities?.find((run) => run.threshold === null);
  const wanted = sweep?.recommended?.threshold;
  const filtered = capabilities?.filter((run) => run.threshold !== null);
  if (!base || wanted === undefined || !filtered || filtered.length === 0) return [];
  const run = filtered.reduce((best, r) => (Math.abs(r.threshold! - wanted) < Math.abs(best.threshold! - wanted) ? r : best));
  return Object.entries(run.tasks)
    .filter(([name]) => base.tasks[name] && (name === "mmlu" || /^wmdp(_bio|_chem|_cyber)?$/.test(name)))
    .map(([name, task]) => ({
      label: `${name} at ${threshold(run.threshold!)}`,
      value: percent(task.accuracy),
      more: `unfiltered ${percent(base.tasks[name]!.accuracy)}`,
    }));
}

function evaluationTiles({ evaluation, sweep }: ReportData): Tile[] {
  if (!evaluation) return [];
  const sets = Object.entries(evaluation.sets);
  const [name, set] = sets.length === 1 ? sets[0]! : [null, null];
  if (set) {
    return set.auroc === null ? [] : [{ label: "AUROC", value: metric(set.auroc), more: interval(set.intervals["auroc"]) || name! }];
  }
  if (sweep) return [];
  const both = sets.filter(([, s]) => s.auroc !== null).map(([, s]) => s.auroc!);
  const benign = sets.filter(([, s]) => s.positives === 0 && s.n > 0);
  return [
    { label: "Labelled sets", value: String(sets.length), more: `${whole(sets.reduce((sum, [, s]) => sum + s.n, 0))} rows` },
    ...(both.length > 0
      ? [
          {
            label: "AUROC, mean over sets",
            value: metric(both.reduce((a, b) => a + b) / both.length),
            more: `${metric(Math.min(...both))} to ${metric(Math.max(...both))}`,
            key: true,
          },
        ]
      : []),
    ...benign.map(([benignName, s]) => ({
      label: `Flagged of ${benignName}`,
      value: percent(s.flagged),
      more: interval(s.intervals["flagged"], percent),
    })),
  ];
}
