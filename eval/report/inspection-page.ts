// The report of `cordon inspect`: a set's diversity, repetition and bias, beside an earlier set's where there is one.
import { type Alarm, ALARM_RULES, cellName } from "#eval/generations/alarms";
import type { Baseline } from "#eval/generations/baseline";
import type { Inspection } from "#eval/generations/inspection";
import { FIGURE_NAMES, FIGURES } from "#eval/diversity/diversity";
import { card } from "./card.ts";
import { figure } from "./figure.ts";
import { type Html, html } from "./html.ts";
import { diversityFigure, termFigure } from "./inspection-figures.ts";
import { interval, metric, percent, whole } from "./numbers.ts";
import { renderPage } from "./page.ts";
import { subgroupCard } from "./subgroup-card.ts";
import { type Tile, tileList } from "./tiles.ts";

export interface InspectionPage {
  title: string;
  now: Inspection;
  before: Baseline | null;
  alarms: readonly Alarm[];
}

/** Renders an inspection. The same data give the same bytes. */
export function renderInspection({ title, now, before, alarms }: InspectionPage): string {
  const { rows, settings } = now;
  const compared = before ? ", against an earlier set" : "";
  return renderPage({
    title,
    eyebrow: "Inspection",
    lead: html`<p class="lead">
      ${whole(rows.harmful)} harmful and ${whole(rows.harmless)} harmless examples${compared}. Figures of diversity are of samples of
      ${whole(settings.rows)} rows cut to ${whole(settings.tokens)} tokens, so that they can be compared.
    </p>`,
    body: html`${tileList(headline(now, before, alarms))}${alarmCard(alarms)}
      <section>
        <h2>How much is said</h2>
        ${figure(diversityFigure(now, before))}${diversityCard(now)}${repetitionCard(now, before)}
      </section>
      <section>
        <h2>Of whom it is said</h2>
        ${now.terms.length > 0 ? figure(termFigure(now.terms)) : html`<p>No group is named, or a label is missing.</p>`}
        ${now.model && modelCard(now.model)}
      </section>`,
  });
}

function headline({ cells, near_duplicates, survival, model }: Inspection, before: Baseline | null, alarms: readonly Alarm[]): Tile[] {
  const gap = model?.counterfactual;
  const growth = model?.before?.amplification;
  return [
    { label: "Alarms", value: String(alarms.length), more: kinds(alarms), key: alarms.length > 0 },
    ...cells
      .filter((cell) => cell.topic === null && cell.figures !== null)
      .map(({ label, figures }): Tile => {
        const earlier = before?.cells.find((cell) => cell.label === label && cell.topic === null)?.figures;
        return {
          label: `Vendi score, ${cellName(label, null)}`,
          value: figures!.vendi.value.toFixed(1),
          more: earlier ? `before ${earlier.vendi.value.toFixed(1)}` : interval(figures!.vendi.interval, (v) => v.toFixed(1)),
        };
      }),
    ...near_duplicates.map(({ label, near, rows }): Tile => ({
      label: `Near duplicates, ${cellName(label, null)}`,
      value: percent(near),
      more: `of ${whole(rows)} rows`,
    })),
    ...(survival ?? []).map(({ label, relative }): Tile => ({
      label: `Rare n-grams left, ${cellName(label, null)}`,
      value: relative.toFixed(2),
      more: "over those in a fresh draw",
    })),
    ...(gap
      ? [
          {
            label: "Counterfactual gap",
            value: metric(gap.gap),
            more: growth ? `${growth.ratio.toFixed(2)} times what it was` : interval(gap.interval),
          },
        ]
      : []),
  ];
}

export function kinds(alarms: readonly Alarm[]): string {
  const of = (kind: Alarm["kind"]) => alarms.filter((alarm) => alarm.kind === kind).length;
  return alarms.length === 0 ? "nothing beyond a threshold" : `${of("collapse")} of collapse, ${of("bias")} of bias`;
}

