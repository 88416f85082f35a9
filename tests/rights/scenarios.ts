import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { ratedAlias } from "#core/catalog/auto.ts";
import { budgetAttribute } from "#core/db/admission-row.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { type BackgroundId, backgroundFunctions, type Grant, type Route, type RouteId, routes } from "#core/routes.ts";
import { rightsOf } from "#infra/local/rights/rights-holders.ts";
import { Browser, type HttpReply } from "#tests/accounts/support/gateway.ts";
import { nowhere, type Sample, sampledOperations } from "#tests/attacks/support/samples.ts";
import { eventually, type TestCloud } from "#tests/support/cloud.ts";
import { Actor } from "./actor.ts";

/**
 * What each function with rights is asked, so that it needs all of them: one scenario a row. A scenario throws where the
 * function does not do what it should; what it did without a right that it asked for is in the log.
 */

/**
 * @param lose takes a right from the function, to see what it does without.
 * @param asked whether the function has asked for a right so far, in vain or not.
 */
export type Scenario = (
  cloud: TestCloud,
  lose: (right: Grant) => Promise<void>,
  asked: (right: Grant) => Promise<boolean>,
) => Promise<void>;

const ok = (reply: HttpReply): HttpReply => {
  if (reply.status >= 300) throw new Error(`${reply.status}: ${reply.text}`);
  return reply;
};

const sampleOf = (id: RouteId, text: string, parts: object = {}): Sample => {
  const operations = sampledOperations.filter(({ route }) => route.id === id);
  const operation = operations.find(({ method }) => method === "POST") ?? operations[0];
  if (operation === undefined) throw new Error(`No sample is of ${id}`);
  return operation.sample({ ...nowhere, text, ...parts });
};

/** A public address at which nobody listens. */
const webhookUrl = "https://192.88.98.1/hook";

interface GenerationOptions {
  /** Merged into the sample's body. */
  readonly body?: object;
  readonly text?: string;
}

/** Their usage is settled when the job ends. */
const startsJobs = new Set<RouteId>(["FashionRun", "MediaVideo", "VideoGenerate"]);

/** Generates something with the user's own provider key, replays it, and fails at something else. */
const generation =
  (id: RouteId, provider: string, { body = {}, text = "Hello" }: GenerationOptions = {}): Scenario =>
  async (cloud) => {
    const actor = await Actor.of(cloud, [provider]);
    const send = (said: string, headers = {}): Promise<HttpReply> => {
      const sample = sampleOf(id, said);
      return actor.post(sample.path, { ...(sample.body as object), ...body }, headers);
    };
    const key = { "idempotency-key": randomUUID() };
    const first = ok(await send(text, key));
    if (!startsJobs.has(id)) await actor.settled(first);
    const again = await send(text, key);
    if (again.headers["x-idempotent-replay"] !== "true") throw new Error(`Not replayed: ${again.status} ${again.text}`);
    // A refusal that names a header frees its key.
    const refused = { "idempotency-key": randomUUID(), "x-provider-key": "nobodys" };
    if ((await send("Hello", refused)).status !== 400) throw new Error("A provider key that nobody has was taken");
    await actor.settled(await send("Hello [[simulate: status=500]]", { "idempotency-key": randomUUID() }));
  };

/** A model of Amazon Bedrock that the stage of these tests names. */
export const namedModel = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

/** The same as another scenario, and a model of Bedrock asked with each of the bodies. */
const onBedrock =
  (scenario: Scenario, id: RouteId, ...bodies: readonly object[]): Scenario =>
  async (cloud, lose, asked) => {
    await scenario(cloud, lose, asked);
    const actor = await Actor.of(cloud);
    const sample = sampleOf(id, "Hello");
    for (const body of bodies) {
      const fresh = { "x-cache": "no-cache" };
      await actor.settled(ok(await actor.post(sample.path, { ...(sample.body as object), ...body }, fresh)));
    }
  };
const bedrockModel = `bedrock/${namedModel}`;
const pixel =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const wholeAndStreamed = [{ model: bedrockModel }, { model: bedrockModel, stream: true }] as const;

const withBedrock = { models: [bedrockModel, "claude"] } as const;
const battleOnBedrock = { mode: "battle", ...withBedrock } as const;

const maxTries = 100;

/**
 * The same, and begins requests before the verdict on their key, which is no. Whether a request begins so hangs on whose
 * answer comes first, so it is tried until one has.
 */
