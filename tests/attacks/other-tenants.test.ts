import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { utcDay } from "#core/db/row-keys.ts";
import { rollUp } from "#core/usage/rollup.ts";
import { canonicalJson } from "#core/values/canonical-json.ts";
import type { HttpReply } from "#tests/accounts/support/gateway.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { newEvent } from "#tests/core/support/usage-events.ts";
import { type Tenant, useAttackedGateway, withKey } from "./support/gateway.ts";
import { nowhere, type SampledOperation, type SampleParts, sampledOperations, sendAs } from "./support/samples.ts";

/**
 * Whatever takes an id is tried with the id of another tenant. The places are read from the route table and the OpenAPI
 * table, so a new route that takes an id fails here until it is attacked too.
 */

/** Path parameters that name nothing of a tenant. */
const publicParameters: Readonly<Record<string, string>> = {
  "GET /api/v1/models/{id+}": "a model of the catalogue",
  "GET /api/auth/oauth/{provider}": "github or google",
  "GET /dashboard/{proxy+}": "a file of the page",
  "GET /docs/{proxy+}": "a page of the documentation",
};

/** Fields of queries that name nothing of a tenant. */
const publicFields: Readonly<Record<string, string>> = {
  "GET /api/v1/models: query after_id": "a model of the catalogue",
  "GET /api/v1/models: query before_id": "a model of the catalogue",
};

const placesOf = ({ name, route, query }: SampledOperation): readonly string[] => [
  ...(publicParameters[name] === undefined
    ? [...route.path.matchAll(/\{(\w+)\+?\}/g)].map(([, parameter]) => `${name}: path ${parameter}`)
    : []),
  ...query
    .filter((field) => /id$/i.test(field))
    .map((field) => `${name}: query ${field}`)
    .filter((place) => publicFields[place] === undefined),
];

interface Owned {
  readonly parts: SampleParts;
  /** Jobs by kind. */
  readonly clip: string;
  readonly fashion: string;
  readonly video: string;
  /** A request that has ended. */
  readonly request: string;
  /** A battle that can be voted on. */
  readonly battle: string;
  /** A video that has ended and that its provider gives to nobody without the key. */
  readonly held: string;
}

interface Attack {
  readonly with: (owned: Owned) => SampleParts;
  /** What the stranger must get: the same as for an id that nobody has. */
  readonly refusal: 404 | "nothing";
}

const ended = (owned: Owned): SampleParts => ({ ...owned.parts, requestId: owned.request });
const fought = (owned: Owned): SampleParts => ({ ...owned.parts, requestId: owned.battle });
const own = ({ parts }: Owned): SampleParts => parts;
const job = (kind: "clip" | "fashion" | "video" | "held") => (owned: Owned) => ({ ...owned.parts, jobId: owned[kind] });

const attacks: Readonly<Record<string, Attack>> = {
  "POST /api/v1/requests/{id}/cancel: path id": { with: own, refusal: 404 },
  "GET /api/v1/requests/{id}: path id": { with: ended, refusal: 404 },
  "POST /api/v1/requests/{id}/feedback: path id": { with: ended, refusal: 404 },
  "POST /api/v1/runs/{id}/vote: path id": { with: fought, refusal: 404 },
  "PATCH /api/v1/presets/{name}: path name": { with: own, refusal: 404 },
  "DELETE /api/v1/presets/{name}: path name": { with: own, refusal: 404 },
  "PATCH /api/v1/exports/{id}: path id": { with: own, refusal: 404 },
  "DELETE /api/v1/exports/{id}: path id": { with: own, refusal: 404 },
  "PATCH /api/v1/keys/{id}: path id": { with: own, refusal: 404 },
  "DELETE /api/v1/keys/{id}: path id": { with: own, refusal: 404 },
  "POST /api/v1/keys/{id}/rotate: path id": { with: own, refusal: 404 },
  "PATCH /api/v1/provider-keys/{id}: path id": { with: own, refusal: 404 },
  "DELETE /api/v1/provider-keys/{id}: path id": { with: own, refusal: 404 },
  "GET /api/v1/usage: query keyId": { with: own, refusal: "nothing" },
  "GET /api/v1/media/video/{taskId}: path taskId": { with: job("clip"), refusal: 404 },
  "GET /api/v1/fashion/status/{id}: path id": { with: job("fashion"), refusal: 404 },
  "GET /api/v1/video/status: query id": { with: job("video"), refusal: 404 },
  "GET /api/v1/jobs/{id}/content: path id": { with: job("held"), refusal: 404 },
};

