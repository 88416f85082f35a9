import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";
import { describe, expect, test } from "vitest";
import { contract } from "#tests/support/contracts.ts";
import { eventsIn, useProviders, user, weatherSchema } from "./harness.ts";

const fileOf = (type: string): string | undefined => contract(`anthropic-sdk-1.12.0.${type}.schema.json`);
const available = fileOf("MessageResponse") !== undefined && fileOf("StreamEvent") !== undefined;

const load = (type: string): ValidateFunction =>
  new Ajv({ strict: false, validateFormats: false }).compile(JSON.parse(readFileSync(fileOf(type) ?? "", "utf8")));

/**
 * The schemas are made from the official SDK's types. Those require every field of an answer, also ones that the live API
 * leaves out; our stand-in sends them all, so that nothing had to be relaxed.
 */
describe.skipIf(!available)(
  "simulated Anthropic keeps the official SDK's types (skipped without their schemas)",
  () => {
    const { providers, reply } = useProviders();
    const response = available ? load("MessageResponse") : undefined;
    const streamEvent = available ? load("StreamEvent") : undefined;

    const expectValid = (validate: ValidateFunction | undefined, value: unknown): void => {
      const valid = validate?.(value);
      expect(valid, `${JSON.stringify(validate?.errors?.slice(0, 4))} in ${JSON.stringify(value)}`).toBe(true);
    };

    const tools = ["get_weather", "get_time"].map((name) => ({ name, input_schema: weatherSchema }));
    test.each([
      ["a text", { messages: user("hello") }],
      ["a tool call", { messages: user("the weather, please"), tools }],
      ["parallel tool calls", { messages: user("call get_weather and get_time"), tools }],
      ["a refusal", { messages: user("[[simulate: refusal]]") }],
      ["a stop sequence", { messages: user("hello"), stop_sequences: ["simulated"] }],
      ["a truncated text", { messages: user("hello"), max_tokens: 3 }],
      ["thoughts", { messages: user("hello"), thinking: { type: "enabled", budget_tokens: 1_024 } }],
      ["cached tokens", { messages: user("[[simulate: cached=5 cache-write=7 reasoning=12]]") }],
    ])("%s, whole and streamed", async (_, request) => {
      const url = `${providers().baseUrls.anthropic}/v1/messages`;
      const base = { model: "claude-sonnet-4-5", max_tokens: 2_000, ...request };
      const whole = await reply(url, base);
      expect(whole.status).toBe(200);
      expectValid(response, JSON.parse(whole.text));

      const streamed = await reply(url, { ...base, stream: true });
      const events = eventsIn(streamed.text) as readonly { type: string }[];
      expect(events[0]?.type).toBe("message_start");
      expect(events.at(-1)?.type).toBe("message_stop");
      // The SDK's reader takes pings out before its types begin.
      const typed = events.filter((event) => event.type !== "ping");
      expect(events.length - typed.length).toBe(1);
      for (const event of typed) expectValid(streamEvent, event);
    });
  },
);
