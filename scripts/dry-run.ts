// cordon generate --dry-run: what a recipe would ask of its generators, strategy by strategy, without asking, spending or
// writing anything. Replies are taken to be as long as their prompts' samples, and none to fail.
import { dollars } from "#datasets/generators/budget";
import { DryRunAsker } from "#datasets/generators/dry-run-asker";
import type { ReplyCache } from "#datasets/generators/reply-cache";
import type { GeneratorUsage } from "#datasets/generators/usage";
import type { Recipe } from "#datasets/recipe";
import { candidates, seedNames } from "#datasets/strategies/index";
import { generatorsOf, type Strategy } from "#datasets/strategies/sections";
import { table } from "#scripts/output";

export interface DryRunLine extends Pick<GeneratorUsage, "model" | "calls" | "cached" | "inputTokens" | "outputTokens" | "cost"> {
  /** Position and kind, `3 rephrase`. */
  strategy: string;
  generator: string;
}

export interface DryRun {
  recipe: string;
  /** Rows that the strategies with a language model would make, were none to fail. */
  rows: number;
  lines: DryRunLine[];
  /** The judge's votes are not among the calls: it sees what passes the gates before it. */
  judge: { generator: string; votes: number } | null;
}

/** @param cache tells which answers are there already; absent where the recipe's addresses are not known */
export async function dryRun(recipe: Recipe, seeds: Readonly<Record<string, string>>, cache: ReplyCache | undefined): Promise<DryRun> {
  const lines: DryRunLine[] = [];
  let rows = 0;
  for (const [i, strategy] of recipe.strategies.entries()) {
    if (generatorsOf(strategy).length === 0) continue;
    const asker = new DryRunAsker(recipe.generators ?? {}, cache);
    const alone = { ...recipe, strategies: [strategy] };
    for await (const candidate of candidates(alone, { seeds: seedsOf(strategy, seeds), asker })) if (candidate.state === "row") rows++;
    for (const [generator, usage] of Object.entries(asker.usage())) {
      const { model, calls, cached, inputTokens, outputTokens, cost } = usage;
      if (calls + cached > 0)
        lines.push({ strategy: `${i + 1} ${strategy.kind}`, generator, model, calls, cached, inputTokens, outputTokens, cost });
    }
  }
  const { generator, votes } = recipe.gates.judge ?? {};
  return { recipe: recipe.name, rows, lines, judge: generator === undefined ? null : { generator, votes: votes! } };
}

function seedsOf(strategy: Strategy, seeds: Readonly<Record<string, string>>): Record<string, string> {
  const names = seedNames(strategy);
  return Object.fromEntries(Object.entries(seeds).filter(([name]) => names.includes(name)));
}

export function describeDryRun({ recipe, rows, lines, judge }: DryRun): string {
  if (lines.length === 0 && judge === null) return `${recipe} asks no language model: it costs nothing`;
  const sum = (count: (line: DryRunLine) => number) => lines.reduce((total, line) => total + count(line), 0);
  const unpriced = lines.some((line) => line.cost === null && line.calls > 0);
  const price = (cost: number | null) => (cost === null ? "no price" : dollars(cost));
  const body = lines.map((line) => [
    line.strategy,
    line.generator,
    line.model,
    ...[line.calls, line.cached, line.inputTokens, line.outputTokens].map(String),
    price(line.cost),
  ]);
  const total = [sum((l) => l.calls), sum((l) => l.cached), sum((l) => l.inputTokens), sum((l) => l.outputTokens)].map(String);
  const cost = `${dollars(sum((l) => l.cost ?? 0))}${unpriced ? " +" : ""}`;
  return [
    table(
      ["strategy", "generator", "model", "calls", "cached", "tokens in", "tokens out", "cost"],
      [...body, ["all", "", "", ...total, cost]],
    ),
    `\n${rows} rows at most. Nothing was asked, spent or written; tokens are estimates.`,
    ...(unpriced ? ["No price: give the generator its `price`, {input, output} in dollars per million tokens."] : []),
    ...(judge === null ? [] : [`Beside these, the judge asks ${judge.generator} ${judge.votes} times for each row that reaches it.`]),
  ].join("\n");
}
