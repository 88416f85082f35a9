import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelWithResponseStreamCommand,
  ThrottlingException,
} from "@aws-sdk/client-bedrock-runtime";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { describe, expect, test } from "vitest";
import { claudeId } from "#core/catalog/bedrock-id.ts";
import { eventFrames } from "#core/providers/bedrock/event-frames.ts";
import { takesCachePoints } from "#core/providers/bedrock/model-id.ts";
import { exampleIdentity } from "#infra/local/aws/identities.ts";
import { useProviders } from "#tests/infra/local/providers/harness.ts";
import { assemble, completionOf, rejection, streamOf, weatherTool } from "../support.ts";

/** AWS's own client takes the stand-in for Bedrock, so what our adapter is held against is what Bedrock sends. */

const { providers } = useProviders();
const modelId = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

const client = () =>
  new BedrockRuntimeClient({
    region: "us-east-1",
    endpoint: providers().baseUrls.bedrock,
    credentials: exampleIdentity,
    maxAttempts: 1,
    // By itself it speaks HTTP/2, which needs no other answers.
    requestHandler: new NodeHttpHandler(),
  });
const ask = (text: string) => ({ modelId, messages: [{ role: "user" as const, content: [{ text }] }] });
const options = () =>
  ({ provider: "bedrock", model: modelId, byok: true, baseUrl: providers().baseUrls.bedrock }) as const;
const user = (content: string) => [{ role: "user", content }];
const lastBody = () =>
  providers()
    .requests()
    .findLast(({ provider }) => provider === "bedrock")?.body ?? {};

