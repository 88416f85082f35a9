import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rankAuto } from "#core/catalog/auto.ts";
import { findMediaModel, resolveMediaModel } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import { findModel, resolveModel } from "#core/catalog/resolve.ts";
import { GatewayError } from "#core/errors.ts";
import { wantedAudio } from "#core/media/audio/accept.ts";
import { failureFromResponse as anthropicFailure } from "#core/providers/anthropic/errors.ts";
import { traitsOf } from "#core/providers/anthropic/model-traits.ts";
import { toFinishReason as fromStopReason } from "#core/providers/anthropic/stop-reason.ts";
import { planThinking } from "#core/providers/anthropic/thinking.ts";
import { userBlocks } from "#core/providers/anthropic/user-blocks.ts";
import { applyFields, asksNothing } from "#core/providers/apply-fields.ts";
import { toGeminiSchema } from "#core/providers/compatible/google-schema.ts";
import { askFashn } from "#core/providers/media/fashn/status.ts";
import { askMinimaxVideo } from "#core/providers/media/minimax/video-job.ts";
import { failureFromBody } from "#core/providers/openai/errors.ts";
import { toFinishReason } from "#core/providers/openai/finish-reason.ts";
import { plainRules, toMessages } from "#core/providers/openai/messages.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import type { ChatMessage } from "#core/schemas/chat.ts";
import { ownValue } from "#core/values/records.ts";
import { nameKeys } from "#functions/dashboard/page/src/pages/usage/name-keys.ts";
import { chatRequest } from "../providers/support.ts";

/** A text from outside that happens to be the name of what every object inherits is a name like any other. */

const inherited = Object.getOwnPropertyNames(Object.prototype);

/** What a provider of media answers whatever it is asked. */
let answer: object = {};
const server = createServer((_request, response) => {
  response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
});
const credential = () => ({
  apiKey: "key",
  baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  byok: false,
  providerKeyId: undefined,
});
const signal = new AbortController().signal;

beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

const thrown = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

describe.each(inherited)("a text from outside that is %s", (name) => {
  it("is in no table but by its own entry", () => {
    expect(ownValue({}, name)).toBeUndefined();
    expect(ownValue(JSON.parse(`{"${name}":"own"}`), name)).toBe("own");
  });

  it("is a model that nobody has, or the provider's to know", () => {
    expect(findModel(name)).toBeUndefined();
    expect(resolveModel(`openai/${name}`)).toMatchObject({ id: `openai/${name}`, providerModel: name });
    expect(findMediaModel(name)).toBeUndefined();
    for (const kind of ["image", "edit", "video", "fashion"] as const) {
      expect(thrown(() => resolveMediaModel(name, kind))).toMatchObject({ code: "INVALID_MODEL" });
    }
    expect(mediaCostPicoUsd(name, 1)).toBeUndefined();
  });

  it("is a field of a request that nothing is known of", () => {
    expect(asksNothing(name, false)).toBe(true);
    expect(asksNothing(name, 1)).toBe(false);
    for (const provider of ["openai", "anthropic", "google", "x-ai", "minimax"] as const) {
      const request = { ...chatRequest(), ...JSON.parse(`{"${name}":1}`) };
      const tried = thrown(() => applyFields(provider, request, new Set(), new Set()));
      if (tried instanceof Error) expect(tried).toBeInstanceOf(GatewayError);
    }
  });

  it("is no kind of part that is refused or needs a modality, no type of image and no type of a schema", () => {
    const messages = [{ role: "user", content: [{ type: name }] }] as unknown as readonly ChatMessage[];
    expect(toMessages(messages, plainRules, new Set())).toEqual(messages);
    const request = { ...chatRequest(), messages } as unknown as ReturnType<typeof chatRequest>;
    expect(rankAuto(request, 10, () => true)[0].id).toBe(rankAuto(chatRequest(), 10, () => true)[0].id);
    const url = `data:${name};base64,AAAA`;
    const blocks = thrown(() => userBlocks([{ type: "image_url", image_url: { url } }], "messages[0]"));
    expect(blocks).toMatchObject({ code: "BAD_REQUEST" });
    expect(toGeminiSchema({ type: name, format: "x" }, () => undefined)).not.toHaveProperty("format");
  });

  it("is no effort of thinking that is known", () => {
    const wish = { effort: name, maxTokens: 32_000, forcedTool: false, messages: [] };
    for (const model of ["claude-sonnet-4-5-20250929", "claude-opus-4-6"]) {
      const warnings = new Set<string>();
      expect(planThinking(wish, traitsOf(model), warnings)).toEqual({});
      expect([...warnings]).toEqual(["reasoning_effort"]);
    }
  });

  it("is a provider's reason to finish, or its code of an error, that is not known", () => {
    expect(toFinishReason(name)).toBe("stop");
    expect(fromStopReason(name, 0)).toBe("stop");
    const minimax = failureFromBody("minimax", { base_resp: { status_code: name, status_msg: "?" } });
    expect(minimax?.kind).toBeTypeOf("string");
    const coded = { type: "error", error: { type: name, message: "?", details: { error_code: name } } };
    expect(anthropicFailure(400, JSON.stringify(coded), {}).kind).toBeTypeOf("string");
  });

  it("is no form of audio", () => {
    expect(wantedAudio(name, undefined)).toEqual({ raw: false, format: "mp3" });
  });

  it("is no type of a file, and an end of a task that is not known", async () => {
    const url = `https://cdn.example.com/out.${name.toLowerCase()}`;
    answer = { status: "completed", output: [url, "https://cdn.example.com/out.png"], error: null };
    const job = { model: "reframe", ticket: { id: "1", taskId: "1" } };
    const done = await askFashn(job, credential(), signal);
    expect(done.status === "completed" ? done.output.map(({ contentType }) => contentType) : done).toEqual([
      undefined,
      "image/png",
    ]);
    answer = { status: name, base_resp: { status_code: 0 } };
    expect(await askMinimaxVideo(job, credential(), signal)).toMatchObject({ status: "failed" });
    answer = { base_resp: { status_code: name } };
    await expect(askMinimaxVideo(job, credential(), signal)).rejects.toBeInstanceOf(ProviderFailure);
  });

  it("is a key's name like any other in the usage", () => {
    const usage = { requests: 1 } as Parameters<typeof nameKeys>[0][string];
    const other = { requests: 2 } as typeof usage;
    const named = nameKeys({ key_1: usage, key_2: other }, new Map([["key_1", name]]));
    expect(Object.entries(named)).toEqual([
      [name, usage],
      ["key_2 (not listed)", other],
    ]);
  });
});
