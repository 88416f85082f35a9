import { type Route, routes } from "#core/routes.ts";

/** The route table with `count` rows more: the same mix of rows under new names and paths. */
export const withMoreRoutes = (count: number): readonly Route[] => {
  const known = routes as readonly Route[];
  const added = Array.from({ length: count }, (_, index) => {
    const like = known[index % known.length] as Route;
    return {
      ...like,
      id: `${like.id}Again${index}`,
      path: `/again-${Math.floor(index / known.length)}${like.path}` as const,
    };
  });
  return [...known, ...added];
};
