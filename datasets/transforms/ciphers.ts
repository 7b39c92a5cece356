// Other alphabets for the letters of English: ROT13, Caesar, Atbash, Morse (ITU-R M.1677), NATO's spelling alphabet,
// uncontracted Braille. What they have no sign for stays as it is.
import type { Transform } from "./transform.ts";

const CIPHER = { family: "encoding", version: 1, jailbreak: "unknown", maxAdded: 0 } as const;

export const CIPHERS: readonly Transform[] = [
  {
    ...CIPHER,
    name: "rot13",
    describe: "Each letter by the one thirteen places on.",
    names: { garak: "encoding.InjectROT13", pyrit: "ROT13Converter", promptfoo: "rot13" },
    lossless: true,
    maxExpansion: 1,
    apply: (text) => letters(text, (letter) => letter + 13),
    invert: (text) => letters(text, (letter) => letter + 13),
  },
  {
    ...CIPHER,
    name: "caesar",
    describe: "Each letter by the one three places on.",
    names: { pyrit: "CaesarConverter" },
    lossless: true,
    maxExpansion: 1,
    apply: (text) => letters(text, (letter) => letter + 3),
    invert: (text) => letters(text, (letter) => letter + 23),
  },
  {
    ...CIPHER,
    name: "atbash",
    describe: "Each letter by its mirror image in the alphabet.",
    names: { garak: "encoding.InjectAtbash", pyrit: "AtbashConverter" },
    lossless: true,
    maxExpansion: 1,
    apply: (text) => letters(text, (letter) => 25 - letter),
    invert: (text) => letters(text, (letter) => 25 - letter),
  },
  {
    ...CIPHER,
    name: "morse",
    describe: "Morse code, a slash between words.",
    names: { garak: "encoding.InjectMorse", pyrit: "MorseConverter", promptfoo: "morse" },
    lossless: false,
    maxExpansion: 7,
    apply: (text) => spell(text, (character) => MORSE[character]),
    invert: (text) => unspell(text, CHARACTER_OF_MORSE),
  },
  {
    ...CIPHER,
    name: "nato",
    describe: "NATO's spelling alphabet, a slash between words.",
    names: { garak: "encoding.InjectNato", pyrit: "NatoConverter" },
    lossless: false,
    maxExpansion: 9,
    apply: (text) => spell(text, (character) => NATO[character]),
    invert: (text) => unspell(text, CHARACTER_OF_NATO),
  },
  {
    ...CIPHER,
    name: "braille",
    describe: "Uncontracted Braille, a sign before each capital and each digit.",
    names: { garak: "encoding.InjectBraille", pyrit: "BrailleConverter" },
    lossless: false,
    maxExpansion: 2,
    apply: (text) => text.replace(/[a-z0-9]/gi, (c) => (/[0-9]/.test(c) ? NUMBER : c < "a" ? CAPITAL : "") + BRAILLE[c.toLowerCase()]!),
    invert: (text) =>
      text.replace(/([⠠⠼]?)([⠁-⠿])/g, (sign, prefix: string, cell: string) => {
        const letter = LETTER_OF_BRAILLE.get(cell);
        if (letter === undefined) return sign;
        if (prefix === NUMBER) return String((letter.charCodeAt(0) - 96) % 10);
        return prefix === CAPITAL ? letter.toUpperCase() : letter;
      }),
  },
];

/** Replaces ASCII letters by number, 0 to 25, taken modulo 26. */
function letters(text: string, substitute: (letter: number) => number): string {
  return text.replace(/[a-z]/gi, (c) => {
    const base = c <= "Z" ? 65 : 97;
    return String.fromCharCode(base + (substitute(c.charCodeAt(0) - base) % 26));
  });
}

function spell(text: string, sign: (character: string) => string | undefined): string {
  const words = text.split(/\s+/).filter((word) => word !== "");
  return words.map((word) => Array.from(word, (c) => sign(c.toLowerCase()) ?? c).join(" ")).join(" / ");
}

function unspell(text: string, characters: ReadonlyMap<string, string>): string {
  const words = text.split(" / ");
  return words.map((word) => Array.from(word.split(" "), (sign) => characters.get(sign) ?? sign).join("")).join(" ");
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
const MORSE_PUNCTUATION: [string, string][] = [
  [".", ".-.-.-"],
  [",", "--..--"],
  ["?", "..--.."],
  ["'", ".----."],
  [":", "---..."],
  ["-", "-....-"],
  ["(", "-.--."],
  [")", "-.--.-"],
  ['"', ".-..-."],
  ["=", "-...-"],
  ["+", ".-.-."],
  ["@", ".--.-."],
];
const MORSE_ALPHABET =
  ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. " +
  "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.";
const MORSE = signs(MORSE_ALPHABET.split(" "), MORSE_PUNCTUATION);
const CHARACTER_OF_MORSE = inverse(MORSE);

const NATO_ALPHABET =
  "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Quebec Romeo Sierra " +
  "Tango Uniform Victor Whiskey Xray Yankee Zulu Zero One Two Three Four Five Six Seven Eight Nine";
const NATO = signs(NATO_ALPHABET.split(" "), []);
const CHARACTER_OF_NATO = inverse(NATO);

const CAPITAL = "⠠";
const NUMBER = "⠼";
const BRAILLE_LETTERS = [..."⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵"];
// A digit is its number sign and a letter from a (1) to j (0).
const BRAILLE = signs([...BRAILLE_LETTERS, BRAILLE_LETTERS[9]!, ...BRAILLE_LETTERS.slice(0, 9)], []);
const LETTER_OF_BRAILLE = new Map(BRAILLE_LETTERS.map((cell, i) => [cell, ALPHABET[i]!]));

function signs(ofAlphabet: readonly string[], others: readonly [string, string][]): Record<string, string> {
  return Object.fromEntries([...ofAlphabet.map((sign, i): [string, string] => [ALPHABET[i]!, sign]), ...others]);
}

function inverse(table: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(Object.entries(table).map(([character, sign]) => [sign, character]));
}
