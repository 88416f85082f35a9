import {
  type BackgroundFunction,
  backgroundFunctions,
  catchAll,
  type Grant,
  type Route,
  routes,
} from "#core/routes.ts";
import type { RightsHolder } from "./function-rights.ts";

const rows: readonly (Route | BackgroundFunction)[] = [...routes, catchAll, ...backgroundFunctions];

/** A right that a role can lose: secrets are links, not rights. */
export const rightsOf = ({ grants }: Pick<Route, "grants">): readonly Grant[] =>
  [...new Set(grants)].filter((grant) => !grant.startsWith("secret:"));

/**
 * Every function with its grants, less those that `WITHOUT_RIGHTS` names, to see what happens without them:
 * `WITHOUT_RIGHTS=Keys keys:Query,Usage rollups:Query`. @throws Error for one that no row has
 */
export const rightsHolders = (without = ""): readonly RightsHolder[] => {
  const lost = without.split(",").flatMap((text) => {
    const [id, grant] = text.trim().split(/\s+/);
    return id === undefined || id === "" ? [] : [{ id, grant }];
  });
  for (const { id, grant } of lost) {
    const row = rows.find((each) => each.id === id);
    if (row === undefined || !rightsOf(row).some((each) => each === grant)) {
      throw new Error(`WITHOUT_RIGHTS names ${id} ${grant}, which is not in the route table`);
    }
  }
  return rows.map(({ id, grants }) => ({
    id,
    grants: grants.filter((grant) => !lost.some((each) => each.id === id && each.grant === grant)),
  }));
};
