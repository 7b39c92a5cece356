// The report of `cordon run collapse`: each figure over the generations, replaced and accumulated side by side.
import * as Plot from "@observablehq/plot";
import { ALARM_RULES, type AlarmName } from "#eval/generations/alarms";
import type { GenerationResult } from "#eval/generations/collapse";
import { card } from "./card.ts";
import { COLOR, svg } from "./figure.ts";
import { type Html, html } from "./html.ts";
import { kinds } from "./inspection-page.ts";
import { whole } from "./numbers.ts";
import { renderPage } from "./page.ts";
import { tileList } from "./tiles.ts";

/** One row a generation: what the report draws, the table prints and results.csv holds. Means over both labels. */
export type SeriesRow = Record<string, string | number | null>;

export function collapseSeries(results: readonly GenerationResult[]): SeriesRow[] {
  return results.map(({ source, generation, rows, inspection, auroc, alarms }) => {
    const cells = inspection.cells.filter((cell) => cell.topic === null).map((cell) => cell.figures);
    const model = inspection.model!;
    return {
      data: source,
      generation,
      rows,
      Vendi: mean(cells.map((figures) => figures?.vendi.value)),
      compression: mean(cells.map((figures) => figures?.compression_ratio.value)),
      "self-BLEU": mean(cells.map((figures) => figures?.self_bleu.value)),
      "rare n-grams": inspection.survival && mean(inspection.survival.map((s) => s.relative)),
      "near duplicates": mean(inspection.near_duplicates.map((d) => d.near)),
      "held-out loss": inspection.held_out && mean(inspection.held_out.map((loss) => loss.relative)),
      ...Object.fromEntries(Object.entries(auroc).map(([name, value]) => [`AUROC ${name}`, value])),
      gap: model.counterfactual?.gap ?? null,
      "gap growth": model.before?.amplification?.ratio ?? null,
      "one-sided groups": alarms.filter((alarm) => alarm.name === "term-odds").length,
      "collapse alarms": alarms.filter((alarm) => alarm.kind === "collapse").length,
      "bias alarms": alarms.filter((alarm) => alarm.kind === "bias").length,
    };
  });
}

interface Chart {
  column: string;
  title: string;
  note: string;
  /** The first generation's figure, where it is one by definition. */
  first?: number;
  /** Where an alarm would ring, given the first generation's figure. */
  alarm?: (first: number) => number;
}

const at = (name: AlarmName) => ALARM_RULES[name].threshold;

const CHARTS: readonly Chart[] = [
  { column: "Vendi", title: "Vendi score", note: "as so many different texts", alarm: (first) => first * at("diversity") },
  { column: "compression", title: "Compression ratio", note: "up is more repetition", alarm: (first) => first * at("compression") },
  { column: "self-BLEU", title: "Self-BLEU", note: "up is more alike" },
  { column: "rare n-grams", title: "Rare n-grams left", note: "over those in a fresh draw", alarm: () => at("survival") },
  { column: "near duplicates", title: "Near duplicates", note: "share of rows" },
  {
    column: "held-out loss",
    title: "Loss on held-out text",
    note: "over the first generation’s",
    first: 1,
    alarm: () => at("held-out-loss"),
  },
  {
    column: "gap growth",
    title: "Counterfactual gap",
    note: "relative, over the first generation’s",
    first: 1,
    alarm: () => at("gap-growth"),
  },
  { column: "one-sided groups", title: "One-sided groups", note: "beyond the threshold of term-odds" },
];

const SOURCES = [
  { source: "replaced", label: "replaced", color: COLOR.harmful },
  { source: "accumulated", label: "accumulated", color: COLOR.harmless },
] as const;

