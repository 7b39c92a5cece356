// The one harm of which no text is ever written: sexual words beside words for minors. The grammar draws no such values,
// and a gate drops a harmful row that puts them together in any other way (two sentences side by side).
import { namesMinor } from "#models/minor-words";
import type { Example } from "./example.ts";

/** Words of sex as an act, an offence or a display; the names of orientations are not among them. */
const SEXUAL = new RegExp(
  `\\b(?:${[
    "sex|sexy|sexually|sexual(?:is|iz)\\w*|sexual (?:content|abuse|assault|acts?|favou?rs?|fantas\\w+|photos?|pictures?|images?|videos?)|sext\\w*|have sex|having sex|intercourse|orgasms?|orgy|orgies",
    "porn\\w*|erotic\\w*|nudes?|nudity|naked|topless|lingerie|smut|lewd|horny|kinky|fetish\\w*|bondage|dominatrix|threesomes?|blowjobs?|masturbat\\w*|strip(?:tease|pers?)|undress\\w*|onlyfans",
    "rap(?:e|ed|es|ing|ist|ists)|molest\\w*|grop(?:e|ed|es|ing)|incest\\w*|upskirt\\w*|voyeur\\w*|seduc\\w+|escorts?|prostitut\\w*|brothels?|hookers?|whores?|sluts?|genitals?|penis|vagina|breasts?|boobs?|tits",
  ].join("|")})\\b`,
  "i",
);

/** Whether a text holds a sexual word. */
export function isSexual(text: string): boolean {
  return SEXUAL.test(text);
}

/** Whether a text puts sexual words beside words for minors. */
export function isSexualOfMinors(text: string): boolean {
  return isSexual(text) && namesMinor(text);
}

/** Whether a harmful row of some category puts sexual words beside words for minors. */
export function sexualisesMinors({ label, categories, text }: Pick<Example, "label" | "categories" | "text">): boolean {
  return label === 1 && categories.length > 0 && isSexualOfMinors(text);
}
