import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  backgroundFunctions,
  catchAll,
  type Route,
  type RouteAuth,
  type RouteId,
  routeById,
  routes,
} from "#core/routes.ts";
import { secretNames } from "#core/secrets.ts";
import { tables } from "#core/tables.ts";
import { settingsOf } from "#infra/stage.ts";

const rows: readonly Route[] = [...routes, catchAll];
const every = [...rows, ...backgroundFunctions];
const root = join(import.meta.dirname, "../..");
const limitOf = ({ limit }: Route): string | undefined =>
  limit === undefined ? undefined : `${limit.limit} / ${limit.durationMs / 1_000} s / ${limit.scope}`;

/** The contract's own table of limits, by path. */
const limits: Readonly<Record<string, string>> = {
  "/api/v1/chat/completions": "60 / 60 s / key",
  "/api/v1/messages": "60 / 60 s / key",
  "/api/v1/messages/count_tokens": "120 / 60 s / key",
  "/api/v1/responses": "60 / 60 s / key",
  "/api/v1/responses/compact": "60 / 60 s / key",
  "/api/v1/responses/input_tokens": "120 / 60 s / key",
  "/api/v1/media/speech": "60 / 60 s / key",
  "/api/v1/media/voices": "60 / 60 s / key",
  "/api/v1/media/music": "60 / 60 s / key",
  "/api/v1/media/image": "60 / 60 s / key",
  "/api/v1/media/video": "60 / 60 s / key",
  "/api/v1/media/video/{taskId}": "60 / 60 s / key",
  "/api/v1/vision": "60 / 60 s / key",
  "/api/v1/fashion/run": "30 / 60 s / key",
  "/api/v1/fashion/subscribe": "30 / 60 s / key",
  "/api/v1/fashion/status/{id}": "40 / 10 s / key",
  "/api/chat": "10 / 60 s / key",
  "/api/v1/battle": "20 / 60 s / key",
  "/api/v1/fight": "10 / 60 s / key",
  "/api/mcp": "240 / 60 s / key",
  "/api/v1/council": "10 / 60 s / key",
  "/api/v1/image/generate": "30 / 60 s / key",
  "/api/v1/image/edit": "30 / 60 s / key",
  "/api/v1/video/generate": "10 / 60 s / key",
  "/api/v1/embeddings": "120 / 60 s / key",
  "/api/v1/models": "120 / 60 s / key",
  "/api/v1/models/{id+}": "120 / 60 s / key",
  "/api/v1/key": "120 / 60 s / key",
  "/api/v1/limits": "120 / 60 s / key",
  "/api/v1/usage": "60 / 60 s / key",
  "/api/v1/keys": "60 / 60 s / user",
  "/api/v1/keys/{id}": "60 / 60 s / user",
  "/api/v1/keys/{id}/rotate": "60 / 60 s / user",
  "/api/v1/provider-keys": "60 / 60 s / user",
  "/api/v1/provider-keys/{id}": "60 / 60 s / user",
  "/api/v1/jobs": "120 / 60 s / key",
  "/api/v1/jobs/{id}/content": "120 / 60 s / key",
  "/api/auth/sign-in": "10 / 60 s / address",
};

/** Who may call what: the contract's table. */
const callers: readonly (readonly [RegExp, RouteAuth])[] = [
  [
    /^\/api\/v1\/(chat|messages|responses|models|media|fashion|battle|fight|council|vision|image|video|embeddings|requests\/[^/]+\/cancel)\b/,
    "key",
  ],
  [/^\/api\/(chat|mcp)$/, "key"],
  [/^\/api\/v1\/(keys|provider-keys|exports|deliveries)\b/, "session"],
  [/^\/api\/v1\/(usage|jobs|requests)\b(?!.*cancel)/, "key-or-session"],
  [/^\/(api\/health|api\/openapi\.json|dashboard|docs)\b/, "none"],
];

