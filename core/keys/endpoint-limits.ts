import { scaledLimit } from "#core/auth/rate-limit.ts";
import { countTokensLimit, type RateLimit, type Route, routes } from "#core/routes.ts";

/** The request limits of endpoints, as they are enforced for one caller. */

export interface EndpointLimit {
  /** Requests within the window. */
  readonly limit: number;
  readonly windowSeconds: number;
}

export interface NamedLimit extends EndpointLimit {
  readonly name: string;
  /** Over what it counts: one key, or all keys and sessions of a user. */
  readonly scope: "key" | "user";
  /** Endpoints that count together, such as `POST /api/v1/messages`. */
  readonly endpoints: readonly string[];
}

interface Limited {
  readonly limit: RateLimit;
  readonly endpoints: string[];
}

/** Limits by their name, with the endpoints that share each. */
const limitsOf = (isAsked: (route: Route) => boolean): ReadonlyMap<string, Limited> => {
  const limits = new Map<string, Limited>();
  for (const route of routes as readonly Route[]) {
    if (route.limit === undefined || !isAsked(route)) continue;
    const { limit, path } = route;
    const known = limits.get(limit.name) ?? { limit, endpoints: [] };
    known.endpoints.push(...route.methods.map((method) => `${method} ${path}`));
    limits.set(limit.name, known);
  }
  return limits;
};

/** The limit of endpoints that count tokens, by key. All keys of a user have another one. */
const tokenCountName = "count-tokens";

const takesKey = ({ auth }: Route): boolean => auth === "key" || auth === "key-or-session";
const takesSession = ({ auth }: Route): boolean => auth === "session" || auth === "key-or-session";

const scaled = (limit: RateLimit): RateLimit => scaledLimit(limit) ?? limit;

/** @param rateLimit the key's own requests a minute, over all endpoints together */
export const keyEndpointLimits = (rateLimit: number): readonly NamedLimit[] =>
  [...limitsOf(takesKey).entries()].map(([name, { limit, endpoints }]) => ({
    name,
    limit: Math.min(scaled(limit).limit, rateLimit),
    windowSeconds: limit.durationMs / 1_000,
    scope: "key",
    endpoints,
  }));

/** Those that all keys of a user share. */
export const sharedEndpointLimits = (): readonly NamedLimit[] => {
  const counts = limitsOf(({ limit }) => limit?.name === tokenCountName).get(tokenCountName);
  const { name, limit, durationMs } = scaled(countTokensLimit);
  return [{ name, limit, windowSeconds: durationMs / 1_000, scope: "user", endpoints: counts?.endpoints ?? [] }];
};

/** The same by name alone, for lists. */
export const limitsByName = (rateLimit: number): Readonly<Record<string, EndpointLimit>> =>
  Object.fromEntries(
    keyEndpointLimits(rateLimit).map(({ name, limit, windowSeconds }) => [name, { limit, windowSeconds }]),
  );

/** The limits of a signed-in user. */
export const sessionEndpointLimits = (): readonly NamedLimit[] =>
  [...limitsOf(takesSession).entries()].map(([name, { limit, endpoints }]) => ({
    name,
    limit: scaled(limit).limit,
    windowSeconds: limit.durationMs / 1_000,
    scope: "user",
    endpoints,
  }));
