import { describe, expect, it } from "vitest";
import { resolveModel } from "#core/catalog/resolve.ts";
import { chatSize } from "#core/chat/call-size.ts";
import { holdToMoney } from "#core/chat/hold-to-money.ts";
import { GatewayError } from "#core/errors.ts";
import { callReserve } from "#core/generation/reservation.ts";
import { type ChatRequest, chatRequestSchema } from "#core/schemas/chat.ts";
import type { JsonRecord } from "#core/values/records.ts";

const request = (fields: object): ChatRequest =>
  chatRequestSchema.parse({ model: "claude", messages: [{ role: "user", content: "Hi" }], ...fields });
const fable = resolveModel("claude-fable-5-1");
const kimi = resolveModel("moonshotai/kimi-k3");

/** Held to what so many output tokens cost. */
const held = (fields: object, tokens: number, model = fable) => {
  const asked = request(fields);
  const size = chatSize(asked);
  const { picoUsd } = callReserve(model, { ...size, outputTokens: tokens });
  return holdToMoney({ request: asked, native: undefined }, model, size, { grantedPicoUsd: picoUsd });
};

describe("a request on the platform's key", () => {
  it("leaves as it came where its money covers what the caller asks for, or all that the model can say", () => {
    const fields = { max_tokens: 500, thinking: { type: "enabled", budget_tokens: 2_000 } };
    expect(held(fields, 500)).toMatchObject({ request: request(fields), warnings: [] });
    expect(held({}, 128_000)).toMatchObject({ request: request({}), warnings: [] });
  });

  it.each([
    [{ max_tokens: 32_000 }, { max_tokens: 5_000 }],
    [{ max_completion_tokens: 32_000 }, { max_completion_tokens: 5_000 }],
    [
      { max_tokens: 9_000, max_completion_tokens: 32_000 },
      { max_tokens: 5_000, max_completion_tokens: 5_000 },
    ],
  ])("is limited to its money under the caller's own names, which X-Warnings repeats: %j", (fields, limits) => {
    const { request: sent, warnings } = held(fields, 5_000);
    expect(sent).toMatchObject(limits);
    expect(warnings).toEqual(Object.keys(limits));
  });

  it("is limited without a warning where the caller set no limit", () => {
    expect(held({}, 5_000)).toMatchObject({ request: { max_completion_tokens: 5_000 }, warnings: [] });
  });

  it("is limited under the name that OpenRouter's hosts know", () => {
    expect(held({}, 3_000, kimi).request).toMatchObject({ max_tokens: 3_000 });
  });

  it("is limited for each of its answers", () => {
    const asked = request({ n: 4, max_completion_tokens: 8_000 });
    const size = chatSize(asked);
    const { picoUsd } = callReserve(kimi, { ...size, outputTokens: 2_000 });
    expect(
      holdToMoney({ request: asked, native: undefined }, kimi, size, { grantedPicoUsd: picoUsd }).request,
    ).toMatchObject({
      max_completion_tokens: 2_000,
      n: 4,
    });
  });

  it("has its thinking budget shrunk to half of the limit, or left out below Anthropic's least", () => {
    const thinking = { type: "enabled", budget_tokens: 31_999 };
    const shrunk = held({ max_tokens: 32_000, thinking }, 5_000);
    expect(shrunk.request.thinking).toEqual({ ...thinking, budget_tokens: 2_500 });
    expect(shrunk.warnings).toEqual(["max_tokens", "thinking"]);
    expect(held({ max_tokens: 32_000, thinking }, 2_000).request.thinking).toBeUndefined();
    const small = { type: "enabled", budget_tokens: 1_024 };
    expect(held({ max_tokens: 32_000, thinking: small }, 5_000).request.thinking).toEqual(small);
    const reasoning = { max_tokens: 9_000 };
    expect(held({ reasoning }, 3_000, kimi).request.reasoning).toEqual({ max_tokens: 1_500 });
  });

  it("is limited in the dialect in which it came as well, under that dialect's names", () => {
    const asked = request({ max_tokens: 32_000 });
    const size = chatSize(asked);
    const { picoUsd } = callReserve(fable, { ...size, outputTokens: 5_000 });
    const native = (dialect: "responses" | "messages", body: JsonRecord) =>
      holdToMoney(
        { request: asked, native: { dialect, body, headers: {}, refusal: undefined, cutFrames: () => "" } },
        fable,
        size,
        { grantedPicoUsd: picoUsd },
      ).native?.body;
    expect(native("responses", { input: "Hi", max_output_tokens: 32_000 })).toEqual({
      input: "Hi",
      max_output_tokens: 5_000,
    });
    const thinking = { type: "enabled", budget_tokens: 31_999 };
    expect(native("messages", { max_tokens: 32_000, thinking })).toEqual({
      max_tokens: 5_000,
      thinking: { ...thinking, budget_tokens: 2_500 },
    });
  });

  it("is refused where its money buys fewer than 256 tokens", () => {
    expect(() => held({ max_tokens: 1_000 }, 255)).toThrow(expect.objectContaining({ code: "SPEND_LIMIT_EXCEEDED" }));
    expect(held({ max_tokens: 100 }, 100).warnings).toEqual([]);
  });

  it("is refused for the limit that has too little left", () => {
    const tooLittle = () => new GatewayError("BUDGET_EXCEEDED", "The budget has too little left.");
    const asked = request({ max_tokens: 5_000 });
    expect(() =>
      holdToMoney({ request: asked, native: undefined }, fable, chatSize(asked), { grantedPicoUsd: 1n, tooLittle }),
    ).toThrow(expect.objectContaining({ code: "BUDGET_EXCEEDED" }));
  });

  it("is refused with a file that nobody here can see, since nobody knows what it comes to", () => {
    const file = { messages: [{ role: "user", content: [{ type: "file", file: { file_id: "file-1" } }] }] };
    expect(() => held(file, 500)).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST", param: "messages[0].content[0].file" }),
    );
  });
});

describe("a request on the caller's own key", () => {
  it("is never changed", () => {
    const asked = request({
      max_tokens: 90_000,
      messages: [{ role: "user", content: [{ type: "file", file: { file_id: "f" } }] }],
    });
    const came = { request: asked, native: undefined };
    expect(holdToMoney(came, fable, chatSize(asked), { grantedPicoUsd: undefined })).toEqual({ ...came, warnings: [] });
  });
});
