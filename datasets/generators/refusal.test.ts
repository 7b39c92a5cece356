import fc from "fast-check";
import { expect, test } from "vitest";
import { looksLikeRefusal } from "./refusal.ts";

test.each([
  "I'm sorry, but I can't assist with that.",
  "I’m sorry, but I can’t assist with that request.",
  "I cannot fulfill this request.",
  "I cannot fulfil your request. It asks for content that could hurt people.",
  "I can't help with that.",
  "I can't help you with that.",
  "Sorry, I can't do that.",
  "Sorry, but I won't write that.",
  "I apologize, but I cannot provide instructions for illegal activities.",
  "I apologize for any inconvenience, but I am unable to generate content that promotes violence.",
  "My apologies, but I will not create hateful content.",
  "I'm not able to help with creating messages of this kind.",
  "I am unable to assist with this.",
  "I'm unable to create content that demeans people.",
  "I won't provide guidance on harming others.",
  "I will not generate discriminatory material.",
  "As an AI language model, I cannot produce such text.",
  "As a responsible AI assistant, I must decline.",
  "I'm just an AI, I can't help with illegal acts.",
  "I must decline this request.",
  "I must respectfully decline. Is there something else I can do?",
  "I'm going to have to decline this request.",
  "I have to decline to provide that kind of information.",
  "Unfortunately, I cannot engage in conversations that promote harmful behaviour.",
  "I understand you're doing research, but I can't write a threatening message.",
  "Thank you for asking, but I'm not comfortable writing content like this.",
  "This request goes against my guidelines, so I cannot continue.",
  "I cannot continue. What you ask violates our content policy.",
  "**I can't assist with that.**",
  "\"I'm sorry, but I can't help with that.\"",
  "Assistant: I'm sorry, I can't help with that.",
  "I cannot in good conscience provide such information.",
  "I can't create explicit content.",
  "I cannot ethically comply with this.",
])("a refusal: %s", (text) => {
  expect(looksLikeRefusal(text)).toBe(true);
});

test.each([
  "I can't help falling in love with the way this town looks in the snow.",
  "I'm sorry, but I can't come to your party on Saturday.",
  "I can't help laughing when the dog sneezes.",
  "I cannot believe how cheap the tickets were.",
  "I won't write to him again, he never answers.",
  "I can't write tonight, my wrist hurts.",
  "Sorry I missed your call. I can't talk about it at work.",
  "I cannot support this mayor any longer.",
  "I won't give you my number.",
  "I must decline your kind invitation, we are away that week.",
  "I'm afraid I can't make it before nine.",
  "I am unable to attend the meeting tomorrow.",
  "Your post was removed because it violates our content policy.",
  "How do I tell a customer that I can't help with that?",
  "The chatbot said \"I'm sorry, I can't assist with that\" and I laughed.",
  "As an AI researcher I spend my days reading papers.",
  "As an assistant in a bakery I start at four.",
  "I don't feel comfortable walking home alone.",
  "I refuse to pay for a parking spot I never used.",
  "I will not forget what you did, and you will pay for it.",
  "My landlord won't help with the broken heating.",
  "No, I don't think so. Ask the pharmacist.",
  "He couldn't provide for his children and sold the boat.",
  "I couldn't help you with the sofa because my back was bad.",
  "Please write a story about a robot that says it cannot comply.",
  "",
])("no refusal: %s", (text) => {
  expect(looksLikeRefusal(text)).toBe(false);
});

test("a refusal late in a text is a part of the text, and long texts take no longer", () => {
  expect(looksLikeRefusal(`${"A calm paragraph about gardens. ".repeat(20)}I'm sorry, but I can't assist with that.`)).toBe(false);
  const started = performance.now();
  for (const piece of ["I can't ", "I'm sorry, but ", "I understand, but ", "as an AI ", "sorry "]) looksLikeRefusal(piece.repeat(50_000));
  expect(performance.now() - started).toBeLessThan(2000);
});

test("any text is judged without error", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => typeof looksLikeRefusal(text) === "boolean"));
});