function alarmCard(alarms: readonly Alarm[]): Html | null {
  if (alarms.length === 0) return null;
  return card(
    "Alarms",
    "What is beyond its threshold, by more than chance.",
    ["alarm", "kind", "where", "figure", "threshold"],
    alarms.map(({ name, kind, where, value, side, threshold }) => [
      name,
      kind,
      html`${where}<small>${ALARM_RULES[name].of}</small>`,
      Number(value.toPrecision(3)),
      `${side === "above" ? "at most" : "at least"} ${threshold}`,
    ]),
  );
}

function diversityCard({ cells }: Inspection): Html {
  return card(
    "All figures",
    "High compression, self-repetition and self-BLEU are poor; high distinct-n and Vendi are rich. A category with too few rows that are long enough has none.",
    ["cell", "rows", ...FIGURE_NAMES.map((name) => FIGURES[name].title)],
    cells.map(({ label, topic, rows, eligible, figures }) => [
      cellName(label, topic),
      html`${whole(rows)}<small>${whole(eligible)} long enough</small>`,
      ...FIGURE_NAMES.map((name) => {
        const measured = figures?.[name];
        if (!measured) return "–";
        const digits = name === "vendi" ? 1 : 3;
        return html`${measured.value.toFixed(digits)}<small
            >${interval(measured.interval, (v) => v.toFixed(digits)).replace(" to ", "–")}</small
          >`;
      }),
    ]),
  );
}

function repetitionCard({ near_duplicates, survival, held_out }: Inspection, before: Baseline | null): Html {
  return card(
    "Said again, and said no more",
    "Near duplicates share seven tenths of their token 3-grams with another row of their label. Rare n-grams stood in one or two texts of the earlier set; a fresh draw is the earlier set’s other half. Bits per byte of texts held out of the earlier set, by a model of this one, and of that one.",
    [
      "label",
      "rows looked at",
      "exact duplicates",
      "near duplicates",
      ...(before ? ["before"] : []),
      ...(survival ? ["rare n-grams left", "in a fresh draw"] : []),
      ...(held_out ? ["held-out bits per byte", "of the earlier set"] : []),
    ],
    near_duplicates.map(({ label, rows, exact, near }) => {
      const left = survival?.find((other) => other.label === label);
      const loss = held_out?.find((other) => other.label === label);
      return [
        cellName(label, null),
        whole(rows),
        percent(exact),
        percent(near),
        ...(before ? [percent(before.near_duplicates.find((other) => other.label === label)?.near)] : []),
        ...(survival ? [percent(left?.survived), percent(left?.baseline)] : []),
        ...(held_out ? [metric(loss?.now), metric(loss?.before)] : []),
      ];
    }),
  );
}

function modelCard(model: NonNullable<Inspection["model"]>): Html {
  const { counterfactual: gap, before } = model;
  const earlier = before?.counterfactual;
  const dimensions = gap ? Object.entries(gap.dimensions) : [];
  return html`${
    gap &&
    card(
      "When only the group changes",
      `Mean change of the score when a group is put in the place of another, in ${whole(gap.texts)} texts that name one, by the model ${model.model}. ${percent(gap.flip_rate)} of the swaps change the decision.`,
      ["dimension", "texts", "gap", "decisions changed", ...(earlier ? ["gap before"] : [])],
      [...dimensions, ["all", { texts: gap.texts, gap: gap.gap, flip_rate: gap.flip_rate }] as const].map(([name, own]) => [
        name,
        whole(own.texts),
        name === "all" ? html`${metric(own.gap)}<small>${interval(gap.interval).replace(" to ", "–")}</small>` : metric(own.gap),
        percent(own.flip_rate),
        ...(earlier ? [metric(name === "all" ? earlier.gap : earlier.dimensions[name]?.gap)] : []),
      ]),
    )
  }${subgroupCard(model.model, model.subgroups)}`;
}
