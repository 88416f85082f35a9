import { describe, expect, it } from "vitest";
import { toSignature } from "#core/dialects/messages/carried.ts";
import { messagesPassage } from "#core/dialects/messages/native.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { passesNatively, toNativeRequest } from "#core/providers/anthropic/native-request.ts";
import { NativeTap } from "#core/providers/anthropic/native-tap.ts";
import {
  reviewedBetas,
  reviewedBlocks,
  reviewedFields,
  reviewedTool,
  reviewedTurn,
} from "#core/providers/anthropic/reviewed-messages.ts";
import type { NativeRequest } from "#core/providers/native.ts";
import { newOutcome, type ProviderCall, ProviderFailure } from "#core/providers/provider.ts";
import { tappedEvents } from "#core/providers/tapped-events.ts";
import { messagesRequestSchema } from "#core/schemas/messages.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { fc, runs } from "#tests/support/property.ts";

const hello = [{ role: "user", content: "Hello" }];
const callOf = (model = "claude-opus-4-8", byok = false) =>
  ({ model, credential: { apiKey: "sk", baseUrl: "https://a.example", byok } }) as unknown as ProviderCall;
const nativeOf = (body: JsonRecord, headers: Readonly<Record<string, string>> = {}): NativeRequest => ({
  dialect: "messages",
  body: { model: "claude", max_tokens: 100, messages: hello, ...body },
  headers,
  refusal: undefined,
  cutFrames: () => "",
});

const everything: JsonRecord = {
  container: "container_1",
  mcp_servers: [{ type: "url", url: "https://mcp.example", name: "x" }],
  service_tier: "priority",
  speed: "fast",
  tomorrow: { x: 1 },
  thinking: { type: "adaptive", display: "omitted", tomorrow: 1 },
  context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }, { type: "compact_20260112" }] },
  system: [{ type: "text", text: "Be brief", cache_control: { type: "ephemeral", ttl: "1h" } }],
  tools: [
    { name: "read", input_schema: { type: "object" }, defer_loading: true, tomorrow: 1 },
    { type: "bash_20250124", name: "bash" },
    { type: "web_search_20260318", name: "web_search" },
    { type: "code_execution_20260521", name: "code" },
  ],
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: "Hi", tomorrow: 1 },
        { type: "container_upload", file_id: "f" },
      ],
    },
    { role: "assistant", content: [{ type: "server_tool_use", id: "s", name: "web_search", input: {} }] },
    {
      role: "user",
      content: [
        { type: "image", source: { type: "file", file_id: "file_1" } },
        { type: "tool_result", tool_use_id: "t", content: [{ type: "text", text: "A" }, { type: "hologram" }] },
      ],
      output_config: { effort: "low", tomorrow: 1 },
    },
  ],
};
const betas = "claude-code-20250219, context-1m-2025-08-07,files-api-2025-04-14";

