// The page that every report is: one HTML file that asks for nothing from anywhere, with no example's text in it.
import { Html, html } from "./html.ts";
import { STYLE } from "./style.ts";

export interface Page {
  title: string;
  /** A word or two above the title: what kind of report it is. */
  eyebrow: string;
  lead: Html;
  body: Html;
}

/** The same page gives the same bytes. */
export function renderPage({ title, eyebrow, lead, body }: Page): string {
  const page = html`${new Html("<!doctype html>")}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <p class="eyebrow">${eyebrow}</p>
            <h1>${title}</h1>
            ${lead}
          </header>
          ${body}
        </main>
      </body>
    </html> `;
  // A number and its percent sign stay on one line.
  return page.text.replace(/(\d) %/g, "$1\u00a0%");
}
