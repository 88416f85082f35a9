import type { Model } from "../../api/models.ts";
import { formatCount } from "../../format.ts";

/** What is said of a model in a few words. */

export const abilities = { tools: "tools", reasoning: "reasoning", jsonSchema: "JSON schema" } as const;

export const abilitiesOf = ({ capabilities = {}, modalities }: Model): string =>
  [
    ...Object.entries(abilities).flatMap(([name, word]) => (capabilities[name] === true ? [word] : [])),
    ...(modalities?.input ?? []).filter((kind) => kind !== "text"),
  ].join(", ");

/** USD for a million tokens, as list prices are written. */
export const price = (usd: number | null | undefined): string => (usd === null || usd === undefined ? "–" : `$${usd}`);
export const count = (value: number | undefined): string => (value === undefined ? "–" : formatCount(value));
