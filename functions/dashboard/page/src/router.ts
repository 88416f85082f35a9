import { computed, signal } from "@preact/signals";
import { root } from "./root.ts";

/** The page's own addresses: `<root>dashboard/<page>?<query>`. */

export const base = `${root}dashboard`;

interface Route {
  readonly page: string;
  readonly query: URLSearchParams;
}

const readRoute = (): Route => ({
  page: location.pathname.slice(base.length).replaceAll(/^\/+|\/+$/g, ""),
  query: new URLSearchParams(location.search),
});

export const route = signal<Route>(readRoute());
/** Changes with the page only, not with its query. */
export const page = computed(() => route.value.page);

export const addressOf = (target: string, query?: URLSearchParams): string => {
  const text = query?.toString() ?? "";
  return `${base}/${target}${text === "" ? "" : `?${text}`}`;
};

let navigated = false;

/** Whether the user has moved within the page since it was last asked. The first page leaves the focus where it is. */
export const takeNavigated = (): boolean => {
  const was = navigated;
  navigated = false;
  return was;
};

export interface NavigateOptions {
  readonly query?: URLSearchParams;
  /** Takes the route of the current entry of the history. */
  readonly replace?: boolean;
}

export const navigate = (target: string, { query, replace = false }: NavigateOptions = {}): void => {
  navigated = target !== page.peek();
  history[replace ? "replaceState" : "pushState"](null, "", addressOf(target, query));
  route.value = readRoute();
};

addEventListener("popstate", () => {
  navigated = true;
  route.value = readRoute();
});