const refusedGeneration =
  (id: RouteId, provider: string): Scenario =>
  async (cloud, lose, asked) => {
    await generation(id, provider)(cloud, lose, asked);
    const owner = await Actor.of(cloud);
    const { path, body } = sampleOf(id, "Hello");
    for (let tries = 0; !(await asked("usage:DeleteItem")); tries++) {
      if (tries === maxTries) throw new Error(`No request of ${maxTries} began before its verdict`);
      const actor = await owner.withNewKey();
      ok(await actor.post(path, body));
      await actor.verified();
      await cloud.unkey.keys.updateKey({ keyId: actor.keyId, enabled: false });
      if ((await actor.post(path, body)).status !== 401) throw new Error("A disabled key was taken");
    }
  };

/** The same as another scenario, and a choice by the caller's ratings. */
const rated =
  (scenario: Scenario, id: RouteId, body: object): Scenario =>
  async (cloud, lose, asked) => {
    await scenario(cloud, lose, asked);
    const actor = await Actor.of(cloud);
    const sample = sampleOf(id, "Hello");
    await actor.settled(ok(await actor.post(sample.path, { ...(sample.body as object), ...body })));
  };

const roleModel = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0";

/** The same as another scenario, and a model of Bedrock with the user's own role. */
const byRole =
  (scenario: Scenario, id: RouteId, body: object = { model: roleModel }): Scenario =>
  async (cloud, lose, asked) => {
    await scenario(cloud, lose, asked);
    const actor = await Actor.of(cloud);
    ok(await actor.storeRole());
    const sample = sampleOf(id, "Hello");
    const reply = ok(await actor.post(sample.path, { ...(sample.body as object), ...body }));
    if (/"error":(?!null)/.test(reply.text)) throw new Error(reply.text);
    await actor.settled(reply);
  };

/** Counts tokens with the user's own provider key. */
const counted =
  (id: RouteId, provider: string, model: string): Scenario =>
  async (cloud) => {
    const actor = await Actor.of(cloud, [provider]);
    const { path, body } = sampleOf(id, "Hello");
    ok(await actor.post(path, { ...(body as object), model }));
  };

const keyed =
  (id: RouteId): Scenario =>
  async (cloud) => {
    const actor = await Actor.of(cloud);
    ok(await actor.get(sampleOf(id, "Hello", { keyId: actor.keyId }).path));
  };

interface StartedJob {
  readonly id: string;
}

const startJob = async (actor: Actor, id: RouteId, body: object, text = "Hello"): Promise<StartedJob> => {
  const sample = sampleOf(id, text);
  return ok(await actor.post(sample.path, { ...(sample.body as object), ...body })).data<StartedJob & object>();
};

/** An export to the local collector. */
const newExport = (cloud: TestCloud, browser: Actor["browser"]): Promise<HttpReply> =>
  browser.post("/api/v1/exports", {
    kind: "otlp",
    url: `${cloud.ready.local.collector}/v1/traces`,
    headers: { "x-marker": "rights" },
    includeContent: true,
  });

/** Asks about a job that ends, and whose webhook is called. */
const jobStatus =
  (id: RouteId, startedBy: RouteId, provider: string): Scenario =>
  async (cloud) => {
    const actor = await Actor.of(cloud, [provider]);
    const { id: jobId } = await startJob(actor, startedBy, { webhookUrl });
    const asking = await actor.withNewKey();
    const { path } = sampleOf(id, "Hello", { jobId });
    await eventually(async () => {
      await cloud.setAttribute("jobs", rowKeys.job(actor.userId, jobId), "polledAt", 0);
      const { status } = ok(await asking.get(path)).data<{ status: string }>();
      if (status !== "completed") throw new Error(`The job is ${status}`);
    });
    await tried(actor);
  };

/** Waits for the first try of the user's delivery. */
const tried = ({ cloud, userId }: Actor): Promise<void> =>
  eventually(async () => {
    const rows = await cloud.rows("jobs");
    const delivery = rows.find((row) => row.userId === userId && row.messageId !== undefined);
    if (delivery === undefined || delivery.tries === 0) throw new Error("The webhook was not called");
  });

