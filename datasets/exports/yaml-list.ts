// A list of records as YAML, written item by item. Every string stands between double quotes, and whatever is not
// printable is escaped, since the YAML 1.1 readers of other tools refuse it raw.
import { stringify } from "yaml";

const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|(?<![\ud800-\udbff])[\udc00-\udfff]|[\ud800-\udbff](?![\udc00-\udfff])/g;

/** One item of a list that stands at the left edge. */
export function yamlItem(record: unknown): string {
  const text = stringify([record], { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN", lineWidth: 0 });
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