describe("the route table", () => {
  it("has each id, each path and each function once", () => {
    for (const values of [every.map(({ id }) => id), rows.map(({ path }) => path)]) {
      expect(new Set(values).size).toBe(values.length);
    }
  });

  it("names no id that an AWS resource could not have", () => {
    for (const { id } of every) expect(id).toMatch(/^[A-Z][A-Za-z]{1,39}$/);
  });

  it.each(every.map(({ id, handler }) => [id, handler] as const))("has a file for %s: %s", (_id, handler) => {
    expect(existsSync(join(root, `${handler.replace(/\.handler$/, "")}.ts`))).toBe(true);
  });

  it.each(Object.entries(limits))("limits %s as the contract says: %s", (path, limit) => {
    const row = rows.find((route) => route.path === path);
    expect(row && limitOf(row)).toBe(limit);
  });

  it("limits every path that a key or a session opens", () => {
    for (const route of rows) if (route.auth !== "none") expect(route.limit, route.id).toBeDefined();
  });

  it("counts one limit of a name the same way everywhere", () => {
    const known = new Map<string, string | undefined>();
    for (const route of rows) {
      if (route.limit === undefined) continue;
      const { name } = route.limit;
      expect(limitOf(route), name).toBe(known.get(name) ?? limitOf(route));
      known.set(name, limitOf(route));
      // Unkey takes names of 3 to 128 characters.
      expect(name).toMatch(/^[a-z][a-z-]{2,127}$/);
    }
  });

  it("counts over what the caller has: a key, a user, or only an address", () => {
    const scopes = { key: "key", "key-or-session": "key", session: "user", none: "address" } as const;
    for (const { id, auth, limit } of rows) if (limit !== undefined) expect(limit.scope, id).toBe(scopes[auth]);
  });

  it.each(callers)("opens %s to: %s", (paths, auth) => {
    const matching = rows.filter(({ path }) => paths.test(path));
    expect(matching.length).toBeGreaterThan(0);
    for (const route of matching) expect(route.auth, route.path).toBe(auth);
  });

  /** Where the session of the dashboard's own pages counts, too (docs/decisions/0015). */
  const ownPages = ["Battle", "CancelRequest", "Chat", "ChatCompletions", "Council", "Fight", "Models"];

  it("grants each function what its way of telling callers needs, and not the other's", () => {
    for (const { id, auth, grants } of rows) {
      if (auth === "key" || auth === "key-or-session") {
        expect(grants, id).toEqual(expect.arrayContaining(["secret:UnkeyRootKey", "keys:GetItem", "keys:UpdateItem"]));
      }
      if (auth === "session" || auth === "key-or-session") expect(grants, id).toContain("secret:SupabaseAnonKey");
      if (auth === "key") expect([id, grants.includes("secret:SupabaseAnonKey")]).toEqual([id, ownPages.includes(id)]);
    }
  });

  it("grants only on tables and secrets that there are", () => {
    for (const { id, grants } of every) {
      for (const grant of grants) {
        const [kind = "", what = ""] = grant.split(":");
        if (kind === "secret") expect(secretNames, id).toContain(what);
        else if (!["kms", "bedrock", "sts"].includes(kind)) expect(Object.keys(tables), id).toContain(kind);
      }
    }
  });

  it("gives Supabase's service-role key to the deletion of accounts and to nothing else", () => {
    const holders = every.filter(({ grants }) => grants.some((grant) => grant === "secret:SupabaseServiceRoleKey"));
    expect(holders.map(({ id }) => id)).toEqual(["DeleteAccounts"]);
  });

  it("gives no provider's secret to a function that calls no provider", () => {
    const free = ["UnkeyRootKey", "SupabaseAnonKey"];
    /** What the dashboard's player asks passes a file of Google through, and nothing else. */
    const passing: Readonly<Record<string, readonly string[]>> = { JobContent: ["GoogleApiKey"] };
    for (const { id, auth, grants } of rows) {
      if (auth === "key") continue;
      const allowed = [...free, ...(passing[id] ?? [])];
      for (const grant of grants)
        if (grant.startsWith("secret:")) expect(allowed, id).toContain(grant.slice("secret:".length));
    }
  });

  it("lets nobody but the catalogue's and the catch-all's readers go without metering where a provider is paid", () => {
    const counting = ["CountTokens", "ResponsesInputTokens"];
    // The row of the job's start is settled.
    const asking = ["VideoStatus"];
    for (const { id, stream, auth, grants } of rows) {
      if (!stream || auth !== "key" || counting.includes(id)) continue;
      const metering = ["usage:UpdateItem", ...(asking.includes(id) ? [] : ["usage:PutItem"])];
      expect(grants, id).toEqual(expect.arrayContaining(metering));
    }
  });

  it("keeps buffered functions under API Gateway's 29 s, and streams under Lambda's 900 s", () => {
    for (const { id, stream, timeoutSeconds, concurrency } of rows) {
      expect(timeoutSeconds, id).toBeLessThanOrEqual(stream ? 900 : 29);
      if (stream) expect(concurrency, id).toBe("stream");
    }
  });

  it("keeps what waits for a provider out of the reserved pools: four callers could fill one", () => {
    for (const { id, grants, concurrency } of rows) {
      const waits = grants.some(
        (grant) => /^secret:/.test(grant) && !/:(UnkeyRootKey|SupabaseAnonKey|Langfuse\w+)$/.test(grant),
      );
      expect([id, waits && concurrency !== "stream"]).toEqual([id, false]);
    }
  });

  it("bounds what one caller holds of a reserved pool: at most half, with a second for each request", () => {
    const pool = settingsOf("production").reservedConcurrency.api ?? 0;
    const secondsOfRequest = 1;
    for (const { id, limit, concurrency } of rows) {
      if (concurrency !== "api" || limit === undefined) continue;
      const held = (limit.limit / (limit.durationMs / 1_000)) * secondsOfRequest;
      expect([id, held <= pool / 2]).toEqual([id, true]);
    }
  });

  it("gives chat completions longer than the longest timeout that a caller may ask for", () => {
    expect(routeById("ChatCompletions").timeoutSeconds).toBeGreaterThan(300);
  });

  it("feeds functions only from tables that have a stream", () => {
    for (const { id, trigger } of backgroundFunctions) {
      if ("stream" in trigger) expect(tables[trigger.stream], id).toHaveProperty("stream");
    }
  });

  it("knows each row by its id, and throws for what it does not have", () => {
    for (const { id } of rows) expect(routeById(id as RouteId).id).toBe(id);
    expect(() => routeById("Nothing" as RouteId)).toThrow("no row Nothing");
  });
});