/** A chat whose provider takes its time, and the row of its usage. */
const openRequest = async (actor: Actor) => {
  const { path, body } = sampleOf("ChatCompletions", "Hello [[simulate: first-delay-ms=6000]]");
  const asking = actor.post(path, body);
  const row = await eventually(async () => {
    const open = (await actor.cloud.rows("usage")).find(({ userId }) => userId === actor.userId);
    if (open?.openUntil === undefined) throw new Error("No request is open");
    return open;
  });
  return { asking, requestId: String(row.requestId), key: { pk: String(row.pk), sk: String(row.sk) } };
};

/** A chat that has ended: its request's id. */
const answered = async (actor: Actor): Promise<string> => {
  const { path, body } = sampleOf("ChatCompletions", "Hello");
  const reply = ok(await actor.post(path, body));
  await actor.settled(reply);
  return reply.headers["x-request-id"] ?? "";
};

/** An open request that its function left behind, as the sweeper sees it. */
const abandoned: Scenario = async (cloud) => {
  const actor = await Actor.of(cloud);
  const { asking, requestId, key } = await openRequest(actor);
  await cloud.setAttribute("usage", key, "openUntil", "1");
  await eventually(async () => {
    const event = await cloud.usage(actor.userId, requestId);
    if (event?.status !== "abandoned") throw new Error(`The request is ${event?.status}`);
    if ((await cloud.admission(actor.userId)).open.length > 0) throw new Error("Its place is held");
  });
  await asking;
};

/** Waits until so many alerts of budgets are written for a user. */
const alerted = ({ cloud, userId }: Actor, count: number): Promise<void> =>
  eventually(async () => {
    const rows = await cloud.rows("jobs");
    const told = rows.filter((row) => row.userId === userId && row.kind === "budget").length;
    if (told < count) throw new Error(`${told} alerts are written`);
  });

/** A request is added up, its provider key's use is noted, and budget alerts are sent, also to the key that replaced the charged one. */
const rolledUp: Scenario = async (cloud) => {
  const actor = await Actor.of(cloud, ["anthropic"]);
  const { browser, keyId, userId } = actor;
  await answered(actor);
  const messages = [{ role: "user", content: "Hi" }];
  await actor.settled(ok(await actor.post("/api/v1/chat/completions", { model: "claude", messages })));
  await eventually(async () => {
    const rows = await cloud.rows("providerKeys");
    if (!rows.some((row) => row.userId === userId && row.lastUsedAt !== undefined)) throw new Error("No use is noted");
  });
  const budget = { usd: 0, period: "day" };
  ok(await browser.patch(`/api/v1/keys/${keyId}`, { budget, alertWebhookUrl: webhookUrl }));
  const refused = await actor.post("/api/v1/chat/completions", { model: "gpt", messages });
  if (refused.status !== 402) throw new Error(`The budget let it through: ${refused.text}`);
  await alerted(actor, 1);
  await eventually(async () => {
    const rows = await cloud.rows("rollups");
    if (!rows.some(({ pk }) => String(pk).includes(userId))) throw new Error("Nothing was added up");
  });
  const rotation = await browser.post(`/api/v1/keys/${keyId}/rotate`, { gracePeriodSeconds: 0 });
  const next = ok(rotation).data<{ keyId: string }>();
  ok(await browser.patch(`/api/v1/keys/${next.keyId}`, { budget: { usd: 0.01, period: "day" } }));
  const requestId = refused.headers["x-request-id"] ?? "";
  const { day, budget: charged = "" } = await cloud.settledUsage(userId, requestId);
  await cloud.setAttribute("keys", rowKeys.admission(userId), budgetAttribute(charged), 1_000_000_000_000);
  await cloud.setAttribute("usage", rowKeys.usageEvent(userId, day, requestId, 0), "touched", true);
  await alerted(actor, 2);
};

/** Waits until the poller has ended a job. */
const polled = async ({ cloud, userId }: Actor, { id }: StartedJob, end: "completed" | "failed"): Promise<void> => {
  const row = rowKeys.job(userId, id);
  await eventually(async () => {
    await cloud.setAttribute("jobs", row, "polledAt", 0);
    await cloud.setAttribute("jobs", row, "dueAt", "0");
    const job = await cloud.row("jobs", row);
    if (job?.status !== end) throw new Error(`The job is ${String(job?.status)}`);
  });
};

const polledWebhook = async (cloud: TestCloud): Promise<Actor> => {
  const actor = await Actor.of(cloud, ["fashn"]);
  await polled(actor, await startJob(actor, "FashionRun", { webhookUrl }), "completed");
  return actor;
};

