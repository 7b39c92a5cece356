import { expect, test } from "vitest";
import { readConstitution } from "#datasets/constitution";
import { acting, capitalise } from "./inflect.ts";

test.each(
  `break breaking, run running, die dying, lie lying, kidnap kidnapping, visit visiting, make making, see seeing, free freeing, be being, do doing, go going, use using, argue arguing,
  sue suing, dye dyeing, singe singeing, age ageing, tie tying, untie untying, panic panicking, traffic trafficking, mimic mimicking, quit quitting, quiz quizzing, squat squatting, stop stopping,
  fix fixing, play playing, sow sowing, ski skiing, study studying, open opening, begin beginning, develop developing, edit editing, offer offering, refer referring, format formatting,
  target targeting, benefit benefiting, travel travelling, cancel cancelling, reveal revealing, derail derailing, crawl crawling, control controlling, parallel paralleling, label labelling,
  gas gassing, dress dressing, reset resetting, unplug unplugging, wiretap wiretapping, bootleg bootlegging, debug debugging, eavesdrop eavesdropping, screenshot screenshotting,
  agree agreeing, flee fleeing, tattoo tattooing, glue gluing, axe axing, program programming, untag untagging, unzip unzipping, regret regretting, outfit outfitting, rewrap rewrapping, reason reasoning, render rendering, reckon reckoning, recruit recruiting, grab grabbing, hit hitting, look looking, read reading, eat eating`
    .split(",")
    .map((pair) => pair.trim().split(" ") as [string, string]),
)("%s → %s", (verb, gerund) => {
  expect(acting(verb)).toBe(gerund);
  expect(acting(`${verb} a thing, then rest`)).toBe(`${gerund} a thing, then rest`);
});

test("the verb is the first word, its last part where it has a hyphen, or the second where the first is an adverb", () => {
  expect(acting("zip-tie a tarpaulin")).toBe("zip-tying a tarpaulin");
  expect(acting("re-identify a well-known bird")).toBe("re-identifying a well-known bird");
  expect(acting("spray-paint")).toBe("spray-painting");
  expect(acting("secretly plan a party")).toBe("secretly planning a party");
  expect(acting("quietly re-enter")).toBe("quietly re-entering");
  for (const [act, wanted] of [
    ["apply for a loan", "applying for a loan"],
    ["fly a kite", "flying a kite"],
    ["reply", "replying"],
    ["bully nobody", "bullying nobody"],
  ] as const) {
    expect(acting(act)).toBe(wanted);
  }
  expect(acting("wash, rinse and dry")).toBe("washing, rinse and dry");
});

test("capitalise", () => {
  expect(capitalise("über")).toBe("Über");
  expect(capitalise("")).toBe("");
});

// Verbs of several syllables that end in consonant, vowel, consonant: spelling cannot say whether the last consonant
// doubles, so each was looked at, but for those in -er, -en, -on and -or, which hardly ever do. A new one fails here until
// it stands in one of the lists (and in inflect.ts, if it doubles).
const DOUBLES =
  "bootleg cancel commit control debug eavesdrop embed forget format kidnap label level libel model outgun outrun pedal program rebut relabel repot reprogram reset screenshot snorkel submit transfer travel tunnel unplug untag wiretap";
const STAYS = "audit benefit crochet develop edit limit parallel pickpocket pocket siphon target visit";

test("the -ing form of every act of the constitution is sane", async () => {
  const acts = (await readConstitution()).flatMap((c) => [...c.acts.flat(), ...c.harmful_acts, ...c.harmless_acts]);
  const doubles = new Set(DOUBLES.split(" "));
  const stays = new Set(STAYS.split(" "));
  const verbs = new Map<string, string>();
  for (const act of acts) {
    // The first word that changed is the verb.
    const after = acting(act).split(/[\s,-]/);
    const changed = act.split(/[\s,-]/).findIndex((word, i) => word !== after[i]);
    verbs.set(act.split(/[\s,-]/)[changed]!, after[changed]!);
  }
  expect(verbs.size).toBeGreaterThan(800);
  for (const [verb, gerund] of verbs) {
    expect(gerund, verb).toMatch(/ing$/);
    if (verb.endsWith("ly")) expect("apply bully comply fly multiply rally reply supply".split(" "), "adverbs are skipped").toContain(verb);
    const stem = gerund.slice(0, -3);
    expect([verb, `${verb}${verb.at(-1)}`, verb.replace(/e$/, ""), verb.replace(/ie$/, "y"), `${verb}k`], verb).toContain(stem);
    if (verb.endsWith("e") && !/(ee|oe|ye|be|[gn]e)$/.test(verb)) expect(gerund, verb).not.toMatch(/eing$/);
    const vowels = verb.match(/[aeiouy]+/g)?.length ?? 0;
    if (vowels > 1 && /([^aeiou]|qu)[aeiou][bdfglmnprtvz]$/.test(verb) && (doubles.has(verb) || !/(er|en|on|or)$/.test(verb))) {
      expect(doubles.has(verb) !== stays.has(verb), `decide in this test whether "${verb}" doubles its last letter`).toBe(true);
      expect(stem, verb).toBe(doubles.has(verb) ? `${verb}${verb.at(-1)}` : verb);
    }
  }
});
