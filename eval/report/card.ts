// A table on a card, with a title and a sentence on how to read it.
import { type Html, html } from "./html.ts";

type Cell = Html | string | number;

/** The first cell of a row names it. @param marked number of the row that stands out */
export function card(title: string, note: string, header: readonly string[], rows: readonly (readonly Cell[])[], marked?: number): Html {
  return html`<div class="card">
    <h3>${title}</h3>
    ${note && html`<p>${note}</p>`}
    <div class="scroll" tabindex="0" role="region" aria-label="${title}">
      <table>
        <caption>
          ${title}
        </caption>
        <thead>
          <tr>
            ${header.map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ([name, ...cells], i) =>
              html`<tr${i === marked ? html` class="on"` : ""}>
                <th scope="row">${name}</th>
                ${cells.map((cell) => html`<td>${cell}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </div>`;
}