const keyScenarios = {
  Keys: async (cloud, lose) => {
    const { browser, userId } = await Actor.of(cloud);
    ok(await browser.get("/api/v1/keys"));
    // A creation that breaks off is undone.
    await lose("keys:PutItem");
    const broken = await browser.post("/api/v1/keys", { name: "Other", rateLimit: 60, alertWebhookUrl: webhookUrl });
    if (broken.status < 500) throw new Error(`Made without its rows: ${broken.text}`);
    const { keyCount } = (await cloud.row("keys", rowKeys.admission(userId))) ?? {};
    if (keyCount !== 1) throw new Error(`${String(keyCount)} keys are counted`);
  },
  Key: async (cloud) => {
    const { browser, keyId } = await Actor.of(cloud);
    ok(await browser.patch(`/api/v1/keys/${keyId}`, { name: "Other", rateLimit: 30, alertWebhookUrl: webhookUrl }));
    ok(await browser.delete(`/api/v1/keys/${keyId}`));
  },
  RotateKey: async (cloud) => {
    const { browser, keyId } = await Actor.of(cloud);
    // A budget without a period is looked for among the keys that share it.
    ok(await browser.patch(`/api/v1/keys/${keyId}`, { budget: { usd: 1, period: "total" } }));
    ok(await browser.post(`/api/v1/keys/${keyId}/rotate`, { gracePeriodSeconds: 0 }));
  },
  ProviderKeys: async (cloud) => {
    const actor = await Actor.of(cloud, ["openai"]);
    ok(await actor.browser.get("/api/v1/provider-keys"));
    ok(await actor.storeRole());
  },
  TestProviderKey: async (cloud) => {
    const { browser } = await Actor.of(cloud);
    ok(await browser.post("/api/v1/provider-keys/test", { provider: "openai", apiKey: "sk-0123456789abcdef" }));
    const roleArn = "arn:aws:iam::123456789012:role/nobodys";
    const tested = ok(await browser.post("/api/v1/provider-keys/test", { provider: "bedrock", roleArn }));
    if (tested.data<{ ok: boolean }>().ok) throw new Error("A role that nobody has was taken");
  },
  ProviderKey: async (cloud) => {
    const actor = await Actor.of(cloud);
    const { id } = await actor.storeProviderKey("openai");
    ok(await actor.browser.patch(`/api/v1/provider-keys/${id}`, { paused: true }));
    ok(await actor.browser.delete(`/api/v1/provider-keys/${id}`));
  },
} satisfies Partial<Record<RouteId, Scenario>>;

const keptHealthMs = 11_000;
let healthAskedAtMs = 0;

const byUrl = { body: { output_format: "url" } };
/** A model whose images lie behind URLs. */
const flux = { body: { model: "flux-2-pro" } };