/** What differs between two answers to the same question. */
const comparable = (reply: HttpReply): string => reply.text.replaceAll(/req_[\w-]+/g, "req");

describe.skipIf(!hasTables)(`another tenant's ids (${tablesName})`, () => {
  const gateway = useAttackedGateway();
  captureLog();
  let owner: Tenant;
  let stranger: Tenant;
  let owned: Owned;
  let running: Promise<HttpReply> | undefined;

  const started = async (path: string, body: object): Promise<string> => {
    const reply = await withKey(owner, { method: "POST", path, body });
    expect(reply.status, reply.text).toBeLessThan(300);
    return reply.data<{ id: string }>().id;
  };

  const requested = async (): Promise<string> => {
    const body = { model: "gpt", messages: [{ role: "user", content: "Hello" }] };
    const reply = await withKey(owner, { method: "POST", path: "/api/v1/chat/completions", body });
    expect(reply.status, reply.text).toBe(200);
    return reply.headers["x-request-id"] ?? "";
  };

  const endedJob = async (jobId: string): Promise<string> => {
    await vi.waitFor(
      async () => {
        const reply = await withKey(owner, { method: "GET", path: `/api/v1/video/status?id=${jobId}` });
        expect(reply.data<{ status: string }>().status).toBe("completed");
      },
      { timeout: 10_000, interval: 500 },
    );
    return jobId;
  };

  /** Everything that the owner has, as our tables and Unkey hold it; counters of the stranger's own calls are not in it. */
  const ownersRows = async (): Promise<readonly string[]> => {
    const tables = ["keys", "providerKeys", "jobs", "cache", "rollups"] as const;
    const rows = (await Promise.all(tables.map((table) => gateway().rows(table)))).flat();
    return rows
      .map((row) => canonicalJson(JSON.parse(JSON.stringify(row, bigints))))
      .filter((row) => row.includes(owner.userId))
      .sort();
  };

  // Once, and not in beforeAll: what it logs is kept out of the report as well.
  beforeEach(async () => {
    if (running !== undefined) return;
    owner = await gateway().createTenant();
    stranger = await gateway().createTenant();
    const stored = await owner.browser.post("/api/v1/provider-keys", {
      provider: "openai",
      slug: "owners-slug",
      displayName: "Mine",
      apiKey: "sk-owner-0123456789abcdef",
    });
    await owner.browser.post("/api/v1/presets", { name: "owners-preset", settings: { model: "gpt" } });
    const exported = await owner.browser.post("/api/v1/exports", {
      kind: "otlp",
      url: "https://93.184.215.14/v1/traces",
    });
    await rollUp([newEvent({ userId: owner.userId, day: utcDay(Date.now()), keyId: owner.keyId })], Date.now());
    owned = {
      parts: {
        ...nowhere,
        keyId: owner.keyId,
        providerKeyId: stored.data<{ id: string }>().id,
        slug: "owners-slug",
        exportId: exported.data<{ id: string }>().id,
        presetName: "owners-preset",
        requestId: "",
      },
      request: await requested(),
      battle: await started("/api/v1/battle", { message: "Hello", models: ["gpt", "claude"] }),
      clip: await started("/api/v1/media/video", { prompt: "A lake [[simulate: polls=99]]" }),
      fashion: await started("/api/v1/fashion/run", {
        model_name: "background-change",
        inputs: { image: "https://images.example.com/a.png", prompt: "A lake [[simulate: polls=99]]" },
      }),
      video: await started("/api/v1/video/generate", { model: "kling", prompt: "A lake [[simulate: polls=99]]" }),
      held: await endedJob(await started("/api/v1/video/generate", { model: "veo", prompt: "A lake" })),
    };
    running = withKey(owner, {
      method: "POST",
      path: "/api/v1/chat/completions",
      body: {
        model: "claude",
        stream: true,
        messages: [{ role: "user", content: "[[simulate: chunks=4 stall-after=1]]" }],
      },
    });
    const requestId = await vi.waitFor(
      async () => {
        const rows = await gateway().rows("keys");
        const open = rows.flatMap((row) => Object.keys((row.open ?? {}) as object))[0];
        // The battle asks the same provider, so only this request's own words tell that it has arrived.
        const asked = JSON.stringify(gateway().providers.requests()).includes("stall-after=1");
        if (open === undefined || !asked) throw new Error("No request is open");
        return open;
      },
      { timeout: 10_000 },
    );
    owned = { ...owned, parts: { ...owned.parts, requestId } };
    gateway().providers.clearRequests();
  });

  afterEach(() => gateway().providers.clearRequests());

  it("every place that takes an id is attacked", () => {
    expect(sampledOperations.flatMap(placesOf).sort()).toEqual(Object.keys(attacks).sort());
  });

  it.each(Object.entries(attacks))(
    "%s is answered as an id that nobody has, and nothing changes",
    async (place, attack) => {
      const operation = sampledOperations.find((each) => placesOf(each).includes(place));
      if (operation === undefined) throw new Error(`No operation has the place ${place}`);
      const before = await ownersRows();
      const reply = await sendAs(stranger, operation, operation.sample(attack.with(owned)));
      const nobodys = await sendAs(stranger, operation, operation.sample(nowhere));
      expect(comparable(reply)).toBe(comparable(nobodys));
      if (attack.refusal === 404) expect(reply.error().code).toBe("NOT_FOUND");
      else expect(reply.data()).toMatchObject({ totalRequests: 0, byKey: {}, byModel: {} });
      expect(await ownersRows()).toEqual(before);
      // No provider was asked about somebody else's job.
      expect(gateway().providers.requests()).toEqual([]);
    },
  );

  it("are there for their owner: what is refused above exists", async () => {
    for (const [place, attack] of Object.entries(attacks)) {
      const operation = sampledOperations.find((each) => placesOf(each).includes(place));
      if (operation === undefined || operation.method === "DELETE" || place.includes("rotate")) continue;
      const reply = await sendAs(owner, operation, operation.sample(attack.with(owned)));
      expect([place, reply.status]).toEqual([place, place.includes("cancel") ? 202 : 200]);
      if (attack.refusal === "nothing") expect(reply.data()).toMatchObject({ totalRequests: 1 });
    }
    await running;
  });

  it.each(["GET /api/v1/keys", "GET /api/v1/provider-keys", "GET /api/v1/jobs"])(
    "are in no list of %s",
    async (name) => {
      const operation = sampledOperations.find((each) => each.name === name);
      if (operation === undefined) throw new Error(`No operation is named ${name}`);
      const ids = [owned.parts.keyId, owned.parts.providerKeyId, owned.clip, owned.fashion, owned.video, owned.held];
      const lists = await Promise.all(
        [owner, stranger].map(async (tenant) => (await sendAs(tenant, operation, operation.sample(nowhere))).text),
      );
      expect(ids.some((id) => lists[0]?.includes(id))).toBe(true);
      expect(ids.filter((id) => lists[1]?.includes(id))).toEqual([]);
    },
  );

  const withSlug = sampledOperations.filter(({ headers }) => headers.includes("x-provider-key"));

  it.each(withSlug.map((operation) => [operation.name, operation] as const))(
    "X-Provider-Key: %s refuses another tenant's slug as one that nobody has, and asks no provider",
    async (_name, operation) => {
      const [theirs, nobodys] = await Promise.all(
        ["owners-slug", "nobodys-slug"].map((slug) =>
          sendAs(stranger, operation, operation.sample(nowhere), { "x-provider-key": slug }),
        ),
      );
      expect(theirs?.error()).toMatchObject({ code: "BAD_REQUEST", param: "X-Provider-Key" });
      expect(comparable(theirs as HttpReply)).toBe(comparable(nobodys as HttpReply));
      expect(gateway().providers.requests()).toEqual([]);
    },
  );

  it("provider_key of a load balancer's target: the same", async () => {
    const target = (slug: string) => ({
      model: "gpt",
      messages: [{ role: "user", content: "Hello" }],
      load_balance: { strategy: "weighted", targets: [{ model: "gpt", provider_key: slug }] },
    });
    const path = "/api/v1/chat/completions";
    const [theirs, nobodys] = await Promise.all(
      ["owners-slug", "nobodys-slug"].map((slug) =>
        withKey(stranger, { method: "POST", path, body: target(slug), headers: { "x-cache": "no-cache" } }),
      ),
    );
    expect(theirs?.status).toBe(400);
    expect(comparable(theirs as HttpReply)).toBe(comparable(nobodys as HttpReply));
    expect(gateway().providers.requests()).toEqual([]);
  });

  const withIdempotency = sampledOperations.filter(({ headers }) => headers.includes("idempotency-key"));

  it.each(withIdempotency.map((operation) => [operation.name, operation] as const))(
    "Idempotency-Key: %s replays nobody else's answer, and does not tell that the key is in use",
    async (name, operation) => {
      const headers = { "idempotency-key": `key-of-${name.replaceAll(/\W/g, "-")}` };
      const sample = operation.sample({ ...nowhere, text: "A question of the owner" });
      const first = await sendAs(owner, operation, sample, headers);
      expect(first.status, first.text).toBeLessThan(300);
      const again = await sendAs(owner, operation, sample, headers);
      // A song is too long to be kept: known as done.
      if (again.status === 409) expect(again.error().details).toMatchObject({ done: true });
      else expect(again.headers["x-idempotent-replay"]).toBe("true");
      // Neither the same body, which would replay, nor another, which would be a 422.
      const other = operation.sample({ ...nowhere, text: "Another question" });
      for (const body of [sample, other]) {
        const reply = await sendAs(stranger, operation, body, headers);
        if (body === sample) {
          expect(reply.status, reply.text).toBeLessThan(300);
          expect(reply.headers["x-idempotent-replay"]).toBeUndefined();
        } else {
          // By now the key is the stranger's own.
          expect(reply.error().code).toBe("IDEMPOTENCY_MISMATCH");
        }
      }
    },
  );

  it("the cache: a question that the owner asked is new for anyone else", async () => {
    const ask = (tenant: Tenant) =>
      withKey(tenant, {
        method: "POST",
        path: "/api/v1/chat/completions",
        body: { model: "gpt", messages: [{ role: "user", content: "A question to keep" }] },
      });
    // Its owner's requests use the stored provider key, whose answers are kept as well.
    expect((await ask(owner)).headers["x-cache"]).toBe("MISS");
    expect((await ask(owner)).headers["x-cache"]).toBe("HIT");
    expect((await ask(stranger)).headers["x-cache"]).toBe("MISS");
  });

  it("a provider key pays for its owner's requests only", async () => {
    const asked = async (tenant: Tenant): Promise<boolean> => {
      const reply = await withKey(tenant, {
        method: "POST",
        path: "/api/v1/embeddings",
        body: { model: "text-embedding-3-small", input: "Hello" },
      });
      expect(reply.status, reply.text).toBe(200);
      const requestId = reply.headers["x-request-id"];
      const event = (await gateway().rows("usage")).find((row) => row.requestId === requestId);
      return event?.byok === true;
    };
    expect([await asked(owner), await asked(stranger)]).toEqual([true, false]);
  });
});

const bigints = (_name: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);
