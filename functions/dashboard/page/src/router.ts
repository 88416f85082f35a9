import { computed, signal } from "@preact/signals";
import { root } from "./root.ts";

/** The page's own addresses: `<root>dashboard/<page>?<query>`. */

export const base = `${root}dashboard`;

interface Place {
  readonly page: string;
  readonly query: URLSearchParams;
}

const readPlace = (): Place => ({
  page: location.pathname.slice(base.length).replaceAll(/^\/+|\/+$/g, ""),
  query: new URLSearchParams(location.search),
});

export const place = signal<Place>(readPlace());
/** Changes with the page only, not with its query. */
export const page = computed(() => place.value.page);

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
  /** Takes the place of the current entry of the history. */
  readonly replace?: boolean;
}

export const navigate = (target: string, { query, replace = false }: NavigateOptions = {}): void => {
  navigated = target !== page.peek();
  history[replace ? "replaceState" : "pushState"](null, "", addressOf(target, query));
  place.value = readPlace();
};

addEventListener("popstate", () => {
  navigated = true;
  place.value = readPlace();
});