describe("a Messages request on its way to Anthropic", () => {
  it("passes verbatim with the caller's own key, but for the model", () => {
    const native = nativeOf(everything, { "anthropic-version": "2026-10-21", "anthropic-beta": betas });
    const { body, headers, warnings } = toNativeRequest(callOf("claude-opus-4-8", true), native);
    expect(body).toEqual({ ...native.body, model: "claude-opus-4-8" });
    expect(headers).toEqual({ "anthropic-version": "2026-10-21", "anthropic-beta": betas });
    expect(warnings).toEqual([]);
  });

  it("passes as far as it has been reviewed with the platform's key, and the rest is named", () => {
    const { body, headers, warnings } = toNativeRequest(callOf(), nativeOf(everything, { "anthropic-beta": betas }));
    expect(body).toEqual({
      model: "claude-opus-4-8",
      max_tokens: 100,
      thinking: { type: "adaptive", display: "omitted" },
      context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
      system: everything.system,
      tools: [
        { name: "read", input_schema: { type: "object" }, defer_loading: true },
        { type: "bash_20250124", name: "bash" },
      ],
      messages: [
        { role: "user", content: [{ type: "text", text: "Hi" }] },
        {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: "t", content: [{ type: "text", text: "A" }] }],
          output_config: { effort: "low" },
        },
      ],
    });
    expect(headers).toEqual({ "anthropic-version": "2023-06-01", "anthropic-beta": "claude-code-20250219" });
    expect(warnings).toEqual(
      expect.arrayContaining([
        "container",
        "mcp_servers",
        "service_tier",
        "speed",
        "tomorrow",
        "thinking.tomorrow",
        "context_management.compact_20260112",
        "tools.web_search_20260318",
        "tools.code_execution_20260521",
        "server_tool_use",
        "container_upload",
        "image.source.file",
        "context-1m-2025-08-07",
        "files-api-2025-04-14",
      ]),
    );
  });

  it("never takes anything along on the platform's key that has not been reviewed", () => {
    const name = fc.constantFrom(
      ...reviewedFields,
      ...["container", "mcp_servers", "service_tier", "speed", "inference_geo", "user_profile_id", "workspace_id"],
    );
    const block = fc.record({
      type: fc.constantFrom(...Object.keys(reviewedBlocks), "mcp_tool_use", "compaction", "container_upload"),
      source: fc.constantFrom({ type: "file", file_id: "f" }, { type: "base64", data: "x" }, { type: "url", url: "u" }),
      content: fc.constantFrom("text", [{ type: "container_upload", file_id: "f" }]),
      file_id: fc.constant("f"),
    });
    const tool = fc.record({
      type: fc.constantFrom(undefined, "custom", "web_fetch_20260318", "bash_20250124"),
      x: fc.nat(),
    });
    const request = fc.tuple(
      fc.dictionary(name, fc.jsonValue()),
      fc.array(fc.record({ role: fc.constant("user"), content: fc.array(block), x: fc.nat() })),
      fc.array(tool),
      fc.array(fc.constantFrom(...reviewedBetas, "files-api-2025-04-14", "mcp-client-2025-11-20")),
    );
    const checkBlock = (kept: JsonRecord): void => {
      expect(reviewedBlocks[String(kept.type)]).toEqual(expect.arrayContaining(Object.keys(kept)));
      if (isRecord(kept.source)) expect(kept.source.type).not.toBe("file");
      if (Array.isArray(kept.content)) for (const part of kept.content) checkBlock(part as JsonRecord);
    };
    fc.assert(
      fc.property(request, ([fields, messages, tools, names]) => {
        const native = nativeOf({ ...fields, messages, tools }, { "anthropic-beta": names.join(",") });
        const { body, headers } = toNativeRequest(callOf(), native);
        expect([...reviewedFields, "model"]).toEqual(expect.arrayContaining(Object.keys(body)));
        for (const turn of body.messages as JsonRecord[]) {
          expect(reviewedTurn).toEqual(expect.arrayContaining(Object.keys(turn)));
          if (Array.isArray(turn.content)) for (const kept of turn.content) checkBlock(kept as JsonRecord);
        }
        for (const kept of (body.tools ?? []) as JsonRecord[]) {
          if (kept.type === "bash_20250124") continue;
          expect(reviewedTool).toEqual(expect.arrayContaining(Object.keys(kept)));
        }
        for (const beta of headers["anthropic-beta"]?.split(",") ?? []) expect(reviewedBetas).toContain(beta);
      }),
      { numRuns: runs(200) },
    );
  });

  it.each([
    ["claude-opus-4-8", { thinking: { type: "adaptive" }, output_config: { effort: "high" } }, true],
    ["claude-opus-4-8", { thinking: { type: "enabled", budget_tokens: 2_000 } }, false],
    ["claude-sonnet-4-6", { thinking: { type: "enabled", budget_tokens: 2_000 } }, true],
    ["claude-sonnet-4-5-20250929", { thinking: { type: "adaptive" } }, false],
    ["claude-sonnet-4-5-20250929", { output_config: { effort: "high" } }, false],
    ["claude-sonnet-4-5-20250929", { messages: [...hello, { role: "system", content: "x" }] }, false],
    ["claude-sonnet-4-5-20250929", { thinking: { type: "enabled", budget_tokens: 2_000 } }, true],
    ["claude-opus-5-5", { thinking: { type: "disabled" } }, false],
  ])("passes to %s with %j untranslated: %s", (model, body, expected) => {
    expect(passesNatively(callOf(model), nativeOf(body))).toBe(expected);
    expect(passesNatively(callOf(model, true), nativeOf(body))).toBe(true);
  });

  it("lowers what the model would refuse, by name", () => {
    const asked = nativeOf({ max_tokens: 200_000, temperature: 1, top_p: 0.5 });
    const { body, warnings } = toNativeRequest(callOf(), asked);
    expect(body).toMatchObject({ max_tokens: 128_000 });
    expect(body).not.toHaveProperty("temperature");
    expect(warnings).toEqual(expect.arrayContaining(["max_tokens", "top_p"]));
    expect(warnings).not.toContain("temperature");
  });

  it("keeps a thinking budget below the output limit, also where an agent sets both to one number", () => {
    const thinkingOf = (limit: number, budget: number, byok = false) => {
      const asked = nativeOf({ max_tokens: limit, thinking: { type: "enabled", budget_tokens: budget } });
      const { body, warnings } = toNativeRequest(callOf("claude-sonnet-4-5-20250929", byok), asked);
      return [body.thinking, warnings];
    };
    const enabled = (budget: number) => ({ type: "enabled", budget_tokens: budget });
    expect(thinkingOf(32_000, 32_000)).toEqual([enabled(31_999), ["thinking.budget_tokens"]]);
    expect(thinkingOf(200_000, 100_000)).toEqual([enabled(63_999), ["max_tokens", "thinking.budget_tokens"]]);
    expect(thinkingOf(1_000, 1_024)).toEqual([undefined, ["thinking.budget_tokens"]]);
    expect(thinkingOf(32_000, 31_999)).toEqual([enabled(31_999), []]);
    expect(thinkingOf(32_000, 32_000, true)).toEqual([enabled(32_000), []]);
  });

  it("leaves thinking of other providers behind, and Anthropic's as it is", () => {
    const own = { type: "thinking", thinking: "Hm", signature: "EqQBCkYIARgCKkD" };
    const body = parseWith(messagesRequestSchema, {
      model: "claude",
      max_tokens: 100,
      messages: [
        ...hello,
        {
          role: "assistant",
          content: [{ type: "thinking", thinking: "", signature: toSignature({}) }, own, { type: "text", text: "Hi" }],
        },
        { role: "assistant", content: [{ type: "thinking", thinking: "", signature: toSignature({}) }] },
      ],
    });
    expect(messagesPassage.body(body).messages).toEqual([
      ...hello,
      { role: "assistant", content: [own, { type: "text", text: "Hi" }] },
    ]);
  });
});

