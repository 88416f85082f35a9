import type * as z from "zod";
import { createIdentity, deleteIdentity, getIdentity, listIdentities, updateIdentity } from "./identities.ts";
import { createKey, deleteKey, getKey, listKeys, rerollKey, updateKey, whoami } from "./keys.ts";
import { Problem } from "./problem.ts";
import { limit, multiLimit } from "./ratelimits.ts";
import { type RequestOf, requests } from "./requests.ts";
import type { SlidingWindows } from "./sliding-window.ts";
import type { State } from "./state.ts";
import { verifyKey } from "./verify-key.ts";

export interface Unkey {
  readonly state: State;
  readonly windows: SlidingWindows;
  readonly api: { readonly id: string; readonly name: string };
  readonly nowMs: () => number;
}

/** What stands beside `meta` in the body of a 200. */
type Answer = Readonly<Record<string, unknown>>;

/** When what a call changed is on disk: before it answers, soon, or there is nothing to keep. */
type Keeping = "now" | "later" | "never";

export interface Endpoint {
  readonly keeping: Keeping;
  /** @throws Problem when the body is not what the endpoint takes, or the call is refused. */
  readonly call: (body: unknown, unkey: Unkey) => Answer;
}

const endpoint = <Name extends keyof typeof requests>(
  name: Name,
  keeping: Keeping,
  run: (request: RequestOf<Name>, unkey: Unkey) => Answer,
): Endpoint => ({
  keeping,
  call: (body, unkey) => {
    const parsed = requests[name].safeParse(body);
    if (!parsed.success) throw invalidBody(parsed.error);
    return run(parsed.data as RequestOf<Name>, unkey);
  },
});

/** Every endpoint that the stand-in has, by its path. All are POST. */
export const endpoints: Readonly<Record<string, Endpoint>> = {
  "/v2/keys.createKey": endpoint("createKey", "now", (request, unkey) => {
    requireApi(request.apiId, unkey);
    return { data: createKey(request, unkey.state, unkey.nowMs()) };
  }),
  "/v2/keys.verifyKey": endpoint("verifyKey", "later", (request, { state, windows, nowMs }) => ({
    data: verifyKey(request, state, windows, nowMs()),
  })),
  "/v2/keys.updateKey": endpoint("updateKey", "now", (request, { state, nowMs }) => ({
    data: updateKey(request, state, nowMs()),
  })),
  "/v2/keys.deleteKey": endpoint("deleteKey", "now", (request, { state }) => ({ data: deleteKey(request, state) })),
  "/v2/keys.getKey": endpoint("getKey", "never", (request, { state }) => ({ data: getKey(request, state) })),
  "/v2/keys.rerollKey": endpoint("rerollKey", "now", (request, { state, nowMs }) => ({
    data: rerollKey(request, state, nowMs()),
  })),
  "/v2/keys.whoami": endpoint("whoami", "never", (request, { state }) => ({ data: whoami(request, state) })),
  "/v2/apis.listKeys": endpoint("listKeys", "never", (request, unkey) => {
    requireApi(request.apiId, unkey);
    return listKeys(request, unkey.state);
  }),
  "/v2/apis.getApi": endpoint("getApi", "never", (request, unkey) => {
    requireApi(request.apiId, unkey);
    return { data: unkey.api };
  }),
  "/v2/identities.createIdentity": endpoint("createIdentity", "now", (request, { state }) => ({
    data: createIdentity(request, state),
  })),
  "/v2/identities.getIdentity": endpoint("getIdentity", "never", (request, { state }) => ({
    data: getIdentity(request, state),
  })),
  "/v2/identities.updateIdentity": endpoint("updateIdentity", "now", (request, { state }) => ({
    data: updateIdentity(request, state),
  })),
  "/v2/identities.listIdentities": endpoint("listIdentities", "never", (request, { state }) =>
    listIdentities(request, state),
  ),
  "/v2/identities.deleteIdentity": endpoint("deleteIdentity", "now", (request, { state }) => {
    deleteIdentity(request, state);
    return {};
  }),
  "/v2/ratelimit.limit": endpoint("limit", "never", (request, { windows, nowMs }) => ({
    data: limit(request, windows, nowMs()),
  })),
  "/v2/ratelimit.multiLimit": endpoint("multiLimit", "never", (request, { windows, nowMs }) => ({
    data: multiLimit(request, windows, nowMs()),
  })),
};

const requireApi = (apiId: string, { api }: Unkey): void => {
  if (apiId !== api.id) throw new Problem("notFound", "unkey/data/api_not_found", "The specified API was not found.");
};

const invalidBody = (error: z.ZodError): Problem =>
  new Problem(
    "badRequest",
    "unkey/application/invalid_input",
    "POST request body failed to validate schema",
    // Messages name fields and limits, never a value: a key may be one.
    error.issues.map(({ path, message }) => ({
      location: path.reduce<string>(
        (location, part) => (typeof part === "number" ? `${location}[${part}]` : `${location}.${String(part)}`),
        "body",
      ),
      message,
    })),
  );