const routeScenarios: Partial<Record<RouteId, Scenario>> = {
  ...keyScenarios,
  Health: async (cloud) => {
    // The function keeps its last answer for a while.
    await setTimeout(Math.max(0, healthAskedAtMs + keptHealthMs - Date.now()));
    healthAskedAtMs = Date.now();
    ok(await (await Actor.of(cloud)).get("/api/health?deep=1"));
  },
  ChatCompletions: byRole(
    onBedrock(
      rated(refusedGeneration("ChatCompletions", "openai"), "ChatCompletions", { model: ratedAlias }),
      "ChatCompletions",
      ...wholeAndStreamed,
    ),
    "ChatCompletions",
  ),
  Messages: byRole(
    onBedrock(
      rated(refusedGeneration("Messages", "openai"), "Messages", { model: ratedAlias }),
      "Messages",
      ...wholeAndStreamed,
    ),
    "Messages",
  ),
  CountTokens: counted("CountTokens", "anthropic", "claude"),
  Embeddings: byRole(
    onBedrock(generation("Embeddings", "openai"), "Embeddings", {
      model: "bedrock/amazon.titan-embed-text-v2:0",
      input: "Hello",
    }),
    "Embeddings",
    { model: "bedrock/amazon.titan-embed-text-v2:0", input: "Hello" },
  ),
  Responses: byRole(
    onBedrock(
      rated(refusedGeneration("Responses", "openai"), "Responses", { model: ratedAlias }),
      "Responses",
      ...wholeAndStreamed,
    ),
    "Responses",
  ),
  ResponsesInputTokens: counted("ResponsesInputTokens", "openai", "gpt"),
  ResponsesCompact: generation("ResponsesCompact", "openai"),
  Models: keyed("Models"),
  Model: keyed("Model"),
  CancelRequest: async (cloud) => {
    const actor = await Actor.of(cloud);
    const { asking, requestId } = await openRequest(actor);
    ok(await actor.post(sampleOf("CancelRequest", "", { requestId }).path, undefined));
    await asking;
  },
  Requests: async (cloud) => {
    const actor = await Actor.of(cloud);
    await answered(actor);
    // A key's own are found by the index, an account's by its days.
    const asking = await actor.withNewKey();
    ok(await asking.get("/api/v1/requests"));
    ok(await actor.browser.get("/api/v1/requests"));
    await asking.verified();
  },
  Request: async (cloud) => {
    const actor = await Actor.of(cloud);
    await actor.recordsContent();
    ok(await actor.browser.get(`/api/v1/requests/${await answered(actor)}`));
    const asking = await actor.withNewKey();
    await asking.get(`/api/v1/requests/${nowhere.requestId}`);
    await asking.verified();
  },
  RequestFeedback: async (cloud) => {
    const actor = await Actor.of(cloud);
    const path = `/api/v1/requests/${await answered(actor)}/feedback`;
    ok(await actor.browser.post(path, { score: 1 }));
    const asking = await actor.withNewKey();
    await asking.post(path, { score: 1 });
    await asking.verified();
  },
  Presets: async (cloud) => {
    const { browser } = await Actor.of(cloud);
    ok(await browser.post("/api/v1/presets", { name: "brief", settings: { model: "gpt" } }));
    ok(await browser.get("/api/v1/presets"));
  },
  Preset: async (cloud) => {
    const { browser } = await Actor.of(cloud);
    ok(await browser.post("/api/v1/presets", { name: "brief", settings: { model: "gpt" } }));
    ok(await browser.patch("/api/v1/presets/brief", { settings: { model: "claude" } }));
    ok(await browser.delete("/api/v1/presets/brief"));
  },
  Exports: async (cloud) => {
    const { browser } = await Actor.of(cloud);
    ok(await newExport(cloud, browser));
    ok(await browser.get("/api/v1/exports"));
  },
  Export: async (cloud) => {
    const { browser } = await Actor.of(cloud);
    const path = `/api/v1/exports/${(await newExport(cloud, browser)).data<{ id: string }>().id}`;
    ok(await browser.send({ method: "PATCH", path, body: { headers: { "x-marker": "other" } } }));
    ok(await browser.send({ method: "DELETE", path }));
  },
  Account: async (cloud) => {
    const account = await cloud.createUser();
    // Asked again by who signs in again, it begins anew.
    for (const browser of [Browser.of(cloud.url), Browser.of(cloud.url)]) {
      ok(await (await browser.signIn(account)).delete("/api/v1/account"));
    }
  },
  AccountExport: async (cloud) => {
    const actor = await Actor.of(cloud, ["openai"]);
    await actor.recordsContent();
    await answered(actor);
    ok(await actor.browser.get("/api/v1/account/export"));
  },
  Deliveries: async (cloud) => {
    ok(await (await Actor.of(cloud)).browser.get("/api/v1/deliveries"));
  },
  OwnKey: keyed("OwnKey"),
  Limits: keyed("Limits"),
  Usage: async (cloud) => {
    const actor = await Actor.of(cloud);
    const today = new Date().toISOString().slice(0, 10);
    ok(await actor.get(`/api/v1/usage?from=${today}&to=${today}&series=hour`));
  },
  Chat: byRole(
    onBedrock(
      rated(generation("Chat", "openai"), "Chat", { mode: "battle", models: [ratedAlias, "claude"] }),
      "Chat",
      { mode: "chat", models: [bedrockModel], stream: false },
      battleOnBedrock,
    ),
    "Chat",
    { mode: "battle", models: [roleModel, "claude"] },
  ),
  Battle: byRole(
    onBedrock(
      rated(generation("Battle", "openai"), "Battle", { models: [ratedAlias, "claude"] }),
      "Battle",
      withBedrock,
    ),
    "Battle",
    { models: [roleModel, "claude"] },
  ),
  Fight: byRole(
    onBedrock(rated(generation("Fight", "openai"), "Fight", { models: [ratedAlias, "claude"] }), "Fight", withBedrock),
    "Fight",
    { models: [roleModel, "claude"] },
  ),
  Council: byRole(
    onBedrock(
      rated(generation("Council", "openai"), "Council", { models: [ratedAlias, "claude"] }),
      "Council",
      withBedrock,
    ),
    "Council",
    { models: [roleModel, "claude"] },
  ),
  Vote: async (cloud) => {
    const actor = await Actor.of(cloud);
    const { path, body } = sampleOf("Battle", "Hello");
    const { id } = ok(await actor.post(path, body)).data<{ id: string }>();
    ok(await actor.browser.post(`/api/v1/runs/${id}/vote`, { winner: "agent-1" }));
    const asking = await actor.withNewKey();
    await asking.post(`/api/v1/runs/${id}/vote`, { winner: "agent-1" });
    await asking.verified();
  },
  Leaderboard: async (cloud) => {
    const actor = await Actor.of(cloud);
    ok(await actor.browser.patch("/api/v1/leaderboard", { share: true }));
    ok(await actor.get("/api/v1/leaderboard?scope=stage"));
  },
  Mcp: async (cloud) => {
    const actor = await Actor.of(cloud, ["openai"]);
    const post = (name: string, given: object, headers = {}): Promise<HttpReply> =>
      actor.post(
        "/api/mcp",
        { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: given } },
        headers,
      );
    const key = { "idempotency-key": randomUUID() };
    ok(await post("battle", { message: "Hello", models: [ratedAlias, "claude"] }));
    const said = { model: "gpt", message: "Hello" };
    await actor.settled(ok(await post("chat", said, key)));
    const platform = await Actor.of(cloud);
    const onPlatform = { jsonrpc: "2.0", id: 1, method: "tools/call" };
    for (const [name, given] of [
      ["chat", { model: bedrockModel, message: "Hello" }],
      ["battle", { message: "Hello", ...withBedrock }],
    ] as const) {
      ok(await platform.post("/api/mcp", { ...onPlatform, params: { name, arguments: given } }));
    }
    const again = await post("chat", said, key);
    if (again.headers["x-idempotent-replay"] !== "true") throw new Error(`Not replayed: ${again.status} ${again.text}`);
    // A page of another site frees its key.
    const elsewhere = { "idempotency-key": randomUUID(), origin: "https://elsewhere.example" };
    if ((await post("chat", said, elsewhere)).status !== 403) throw new Error("A page of another site was served");
    const started = JSON.parse(ok(await post("video", { prompt: "A bridge" })).text) as {
      readonly result: { readonly structuredContent: { readonly id: string } };
    };
    const { id } = started.result.structuredContent;
    const looked = ok(await post("video_status", { id }));
    if (!looked.text.includes(id)) throw new Error(`No state of the video: ${looked.text}`);
    ok(await actor.storeRole());
    const byRoleOf = ok(await post("chat", { model: roleModel, message: "Hello" }));
    if (/"isError":true/.test(byRoleOf.text)) throw new Error(byRoleOf.text);
    await actor.settled(byRoleOf);
  },
  MediaSpeech: generation("MediaSpeech", "minimax", byUrl),
  MediaVoices: async (cloud) => {
    ok(await (await Actor.of(cloud, ["minimax"])).get(sampleOf("MediaVoices", "").path));
  },
  MediaMusic: generation("MediaMusic", "minimax", byUrl),
  MediaImage: generation("MediaImage", "minimax"),
  MediaVideo: generation("MediaVideo", "minimax"),
  MediaVideoStatus: jobStatus("MediaVideoStatus", "MediaVideo", "minimax"),
  FashionRun: generation("FashionRun", "fashn"),
  FashionStatus: jobStatus("FashionStatus", "FashionRun", "fashn"),
  FashionSubscribe: generation("FashionSubscribe", "fashn", { body: { webhookUrl } }),
  ImageGenerate: generation("ImageGenerate", "bfl", flux),
  ImageEdit: generation("ImageEdit", "bfl", flux),
  ImagesGenerations: generation("ImagesGenerations", "bfl", flux),
  ImagesEdits: generation("ImagesEdits", "bfl", flux),
  AudioSpeech: generation("AudioSpeech", "openai"),
  AudioTranscriptions: generation("AudioTranscriptions", "openai"),
  Moderations: async (cloud) => {
    const actor = await Actor.of(cloud, ["openai"]);
    const { path, body } = sampleOf("Moderations", "Hello");
    await actor.settled(ok(await actor.post(path, body)));
  },
  VideoGenerate: generation("VideoGenerate", "fal"),
  VideoStatus: jobStatus("VideoStatus", "VideoGenerate", "fal"),
  Vision: byRole(
    onBedrock(rated(generation("Vision", "openai"), "Vision", { model: ratedAlias }), "Vision", {
      model: bedrockModel,
      image_url: pixel,
    }),
    "Vision",
    { model: roleModel, image_url: pixel },
  ),
  Jobs: async (cloud) => {
    const actor = await Actor.of(cloud);
    const { id } = await startJob(actor, "FashionRun", {});
    ok(await (await actor.withNewKey()).get("/api/v1/jobs"));
    await eventually(async () => {
      const job = await cloud.row("jobs", rowKeys.job(actor.userId, id));
      if (Number(job?.dueAt) * 1_000 > Date.now() + 60_000) throw new Error("The job is not due");
    });
  },
  JobContent: async (cloud) => {
    const actor = await Actor.of(cloud, ["google"]);
    const { id: jobId } = await startJob(actor, "VideoGenerate", { model: "veo" });
    await eventually(async () => {
      await cloud.setAttribute("jobs", rowKeys.job(actor.userId, jobId), "polledAt", 0);
      const { status } = ok(await actor.get(`/api/v1/video/status?id=${jobId}`)).data<{ status: string }>();
      if (status !== "completed") throw new Error(`The job is ${status}`);
    });
    const asking = await actor.withNewKey();
    ok(await asking.get(`/api/v1/jobs/${jobId}/content`));
    await asking.verified();
  },
};

