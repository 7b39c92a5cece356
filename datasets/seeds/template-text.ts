// promptfoo (Nunjucks) and PyRIT (Jinja) read texts as templates. A text that holds what opens a tag goes between
// {% raw %} and {% endraw %}, so that it is sent as it stands.

const OPEN = "{% raw %}";
const CLOSE = "{% endraw %}";

/** The text as a template that renders to it; undefined where none does. */
export function asTemplate(text: string): string | undefined {
  if (!/\{[{%#]/.test(text)) return text;
  return /\{%[-+]?\s*endraw/.test(text) ? undefined : `${OPEN}${text}${CLOSE}`;
}

export function withoutRaw(text: string): string {
  return text.startsWith(OPEN) && text.endsWith(CLOSE) ? text.slice(OPEN.length, -CLOSE.length) : text;
}