/** Renders the loop. The same results give the same bytes. */
export function renderCollapse(results: readonly GenerationResult[]): string {
  const series = collapseSeries(results);
  const first = series[0]!;
  const sets = Object.keys(first).filter((name) => name.startsWith("AUROC "));
  const charts = [...CHARTS, ...sets.map((column): Chart => ({ column, title: column, note: "of a classifier of the rows" }))];
  const last = Math.max(...results.map((result) => result.generation));
  return renderPage({
    title: `${last} generations of a model’s own picks`,
    eyebrow: "Collapse and bias over generations",
    lead: html`<p class="lead">
      A language model of ${whole(Number(first["rows"]))} examples writes new ones, a classifier picks those that it is surest of, and these
      are the next generation’s data: in the place of what was there, or beside it. Collapse and bias are alarms apart.
    </p>`,
    body: html`${tileList(
        SOURCES.flatMap(({ source, label }) => {
          const end = results.find((result) => result.source === source && result.generation === last);
          const row = series.find((r) => r["data"] === source && r["generation"] === last);
          if (!end || !row) return [];
          return [
            { label: `Alarms, ${label}`, value: String(end.alarms.length), more: kinds(end.alarms), key: end.alarms.length > 0 },
            {
              label: `Rare n-grams left, ${label}`,
              value: Number(row["rare n-grams"]).toFixed(2),
              more: "over those in a fresh draw",
            },
          ];
        }),
      )}
      <section>
        <h2>Generation by generation</h2>
        <div class="card">
          <h3>Figures</h3>
          <p>
            Means over harmful and harmless rows. Grey dashes: a fresh draw of the grammar, which is what no disease looks like. Violet
            dots: the threshold of the alarm.
          </p>
          <ul class="legend">
            ${SOURCES.map(({ label, color }) => html`<li><span class="swatch" style="color:${color}"></span>${label}</li>`)}
            <li><span class="swatch dash" style="color:${COLOR.neutral}"></span>fresh draw</li>
          </ul>
          <div class="grid">${charts.map((chart) => drawChart(chart, series))}</div>
        </div>
        ${alarmCard(results)}${seriesCard(series)}
      </section>`,
  });
}

function drawChart({ column, title, note, first: one, alarm }: Chart, series: readonly SeriesRow[]): Html {
  const value = (row: SeriesRow | undefined) => (row?.[column] ?? null) as number | null;
  const first = one ?? value(series.find((row) => row["data"] === "first"));
  const fresh = value(series.find((row) => row["data"] === "fresh"));
  const ring = alarm ? alarm(first ?? 1) : null;
  const lines = SOURCES.map(({ source, color }) => ({
    color,
    points: [
      ...(first === null ? [] : [{ x: 0, y: first }]),
      ...series
        .filter((row) => row["data"] === source && value(row) !== null)
        .map((row) => ({ x: row["generation"] as number, y: value(row)! })),
    ],
  }));
  const width = 280;
  return html`<div>
    <h4>${title}</h4>
    <p>${note}</p>
    ${svg(
      {
        width,
        height: 190,
        marginLeft: 40,
        marginRight: 12,
        marginTop: 12,
        marginBottom: 30,
        x: { domain: [0, Math.max(...series.map((row) => row["generation"] as number))], label: null, tickFormat: String, ticks: 5 },
        y: { label: null, grid: true, ticks: 4, nice: true },
        marks: [
          ...(fresh === null ? [] : [Plot.ruleY([fresh], { stroke: COLOR.neutral, strokeDasharray: "4 4" })]),
          ...(ring === null
            ? []
            : [Plot.ruleY([ring], { stroke: COLOR.accent, strokeWidth: 1.5, strokeDasharray: "1.5 4", strokeLinecap: "round" })]),
          ...lines.flatMap(({ points, color }) => [
            Plot.line(points, { x: "x", y: "y", stroke: color, strokeWidth: 2 }),
            Plot.dot(points, { x: "x", y: "y", fill: color, r: 3 }),
          ]),
        ],
      },
      `${title} over generations, replaced and accumulated.`,
      width,
    )}
  </div>`;
}

function alarmCard(results: readonly GenerationResult[]): Html {
  const rung = results.filter((result) => result.alarms.length > 0);
  if (rung.length === 0) return html`<p class="notice">No alarm rang.</p>`;
  return card(
    "Alarms",
    "What is beyond its threshold in each generation, by more than chance; after each, its figure.",
    ["generation", "collapse", "bias"],
    rung.map(({ source, generation, alarms }) => [
      `${source} ${generation}`,
      ...(["collapse", "bias"] as const).map(
        (kind) =>
          html`${alarms
            .filter((alarm) => alarm.kind === kind)
            .map(({ name, where, value }) => html`<div>${name}: ${where} ${Number(value.toPrecision(3))}</div>`)}`,
      ),
    ]),
  );
}

function seriesCard(series: readonly SeriesRow[]): Html {
  const columns = Object.keys(series[0]!).filter((name) => name !== "data" && name !== "generation");
  return card(
    "All figures",
    "The same as in results.csv; by label in results.json.",
    ["generation", ...columns],
    series.map((row) => [
      `${row["data"]} ${row["generation"]}`,
      ...columns.map((name) => {
        const value = row[name];
        if (value === null || value === undefined) return "–";
        return typeof value === "number" && !Number.isInteger(value) ? value.toFixed(3) : value;
      }),
    ]),
  );
}

function mean(values: readonly (number | undefined)[]): number | null {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
}