const backgroundScenarios: Readonly<Record<BackgroundId, Scenario>> = {
  SweepUsage: abandoned,
  UsageRollup: rolledUp,
  ExportUsage: async (cloud) => {
    const actor = await Actor.of(cloud);
    await actor.recordsContent();
    ok(await newExport(cloud, actor.browser));
    await answered(actor);
    await tried(actor);
  },
  PollJobs: async (cloud) => {
    await polledWebhook(cloud);
    // What the platform's key pays for is given back.
    const actor = await Actor.of(cloud);
    await polled(actor, await startJob(actor, "FashionRun", {}, "Hello [[simulate: fail=PoseError]]"), "failed");
  },
  SendDeliveries: async (cloud) => {
    await tried(await polledWebhook(cloud));
    const actor = await Actor.of(cloud);
    await actor.recordsContent();
    ok(await newExport(cloud, actor.browser));
    await answered(actor);
    await tried(actor);
  },
  DeleteAccounts: async (cloud) => {
    const actor = await Actor.of(cloud, ["openai"]);
    const { browser, userId } = actor;
    await answered(actor);
    ok(await newExport(cloud, browser));
    ok(await browser.patch("/api/v1/leaderboard", { share: true }));
    // Of a key that an older version revoked, only the mark is left.
    await cloud.setAttribute("keys", rowKeys.keyMark(`old-${userId}`), "userId", userId);
    await cloud.setAttribute("keys", rowKeys.keyMark(`old-${userId}`), "keyId", "key_old");
    ok(await browser.delete("/api/v1/account"));
    await eventually(async () => {
      const deletion = await cloud.row("jobs", rowKeys.accountDeletion(userId));
      if (deletion?.pass !== "last") throw new Error("The first pass is not over");
    });
    await cloud.setAttribute("jobs", rowKeys.accountDeletion(userId), "dueAt", rowKeys.sortableMs(0));
    await eventually(async () => {
      const deletion = await cloud.row("jobs", rowKeys.accountDeletion(userId));
      if (deletion !== undefined) throw new Error("The last pass is not over");
    });
  },
};

export interface Row {
  readonly id: RouteId | BackgroundId;
  readonly grants: Route["grants"];
  readonly scenario: Scenario;
}

const missing =
  (id: string): Scenario =>
  () =>
    Promise.reject(new Error(`${id} has rights and no scenario`));

/** The functions with rights that a path reaches. */
export const routeRows: readonly Row[] = routes
  .map((route): Row => ({ ...route, scenario: routeScenarios[route.id] ?? missing(route.id) }))
  .filter((row) => rightsOf(row).length > 0);

/** Those that a schedule or a stream starts. */
export const backgroundRows: readonly Row[] = backgroundFunctions.map((row) => ({
  ...row,
  scenario: backgroundScenarios[row.id],
}));
