import { GatewayError } from "#core/errors.ts";

/** A page of a list, in the shape that OpenAI's and Anthropic's clients both read. */
export interface Page<Item> {
  readonly object: "list";
  readonly data: readonly Item[];
  readonly has_more: boolean;
  readonly first_id: string | null;
  readonly last_id: string | null;
}

export interface PageQuery {
  readonly limit?: number | undefined;
  readonly after_id?: string | undefined;
  readonly before_id?: string | undefined;
}

const placeOf = (items: readonly { readonly id: string }[], id: string, param: string): number => {
  const place = items.findIndex((item) => item.id === id);
  if (place >= 0) return place;
  throw new GatewayError("BAD_REQUEST", `${param} must be the id of a listed model.`, { param });
};

/** The items after one, or right before one. @throws GatewayError for an id that is not listed, or both */
export const pageOf = <Item extends { readonly id: string }>(
  items: readonly Item[],
  { limit = items.length, after_id: after, before_id: before }: PageQuery,
): Page<Item> => {
  if (after !== undefined && before !== undefined) {
    throw new GatewayError("BAD_REQUEST", "Send after_id or before_id, not both.", { param: "before_id" });
  }
  const end = before === undefined ? items.length : placeOf(items, before, "before_id");
  const start = after === undefined ? 0 : placeOf(items, after, "after_id") + 1;
  const rest = items.slice(start, end);
  // Before an id, the nearest ones count.
  const data = before === undefined ? rest.slice(0, limit) : rest.slice(-limit);
  return {
    object: "list",
    data,
    has_more: rest.length > data.length,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
};
