// The model card: what was trained, on what, how thresholds were chosen, and what must not be read into the numbers.
import type { Manifest } from "#models/manifest";
import { layersOf } from "#models/model-card-kinds";
import { type Html, html } from "./html.ts";
import { percent, threshold, whole } from "./numbers.ts";

const LIMITS = [
  "Intervals cover chance in the documents measured. They do not cover a shift to other documents, wrong labels, or somebody who writes to evade the filter.",
  "A threshold was recommended by its rule on these documents; measure it on others before you rely on it.",
  "The capability probe is a small statistical model: it shows whether vocabulary and phrasing of a domain are left, not whether a large model could still reason in it.",
  "False positives fall unevenly: look at the sources and groups that lose most, not at the mean alone.",
];

export function modelSection(manifest: Manifest | undefined): Html {
  return html`<section>
    <h2>Model card</h2>
    ${manifest && card(manifest)}
    <div class="card">
      <h3>Limits</h3>
      <ul class="limits">
        ${LIMITS.map((limit) => html`<li>${limit}</li>`)}
      </ul>
    </div>
  </section>`;
}

function card(manifest: Manifest): Html {
  const { training, thresholds } = manifest;
  const rows: [string, Html | string][] = [
    ["Model", `${manifest.name}, Cordon ${manifest.cordonVersion}`],
    ["Description", manifest.description],
    ["Architecture", `${architecture(manifest)}; a document’s score is the ${manifest.aggregate} over its windows`],
    ["Labels", manifest.labels.join(", ")],
    ["Thresholds", lines(thresholds, (t) => `${threshold(t.threshold)}, ${t.rule}`)],
    [
      "Calibration",
      lines(manifest.calibration, (c) =>
        c.method === "none" ? "none" : `${c.method} on ${whole(c.rows)} rows, ${whole(c.positives)} of them positive`,
      ),
    ],
    ["Training examples", html`${whole(training.examples)}${lines(training.positives, whole)}`],
    ["Training data", html`<code>sha256 ${training.dataSha256}</code>`],
    ["Revision", html`<code>${training.gitRevision}</code>`],
    ["Seed", String(training.seed)],
  ];
  return html`<div class="card">
    <h3>${manifest.name}</h3>
    <dl>
      ${rows
        .filter(([, value]) => value !== "")
        .map(
          ([name, value]) =>
            html`<dt>${name}</dt>
              <dd>${value}</dd>`,
        )}
    </dl>
  </div>`;
}

function architecture({ architecture: a }: Manifest): string {
  switch (a.kind) {
    case "ngram": {
      const characters = a.charNgrams ? `, character ${a.charNgrams.min}- to ${a.charNgrams.max}-grams` : "";
      return `hashed word n-grams${characters}, linear, ${whole(2 ** a.bits)} rows; windows of ${a.blockTokens * 2} tokens that overlap by half`;
    }
    case "encoder": {
      const { config } = a;
      return `${config.model_type}, ${layersOf(config)}; windows of ${a.maxTokens} tokens that overlap by a quarter`;
    }
    case "cascade":
      return `a cascade: n-grams, and an encoder for what they give ${threshold(a.band.low)} to ${threshold(a.band.high)}, ${percent(a.escalate.measured)} of ${whole(a.escalate.texts)} ${a.escalate.on} texts`;
  }
}

/** One line a label. */
function lines<T>(byLabel: Record<string, T>, told: (value: T) => string): Html | string {
  const entries = Object.entries(byLabel);
  return entries.length === 0 ? "" : html`${entries.map(([label, value]) => html`<div>${label}: ${told(value)}</div>`)}`;
}
