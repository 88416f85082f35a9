interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** One page of all items in the order of their ids. The cursor is the id that the page before ended with. */
export const pageOf = <Item>(
  all: readonly Item[],
  idOf: (item: Item) => string,
  { limit, cursor = "" }: PageRequest,
) => {
  const rest = all.filter((item) => idOf(item) > cursor).sort((left, right) => (idOf(left) < idOf(right) ? -1 : 1));
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  const hasMore = rest.length > limit;
  return { items, pagination: { hasMore, ...(hasMore && last !== undefined && { cursor: idOf(last) }) } };
};
