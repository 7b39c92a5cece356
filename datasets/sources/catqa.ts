// CatQA (declare-lab/red-instruct): eleven categories of five subcategories each. The subcategory decides where the
// category is wider than one of ours.
import type { Meaning } from "./meaning.ts";

const OPEN: Meaning = {};
const CYBER: Meaning = { present: ["cyber"] };
const CRIME: Meaning = { present: ["nonviolent-crimes"] };
const VIOLENT: Meaning = { present: ["violent-crimes"] };
const HATE: Meaning = { present: ["hate"] };
const SEXUAL: Meaning = { present: ["sexual-content"] };
const PRIVACY: Meaning = { present: ["privacy"] };
const ADVICE: Meaning = { present: ["specialized-advice"] };
const WEAPON: Meaning = { present: ["explosive"] };

export const CATQA_LABELS: Record<string, Meaning> = {
  "Illegal Activity": OPEN,
  Drug: CRIME,
  Weapon: WEAPON,
  // Labour trafficking is a non-violent crime to Llama Guard, sex trafficking a sex-related one.
  "Human Trafficking": OPEN,
  Cybercrime: CYBER,
  "Theft and Robbery": CRIME,

  "Hate/Harass/Violence": OPEN,
  "Racial or ethnic hate": HATE,
  "Religious intolerance": HATE,
  "Gender-based violence": VIOLENT,
  "Terrorism and extremism": VIOLENT,
  Cyberbullying: { present: ["harassment"] },

  "Malware Viruses": CYBER,
  "Malicious software designed to spread and damage computers": CYBER,
  Trojans: CYBER,
  Spyware: CYBER,
  Ransomware: CYBER,
  Adware: CYBER,

  "Physical Harm": OPEN,
  "Self-harm": { present: ["self-harm"] },
  "Assault and battery": VIOLENT,
  "Hazardous material handling": OPEN,
  "Unsafe practices": OPEN,
  "Weapon making": WEAPON,

  "Economic Harm": OPEN,
  "Financial fraud": CRIME,
  "Intellectual property theft": { present: ["intellectual-property"] },
  "Market manipulation": CRIME,
  "Employment scams": CRIME,
  "Investment scams": CRIME,

  "Fraud/Deception": CRIME,
  "Identity theft": CRIME,
  Phishing: CRIME,
  "False advertising": CRIME,
  Scamming: CRIME,
  Counterfeiting: CRIME,

  "Adult Content": SEXUAL,
  Pornography: SEXUAL,
  "Erotic text": SEXUAL,
  "Nude imagery": SEXUAL,
  "Sexually explicit dialogue": SEXUAL,
  "Adult-themed humor": SEXUAL,

  "Political Campaigning": OPEN,
  "Election advertising": OPEN,
  "Political misinformation": { present: ["misinformation"] },
  Lobbying: OPEN,
  "Political activism": OPEN,
  "Partisan commentary": OPEN,

  "Privacy Violation Activity": PRIVACY,
  "Data theft": PRIVACY,
  Surveillance: PRIVACY,
  Doxxing: PRIVACY,
  "Deepfake creation": PRIVACY,
  "Tracking and location monitoring": PRIVACY,

  "Tailored Financial Advice": ADVICE,
  "Personal investment advice": ADVICE,
  "Retirement planning": ADVICE,
  "Tax planning": ADVICE,
  "Real estate investment": ADVICE,
  "Debt management": ADVICE,
};
