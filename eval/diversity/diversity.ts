// Diversity by label and category, at one sample size and one length. A figure is its mean over random samples without
// replacement; its interval is the delete-d jackknife's (Shao and Wu, 1989). A bootstrap would draw rows twice, and rows
// that come twice are the very thing that is measured.
import { cellOf } from "#datasets/candidate";
import type { Example } from "#datasets/example";
import type { Interval } from "#eval/metrics/bootstrap";
import { compareText } from "#models/compare-text";
import { Random } from "#models/random";
import { compressionRatio, distinct, selfRepetition } from "./repetition.ts";
import { cut, draw, inOrder } from "./sample.ts";
import { selfBleu } from "./self-bleu.ts";
import type { Tokens } from "./tokens.ts";
import { vendiScore } from "./vendi.ts";

export interface DiversityOptions {
  /** Rows of a sample. */
  rows: number;
  /** Tokens of each row that are looked at; rows with fewer are left out. */
  tokens: number;
  /** Samples. */
  draws: number;
  seed: number;
  /** Whether the topics of a label are measured apart too. */
  topics: boolean;
}

export const DIVERSITY_DEFAULTS: DiversityOptions = { rows: 100, tokens: 12, draws: 20, seed: 1, topics: true };

interface Figure {
  title: string;
  /** Which way is more diverse. */
  better: "higher" | "lower";
  compute: (sample: readonly Tokens[], random: Random) => number;
}

const hashes = (sample: readonly Tokens[]) => sample.map((tokens) => tokens.hashes);

export const FIGURES = {
  compression_ratio: { title: "compression", better: "lower", compute: (sample) => compressionRatio(sample.map(({ bytes }) => bytes)) },
  self_repetition: { title: "self-repetition", better: "lower", compute: (sample) => selfRepetition(hashes(sample)) },
  self_bleu: {
    title: "self-BLEU",
    better: "lower",
    compute: (sample, random) => selfBleu(hashes(sample), sample.length >> 1, random),
  },
  distinct_1: { title: "distinct-1", better: "higher", compute: (sample) => distinct(hashes(sample), 1) },
  distinct_2: { title: "distinct-2", better: "higher", compute: (sample) => distinct(hashes(sample), 2) },
  vendi: { title: "Vendi", better: "higher", compute: (sample) => vendiScore(hashes(sample)) },
} as const satisfies Record<string, Figure>;

export type FigureName = keyof typeof FIGURES;
export const FIGURE_NAMES = Object.keys(FIGURES) as FigureName[];

export interface Measured {
  value: number;
  /** 95 %; null where the cell has hardly more rows than a sample. */
  interval: Interval | null;
}

export interface CellDiversity {
  label: 0 | 1;
  /** The category or topic; null for all of the label. */
  topic: string | null;
  rows: number;
  /** Rows that are long enough. */
  eligible: number;
  /** Null where fewer rows are eligible than a sample takes. */
  figures: Record<FigureName, Measured> | null;
}

/** Every label, and in it every topic, with the topics of a label by name. */
export function diversity(
  rows: readonly Example[],
  options: DiversityOptions,
  progress: (text: string) => void = () => {},
): CellDiversity[] {
  return ([1, 0] as const).flatMap((label) => {
    const own = rows.filter((row) => row.label === label);
    const topics = Map.groupBy(own, (row) => cellOf(row).topic);
    const cells: [string | null, Example[]][] = [[null, own]];
    if (options.topics && topics.size > 1) cells.push(...[...topics].toSorted(([a], [b]) => compareText(a, b)));
    return cells.map(([topic, members]): CellDiversity => {
      progress(`diversity of ${label === 1 ? "harmful" : "harmless"} ${topic ?? "rows"}`);
      const texts = cut(inOrder(members.map((row) => row.text)), options.tokens);
      const random = new Random(options.seed, `diversity/${label}/${topic ?? ""}`);
      return { label, topic, rows: members.length, eligible: texts.length, figures: figuresOf(texts, options, random) };
    });
  });
}

function figuresOf(texts: readonly Tokens[], { rows, draws }: DiversityOptions, random: Random): CellDiversity["figures"] {
  if (texts.length < rows) return null;
  // All samples of a cell of exactly that size are the same one, but for the references of self-BLEU.
  const samples = Array.from({ length: draws }, () => draw(texts, rows, random));
  const measured = (figure: Figure): Measured =>
    jackknife(
      samples.map((sample) => figure.compute(sample, random)),
      rows,
      texts.length,
    );
  return Object.fromEntries(FIGURE_NAMES.map((name) => [name, measured(FIGURES[name])])) as Record<FigureName, Measured>;
}

/** Mean and interval of a figure over samples of `kept` of `all` rows. */
function jackknife(values: readonly number[], kept: number, all: number): Measured {
  const value = values.reduce((a, b) => a + b, 0) / values.length;
  if (all < 1.25 * kept || values.length < 2) return { value, interval: null };
  const variance = values.reduce((sum, v) => sum + (v - value) ** 2, 0) / (values.length - 1);
  const half = 1.96 * Math.sqrt((variance * kept) / (all - kept));
  return { value, interval: [value - half, value + half] };
}
