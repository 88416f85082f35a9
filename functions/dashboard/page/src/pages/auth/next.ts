import { page, route } from "../../router.ts";

/** Where to go once signed in. */

/** Page within the dashboard, without its root: what was asked for before signing in, else the keys. */
export const nextPage = (): string => {
  const asked = route.value.query.get("next") ?? "";
  return /^[a-z][a-z-]*$/.test(asked) ? asked : "keys";
};

/** The same as a path within the gateway, as the API takes it. */
export const nextPath = (): string => `/dashboard/${nextPage()}`;

/** The query that brings the user back to the page that is open now. */
export const returnQuery = (): URLSearchParams =>
  new URLSearchParams(page.value === "" || page.value === "keys" ? {} : { next: page.value });

/** The present query's `next`, handed on to another card. */
export const keptQuery = (): URLSearchParams => {
  const next = route.value.query.get("next");
  return new URLSearchParams(next === null ? {} : { next });
};
