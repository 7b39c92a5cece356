// Writes the answer of POST /v1/moderations: OpenAI's shape, all 13 categories always. Scores are those of toOpenAi
// (#models/taxonomy-maps), its rules resolved to label indices once. This is most of what a request costs beside scoring:
// the text is put together from ready-made pieces, several times as fast as a compiled serializer, and scores are rounded
// to a millionth, since the shortest form of 13 doubles alone takes 2 µs. Flags come from the unrounded scores.
import { OPENAI_CATEGORIES, OPENAI_MAP } from "#models/taxonomy-maps";
import type { Guard } from "#serve/guard/guard";
import type { Determined } from "#serve/guard/verdict";
import { idSource } from "./request-id.ts";

/** How one of OpenAI's categories is made of the guard's labels; a label that the model lacks counts as score 0. */
interface Source {
  conjunction: boolean;
  indices: readonly number[];
  /** What stands before the score. */
  prefix: string;
}

/** JSON of a string in ASCII alone, so that characters are bytes. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** "000" to "999". */
const THREE_DIGITS = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, "0"));

/** A number in [0, 1] in six decimals. */
function sixDecimals(value: number): string {
  const millionths = Math.round(value * 1e6);
  if (millionths === 0) return "0";
  if (millionths === 1e6) return "1";
  const thousandths = (millionths / 1000) | 0;
  return "0." + THREE_DIGITS[thousandths]! + THREE_DIGITS[millionths - thousandths * 1000]!;
}

/**
 * Makes the JSON of an answer, in ASCII, from at least one verdict. `flagged` is the verdict's own. A category is true where the
 * text is flagged and its labels are over their own thresholds; where none is, the one that scores highest, so that a
 * flagged text always has a reason.
 */
export function moderationWriter(guard: Guard): (verdicts: readonly Determined[]) => string {
  const nextId = idSource("modr-");
  const { thresholds } = guard;
  const sources = OPENAI_CATEGORIES.map((name, c): Source => {
    const rule = OPENAI_MAP.to[name];
    const conjunction = "min" in rule;
    const indices = (conjunction ? rule.min : rule.max).map((category) => guard.labels.indexOf(category));
    const prefix = `${c === 0 ? "" : ","}${JSON.stringify(name)}:`;
    // A conjunction with a missing label is never true; a maximum goes without it.
    return { conjunction, indices: conjunction && indices.includes(-1) ? [] : indices.filter((index) => index >= 0), prefix };
  });
  const afterId = `","model":${asciiJson(guard.name)},"results":[`;
  const afterScores = `},"category_applied_input_types":${JSON.stringify(Object.fromEntries(OPENAI_CATEGORIES.map((name) => [name, ["text"]])))}}`;
  /** By bit mask of the categories over their thresholds, then one bit for `flagged`: all that stands before the scores. */
  const heads = new Map<number, string>();

  function head(mask: number): string {
    let text = heads.get(mask);
    if (text === undefined) {
      const categories = Object.fromEntries(OPENAI_CATEGORIES.map((name, c) => [name, (mask & (1 << c)) !== 0]));
      const flagged = (mask & (1 << OPENAI_CATEGORIES.length)) !== 0;
      text = `{"flagged":${flagged},"categories":${JSON.stringify(categories)},"category_scores":{`;
      heads.set(mask, text);
    }
    return text;
  }

  function result({ enforced, scores }: Determined): string {
    let mask = 0;
    let highest = 0;
    let highestScore = -1;
    let written = "";
    for (let c = 0; c < sources.length; c++) {
      const { conjunction, indices, prefix } = sources[c]!;
      let over = conjunction && indices.length > 0;
      let score = over ? 1 : 0;
      for (let k = 0; k < indices.length; k++) {
        const index = indices[k]!;
        const own = scores[index]!;
        const ownOver = own >= thresholds[index]!;
        over = conjunction ? over && ownOver : over || ownOver;
        if (conjunction ? own < score : own > score) score = own;
      }
      if (over) mask |= 1 << c;
      if (score > highestScore) {
        highestScore = score;
        highest = c;
      }
      written += prefix + sixDecimals(score);
    }
    if (mask === 0) mask = 1 << highest;
    return head(enforced ? mask | (1 << sources.length) : 0) + written + afterScores;
  }

  return (verdicts) => {
    let text = `{"id":"${nextId()}${afterId}${result(verdicts[0]!)}`;
    for (let i = 1; i < verdicts.length; i++) text += `,${result(verdicts[i]!)}`;
    return `${text}]}`;
  };
}
