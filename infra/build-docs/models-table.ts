import { pricesOn } from "#core/catalog/cost.ts";
import type { CatalogModel, TokenPrices } from "#core/catalog/model.ts";
import { models } from "#core/catalog/models.ts";
import { aliasesOf } from "#core/catalog/resolve.ts";
import { escapeHtml } from "./html.ts";

/** The catalogue as a page: what every model takes, can and costs, its announced prices and its end. */

const usd = (microUsd: number | undefined): string => (microUsd === undefined ? "–" : `$${microUsd / 1_000_000}`);
const count = (value: number): string => value.toLocaleString("en-US");

const pricesText = ({ input, output }: TokenPrices): string => `${usd(input)} in, ${usd(output)} out`;

const notesOf = ({ longContext, laterPrices = [], deprecated }: CatalogModel, nowMs: number): readonly string[] => [
  ...(longContext === undefined
    ? []
    : [`Above ${count(longContext.aboveInputTokens)} input tokens: ${pricesText(longContext.prices)}.`]),
  ...laterPrices
    .filter(({ from }) => Date.parse(from) > nowMs)
    .map(({ from, prices }) => `From ${from}: ${pricesText(prices)}.`),
  ...(deprecated === undefined ? [] : [`Ends on ${deprecated.shutDownOn}. Use ${deprecated.successor}.`]),
];

const rowOf = (model: CatalogModel, nowMs: number): string => {
  const { id, name, provider, input, capabilities, contextTokens, maxOutputTokens } = model;
  const { prices } = pricesOn(model, nowMs);
  const aliases = aliasesOf(id).map((alias) => `alias ${alias}`);
  const can = [
    ...(capabilities.tools ? ["tools"] : []),
    ...(capabilities.reasoning ? ["reasoning"] : []),
    ...(capabilities.jsonSchema ? ["JSON schema"] : []),
  ];
  const cells = [
    provider,
    usd(prices.input),
    usd(prices.output),
    usd(prices.cachedInput),
    count(contextTokens),
    count(maxOutputTokens),
    input.join(", "),
    can.join(", "),
    notesOf(model, nowMs).join(" "),
  ];
  return `<tr><th scope="row"><code>${escapeHtml(id)}</code><span class="hint">${escapeHtml([name, ...aliases].join(" · "))}</span></th>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`;
};

const heads = [
  "Model",
  "Provider",
  "Input",
  "Output",
  "Cached input",
  "Context",
  "Max output",
  "Takes",
  "Can",
  "Announced",
];

/** As of the day of the build. */
export const modelsPage = (nowMs: number): string =>
  `<h1>Models</h1><p>Chat models that the gateway serves, with list prices in USD for a million tokens, as of ${new Date(nowMs).toISOString().slice(0, 10)}. The <a href="%DOCS%../dashboard/models">dashboard</a> searches, filters and compares them.</p><div class="scroll" tabindex="0" role="group" aria-label="Models"><table class="models"><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody>${models.map((model) => rowOf(model, nowMs)).join("")}</tbody></table></div>`;
