// Tells a model's refusal from an example that it was asked to write. English only. People too say that they are sorry and
// cannot help, so an inability alone does not count: it must be one to write, assist or comply, stand where the text opens,
// and speak of a request or of content. Tested both ways on sentences in refusal.test.ts; it will miss what declines in other
// words ("Let's talk about something else"), and such a reply fails as one of another shape.

const CANNOT =
  "(?:I )?(?:(?:really |simply |just )?(?:can't|cannot|can not|could not|couldn't|won't|will not|would not|wouldn't)|am (?:not able|unable|not allowed|not permitted|not willing|not comfortable|not going|prohibited|programmed not|designed not)(?: to| from| with)?|do not feel comfortable|don't feel comfortable|must (?:respectfully |politely )?(?:decline|refuse)(?: to)?|(?:have|need|am going|will have) to (?:have to )?(?:respectfully |politely )?(?:decline|refuse)(?: to)?)";

/** What a request may be for, when a model declines it. */
const CONTENT =
  "(?:requests?|prompts?|content|material|information|instructions|guidance|advice|tasks?|texts?|messages?|examples?|stor(?:y|ies)|scripts?|posts?|harmful|illegal|unlawful|hateful|unethical|explicit|dangerous|offensive|discriminatory|abusive|inappropriate|violent|misleading|that (?:could|may|might|would|promotes?|encourages?|involves?|depicts?|contains?|violates?)|such)\\b";

const ASSIST = "(?:assist|comply|fulfil|fulfill|accommodate)(?:ing)?\\b";
const HELP = `(?:help|helping)(?: you| anyone| people)?(?: out)?(?: with (?:that|this|your|any|such|\\w+ing)\\b| (?:to )?(?:create|write|make|produce|generate|plan|carry|commit)\\b|[.!]|$)`;
const WRITE = `(?:provid|generat|creat|produc|writ|draft|compos|craft|shar|offer|giv|suppl|engag|participat|facilitat|promot|support|encourag|discuss|answer|respond|continu|do|fabricat)(?:e|y|ing)?\\b[^.!?\\n]{0,70}?\\b${CONTENT}`;
const DECLINE = "(?:decline|refuse)\\b(?: (?:this|that|your|the) (?:request|prompt|task)|[.!]|$)";

const PREFACE =
  "(?:(?:oh|no|hi|hello|unfortunately|regrettably)[,.!]? )?(?:I am (?:\\w+ )?(?:sorry|afraid)(?: (?:about|for) that)?[,.;]? (?:but |that )?|sorry[,.;]? (?:but )?|(?:I |my )?apolog(?:ize|ise|ies)[^.,;!?\\n]{0,60}[,.;]? (?:but )?|(?:I (?:understand|appreciate|see|know|recognize)|thank you|thanks)[^.!?\\n]{0,120}?[,;.] ?(?:but|however,?)? ?)?";

const OPENING = new RegExp(`^${PREFACE}${CANNOT}(?: \\w+ly| ethically)? (?:to |in good conscience )?(?:${ASSIST}|${HELP}|${WRITE})`, "i");
const DECLINING = new RegExp(
  `^${PREFACE}I (?:must|have to|need to|will have to|am going to have to) (?:respectfully |politely )?${DECLINE}`,
  "i",
);
const BARE = new RegExp(`^${PREFACE}${CANNOT} (?:do|help with|write|discuss|talk about|continue with) (?:that|this|it)[.!]*$`, "i");
/** A model speaks of itself as one, and of what it may not. */
const AS_MODEL =
  /\b(?:as|I am) (?:just |only |simply )?an? (?:\w+ ){0,2}?(?:AI|A\.I\.|artificial intelligence|language model|chatbot|assistant)\b[^.!?\n]{0,100}\b(?:can't|cannot|won't|will not|unable|not able|must|not allowed|not permitted|not appropriate|designed to|programmed to|do not|don't)\b/i;
const GUIDELINES =
  /\b(?:violates?|against|contrary to|conflicts? with|outside|not (?:in line|consistent) with)\b[^.!?\n]{0,20}\b(?:my|our|ethical|safety|content|usage|OpenAI's|Anthropic's|Meta's)\b[^.!?\n]{0,30}\b(?:guidelines?|polic(?:y|ies)|programming|principles|standards)\b/i;
const CANNOT_ANYWHERE = new RegExp(`\\bI ?${CANNOT}`, "i");

/** A refusal shows itself within so many characters. */
const OPENING_CHARACTERS = 400;

/** Whether a text is a model's refusal to write what it was asked for. */
export function looksLikeRefusal(text: string): boolean {
  const opening = text
    .slice(0, OPENING_CHARACTERS)
    .replaceAll("’", "'")
    .replace(/^[\s"'`*_#>“”-]*(?:(?:assistant|response|answer)\s*:\s*)?[\s"'`*_#>“”-]*/i, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/\bI'm\b/gi, "I am")
    .replaceAll(/\bI'll\b/gi, "I will")
    .trim();
  return (
    [OPENING, DECLINING, BARE, AS_MODEL].some((pattern) => pattern.test(opening)) ||
    (GUIDELINES.test(opening) && CANNOT_ANYWHERE.test(opening))
  );
}