const eventOf = (data: { readonly type: string }) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const started = {
  type: "message_start",
  message: { model: "claude-opus-4-8", usage: { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 } },
};
const block = { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } };
const delta = (text: string) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
const ending = [
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 7 } },
  { type: "message_stop" },
];

const newTap = () => new NativeTap({ completionId: "c", model: "m", createdSeconds: 1, outcome: newOutcome() });
const pass = async (bytes: Buffer, sizes: readonly number[], tap = newTap()) => {
  async function* body() {
    let at = 0;
    for (const size of sizes) {
      yield bytes.subarray(at, at + size);
      at += size;
    }
    yield bytes.subarray(at);
  }
  const passed: Buffer[] = [];
  for await (const part of tappedEvents(body(), tap, (error) => error as Error)) passed.push(Buffer.from(part));
  return { tap, passed: Buffer.concat(passed) };
};

describe("a stream of Anthropic's on its way back", () => {
  const future = { type: "content_block_delta", index: 0, delta: { type: "tomorrow_delta", x: "é" } };
  const whole = Buffer.from([started, { type: "ping" }, block, delta("Hi é"), future, ...ending].map(eventOf).join(""));

  it("passes byte for byte, however it is cut, unknown events too, and its usage is read", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 12 }), async (sizes) => {
        const { tap, passed } = await pass(whole, sizes);
        expect(passed.equals(whole)).toBe(true);
        expect(tap.outcome).toMatchObject({
          finishReason: "stop",
          responseModel: "claude-opus-4-8",
          usage: { inputTokens: 15, cachedInputTokens: 5, outputTokens: 7 },
        });
        expect(tap.frames).toContain('"content":"Hi é"');
      }),
      { numRuns: runs(50) },
    );
  });

  it("throws an error event, after what came before it", async () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    const tap = newTap();
    await expect(
      pass(Buffer.from([started, block, delta("Hi"), error].map(eventOf).join("")), [], tap),
    ).rejects.toThrow(ProviderFailure);
    expect(tap.ended).toBe(false);
  });

  it("is cut behind its open block where its money ends", async () => {
    const tap = newTap();
    await pass(Buffer.from([started, block, delta("Hi")].map(eventOf).join("")), [], tap).catch(() => undefined);
    const frames = messagesPassage.cutFrames(tap.state);
    expect(frames.split("\n\n").map((frame) => frame.split("\n")[0])).toEqual([
      "event: content_block_stop",
      "event: message_delta",
      "event: message_stop",
      "",
    ]);
    expect(frames).toContain('"stop_reason":"max_tokens"');
  });
});