describe("@aws-sdk/client-bedrock-runtime against the stand-in", () => {
  test("reads a whole answer of Converse", async () => {
    const { output, stopReason, usage } = await client().send(new ConverseCommand(ask("[[simulate: text=Grüße]]")));
    expect(output?.message?.content).toEqual([{ text: "Grüße" }]);
    expect(stopReason).toBe("end_turn");
    expect(usage?.totalTokens).toBeGreaterThan(0);
  });

  test("reads the events of ConverseStream", async () => {
    const { stream } = await client().send(new ConverseStreamCommand(ask("[[simulate: text=Grüße, 世界]]")));
    let text = "";
    const kinds = new Set<string>();
    for await (const event of stream ?? []) {
      for (const kind of Object.keys(event)) kinds.add(kind);
      text += event.contentBlockDelta?.delta?.text ?? "";
    }
    expect(text).toBe("Grüße, 世界");
    expect([...kinds]).toEqual(["messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]);
  });

  test("reads the chunks of InvokeModelWithResponseStream", async () => {
    const body = {
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 50,
      messages: [{ role: "user", content: "[[simulate: text=Hello]]" }],
    };
    const { body: stream } = await client().send(
      new InvokeModelWithResponseStreamCommand({
        modelId,
        body: JSON.stringify(body),
        contentType: "application/json",
      }),
    );
    const types: string[] = [];
    for await (const { chunk } of stream ?? []) {
      types.push((JSON.parse(Buffer.from(chunk?.bytes ?? []).toString()) as { type: string }).type);
    }
    expect(types[0]).toBe("message_start");
    expect(types.at(-1)).toBe("message_stop");
  });

  test("throws AWS's own classes", async () => {
    await expect(client().send(new ConverseCommand(ask("[[simulate: status=429]]")))).rejects.toBeInstanceOf(
      ThrottlingException,
    );
  });
});

describe("the adapter for Bedrock", () => {
  test("sends documents, images, cache points and a schema in Converse's form", async () => {
    const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const parts = [
      { type: "file", file: { filename: "a b.pdf", file_data: "data:application/pdf;base64,JVBERi0x" } },
      { type: "image_url", image_url: { url: `data:image/png;base64,${pixel}` } },
      { type: "text", text: "What is it?", cache_control: { type: "ephemeral", ttl: "1h" } },
    ];
    const schema = {
      type: "object",
      properties: { a: { type: "string" } },
      required: ["a"],
      additionalProperties: false,
    };
    await completionOf(
      {
        messages: [
          { role: "system", content: "Be brief" },
          { role: "user", content: parts },
        ],
        response_format: { type: "json_schema", json_schema: { name: "x", schema, strict: true } },
        guardrailConfig: { guardrailIdentifier: "gr-1", guardrailVersion: "1" },
      },
      options(),
    );
    expect(lastBody()).toMatchObject({
      system: [{ text: "Be brief" }],
      messages: [
        {
          role: "user",
          content: [
            { document: { name: "a b-pdf", format: "pdf", source: { bytes: "JVBERi0x" } } },
            { image: { format: "png", source: { bytes: pixel } } },
            { text: "What is it?" },
            { cachePoint: { type: "default", ttl: "1h" } },
          ],
        },
      ],
      outputConfig: {
        textFormat: { structure: { jsonSchema: { schema: expect.stringContaining('"required":["a"]') } } },
      },
      guardrailConfig: { guardrailIdentifier: "gr-1" },
    });
  });

  test.each([false, true])(
    "brings thoughts with their signatures back in the next turn (stream: %s)",
    async (stream) => {
      const fields = {
        messages: user("[[simulate: reasoning=12]] use get_weather"),
        tools: [weatherTool],
        reasoning_effort: "low",
      };
      let message: Record<string, unknown>;
      if (stream) {
        const { chunks } = await streamOf(fields, options());
        const blocks = chunks.flatMap(({ choices }) => (choices[0]?.delta.thinking_blocks as unknown[]) ?? []);
        const { toolCalls } = assemble(chunks);
        message = { role: "assistant", content: null, tool_calls: toolCalls, thinking_blocks: blocks };
      } else {
        message = (await completionOf(fields, options())).completion.choices[0]?.message as unknown as typeof message;
      }
      const [call] = message.tool_calls as readonly { id: string }[];
      const result = { role: "tool", tool_call_id: call?.id, content: "sunny" };
      const { completion } = await completionOf(
        { ...fields, messages: [...fields.messages, message, result] },
        options(),
      );
      expect(completion.choices[0]?.message.content).toContain("get_weather said sunny");
      expect(JSON.stringify(lastBody().messages)).toMatch(/"reasoningText":\{"text":"[^"]+","signature":"[^"]+"\}/);
    },
  );

  test("asks other vendors' models in their own form, and says what they do not take", async () => {
    const nova = { ...options(), model: "us.amazon.nova-2-lite-v1:0" };
    const { warnings } = await completionOf({ messages: user("Hi"), reasoning_effort: "low", top_k: 5 }, nova);
    expect(lastBody()).toMatchObject({
      additionalModelRequestFields: { reasoningConfig: { type: "enabled", maxReasoningEffort: "low" } },
    });
    expect(lastBody()).not.toHaveProperty("inferenceConfig");
    expect(warnings).toEqual(["top_k"]);
    const llama = { ...options(), model: "us.meta.llama4-maverick-17b-instruct-v1:0" };
    expect((await completionOf({ messages: user("Hi"), reasoning_effort: "low" }, llama)).warnings).toEqual([
      "reasoning_effort",
    ]);
  });

  test.each([
    ["none.none", { kind: "request", reason: "model_not_found" }],
    [modelId, { kind: "rate-limit", status: 429, providerCode: "ThrottlingException" }],
  ])("reads AWS's errors (%s)", async (model, expected) => {
    const messages = user("[[simulate: status=429]]");
    const error = await rejection(completionOf({ messages }, { ...options(), model }));
    expect(error).toMatchObject({ name: "ProviderFailure", provider: "bedrock", ...expected });
  });
});

describe("ids and frames", () => {
  test.each([
    ["anthropic.claude-opus-4-6-v1", "claude-opus-4-6"],
    ["global.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929"],
    ["us-gov.anthropic.claude-fable-5-2", "claude-fable-5-2"],
    ["us.amazon.nova-2-lite-v1:0", undefined],
    ["arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc", undefined],
  ])("the Claude model of %s is %s", (id, claude) => {
    expect(claudeId(id)).toBe(claude);
    expect(takesCachePoints(id)).toBe(claude !== undefined || id.includes("nova"));
  });

  test("a stream that is not in AWS's framing, or ends in the middle of an event, is a failure", async () => {
    const read = async (parts: readonly Buffer[]) => {
      async function* body() {
        yield* parts;
      }
      for await (const _ of eventFrames(body()));
    };
    await expect(read([Buffer.from("data: {}\n\ndata: {}\n\n")])).rejects.toMatchObject({ kind: "malformed" });
    await expect(read([Buffer.from([0, 0, 0, 32, 0, 0])])).rejects.toMatchObject({ kind: "malformed" });
    await expect(read([Buffer.alloc(64, 1)])).rejects.toMatchObject({ kind: "malformed" });
    await expect(read([])).resolves.toBeUndefined();
  });
});
