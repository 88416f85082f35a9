import { Unkey } from "@unkey/api";
import { HTTPClient } from "@unkey/api/lib/http.js";
import {
  APIError,
  BadRequestErrorResponse,
  ConflictErrorResponse,
  NotFoundErrorResponse,
  UnauthorizedErrorResponse,
} from "@unkey/api/models/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractFetch } from "./contract.ts";
import { apiId, rootKey, startTestUnkey, type TestUnkey } from "./unkey.ts";

describe("@unkey/api against the stand-in", () => {
  let server: TestUnkey;
  let unkey: Unkey;
  const connect = (key = rootKey) =>
    new Unkey({
      rootKey: key,
      serverURL: server.url,
      httpClient: new HTTPClient({ fetcher: (input, init) => contractFetch(input, init) }),
      retryConfig: { strategy: "none" },
    });
  beforeAll(async () => {
    server = await startTestUnkey();
    unkey = connect();
  });
  afterAll(() => server.close());

  it("leads a key through its whole life", async () => {
    const ratelimits = [{ name: "requests", limit: 2, duration: 60_000, autoApply: true }];
    const { data: created } = await unkey.keys.createKey({ apiId, prefix: "ck", externalId: "life", ratelimits });
    const code = async (key = created.key) => (await unkey.keys.verifyKey({ key })).data.code;
    expect([await code(), await code(), await code()]).toEqual(["VALID", "VALID", "RATE_LIMITED"]);
    const { keyId } = created;
    await unkey.keys.updateKey({ keyId, enabled: false });
    expect(await code()).toBe("DISABLED");
    await unkey.keys.updateKey({ keyId, enabled: true, expires: 1 });
    expect(await code()).toBe("EXPIRED");
    await unkey.keys.updateKey({ keyId, expires: null, name: "mine" });
    expect((await unkey.keys.getKey({ keyId })).data).toMatchObject({ keyId, name: "mine", enabled: true });
    expect((await unkey.keys.whoami({ key: created.key })).data.keyId).toBe(keyId);
    const { data: rerolled } = await unkey.keys.rerollKey({ keyId, expiration: 0 });
    expect([await code(), await code(rerolled.key)]).toEqual(["EXPIRED", "VALID"]);
    await unkey.keys.deleteKey({ keyId });
    expect([await code(), await code("ck_never")]).toEqual(["NOT_FOUND", "NOT_FOUND"]);
  });

  it("shows the limits of a verification, its own and the request's", async () => {
    const { data: created } = await unkey.keys.createKey({ apiId });
    const ratelimits = [{ name: "chat-completions", limit: 60, duration: 60_000 }];
    const { data: verdict } = await unkey.keys.verifyKey({ key: created.key, ratelimits });
    expect(verdict.ratelimits).toEqual([
      {
        exceeded: false,
        id: "",
        name: "chat-completions",
        limit: 60,
        duration: 60_000,
        remaining: 59,
        reset: server.clock.nowMs + 60_000,
        autoApply: false,
      },
    ]);
  });

  it("pages through a user's keys by its iterator", async () => {
    for (let index = 0; index < 5; index++) await unkey.keys.createKey({ apiId, externalId: "pages" });
    const seen: string[] = [];
    for await (const page of await unkey.apis.listKeys({ apiId, externalId: "pages", limit: 2 })) {
      seen.push(...page.result.data.map(({ keyId }) => keyId));
    }
    expect(new Set(seen).size).toBe(5);
    expect(seen).toHaveLength(5);
  });

  it("manages identities and limits", async () => {
    const { data: created } = await unkey.identities.createIdentity({ externalId: "sdk-user" });
    expect((await unkey.identities.getIdentity({ identity: "sdk-user" })).data.id).toBe(created.identityId);
    await unkey.identities.updateIdentity({ identity: "sdk-user", meta: { a: 1 } });
    const listed = (await unkey.identities.listIdentities({ search: "sdk-" })).result.data;
    expect(listed).toEqual([{ id: created.identityId, externalId: "sdk-user", meta: { a: 1 } }]);
    await unkey.identities.deleteIdentity({ identity: "sdk-user" });
    const check = { namespace: "n", identifier: "i", limit: 1, duration: 60_000 };
    expect((await unkey.ratelimit.limit(check)).data.success).toBe(true);
    expect((await unkey.ratelimit.multiLimit([check])).data.passed).toBe(false);
    expect((await unkey.apis.getApi({ apiId })).data.id).toBe(apiId);
  });

  describe("gets typed errors", () => {
    const failure = (call: Promise<unknown>) =>
      call.then(
        () => expect.unreachable(),
        (error: unknown) => error,
      );

    it("400, with the fields at fault", async () => {
      const ratelimits = [{ name: "x", limit: 0, duration: 1, autoApply: true }];
      const error = await failure(unkey.keys.createKey({ apiId, ratelimits }));
      expect(error).toBeInstanceOf(BadRequestErrorResponse);
      const locations = (error as BadRequestErrorResponse).error.errors.map(({ location }) => location);
      const fields = ["name", "limit", "duration"];
      expect(locations.toSorted()).toEqual(fields.map((field) => `body.ratelimits[0].${field}`).toSorted());
    });

    it("401 for another root key", async () => {
      const error = await failure(connect("unkey_other").keys.verifyKey({ key: "ck_a" }));
      expect(error).toBeInstanceOf(UnauthorizedErrorResponse);
    });

    it("404 for a key that is not there", async () => {
      const error = await failure(unkey.keys.getKey({ keyId: "key_unknown" }));
      expect(error).toBeInstanceOf(NotFoundErrorResponse);
      expect((error as NotFoundErrorResponse).statusCode).toBe(404);
    });

    it("409 for an identity that is there", async () => {
      await unkey.identities.createIdentity({ externalId: "same" });
      const error = await failure(unkey.identities.createIdentity({ externalId: "same" }));
      expect(error).toBeInstanceOf(ConflictErrorResponse);
    });

    it("412 for an unknown limit: the SDK has no type for it there, so its general one", async () => {
      const { data: created } = await unkey.keys.createKey({ apiId });
      const error = await failure(unkey.keys.verifyKey({ key: created.key, ratelimits: [{ name: "missing" }] }));
      expect(error).toBeInstanceOf(APIError);
      expect((error as APIError).statusCode).toBe(412);
    });
  });
});
