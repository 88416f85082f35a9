import { mkdir, writeFile } from "node:fs/promises";
import type { PlatformChatProviderId } from "#core/catalog/provider-ids.ts";
import { providerBaseUrl } from "#core/upstreams.ts";

/**
 * `npm run operator -- record-fixtures [provider…]`: asks each provider whose key is in the environment (OPENAI_API_KEY and
 * so on) for a text and a tool call, buffered and streamed, and writes the raw bodies to tests/fixtures/<provider>/ as
 * `recorded-*`, next to the constructed ones. It spends a few cents of the key's owner. Keys and headers are not written.
 */

interface Recordable {
  readonly keyVariable: string;
  readonly model: string;
  /** Fields that the provider needs in addition to the common ones. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

const recordable: Readonly<Record<PlatformChatProviderId, Recordable>> = {
  openai: { keyVariable: "OPENAI_API_KEY", model: "gpt-5.2" },
  anthropic: { keyVariable: "ANTHROPIC_API_KEY", model: "claude-haiku-4-5", fields: { max_tokens: 1_000 } },
  google: { keyVariable: "GEMINI_API_KEY", model: "gemini-3.1-pro-preview" },
  "x-ai": { keyVariable: "XAI_API_KEY", model: "grok-4.3" },
  openrouter: { keyVariable: "OPENROUTER_API_KEY", model: "deepseek/deepseek-v3.2" },
  minimax: { keyVariable: "MINIMAX_API_KEY", model: "MiniMax-M3", fields: { reasoning_split: true } },
};

const timeoutMs = 120_000;
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

const toolOf = (provider: PlatformChatProviderId): unknown =>
  provider === "anthropic"
    ? { name: "get_weather", input_schema: schema }
    : { type: "function", function: { name: "get_weather", parameters: schema } };

const questions = [
  { name: "text", content: "Say hello to the world in German and Chinese, with an emoji.", withTool: false },
  { name: "tools", content: "What is the weather in Paris and in Rome? Use the tool for both.", withTool: true },
] as const;

const post = async (provider: PlatformChatProviderId, apiKey: string, body: object): Promise<string> => {
  const base = providerBaseUrl(provider);
  const isAnthropic = provider === "anthropic";
  const response = await fetch(isAnthropic ? `${base}/v1/messages` : `${base}/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(isAnthropic
        ? { "x-api-key": apiKey, "anthropic-version": "2023-06-01" }
        : { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`${provider} answered ${response.status}: nothing was recorded`);
  return response.text();
};

const record = async (provider: PlatformChatProviderId, apiKey: string): Promise<void> => {
  const { model, fields = {} } = recordable[provider];
  const folder = new URL(`../../tests/fixtures/${provider}/`, import.meta.url);
  await mkdir(folder, { recursive: true });
  for (const { name, content, withTool } of questions) {
    for (const stream of [false, true]) {
      const usage = stream && provider !== "anthropic" ? { stream_options: { include_usage: true } } : {};
      const text = await post(provider, apiKey, {
        model,
        ...fields,
        messages: [{ role: "user", content }],
        ...(withTool ? { tools: [toolOf(provider)] } : {}),
        stream,
        ...usage,
      });
      const file = `recorded-${name}.${stream ? "sse" : "json"}`;
      await writeFile(new URL(file, folder), text);
      console.log(`${provider}/${file}`);
    }
  }
};

const wanted = process.argv.slice(2);
let recorded = 0;
for (const [provider, { keyVariable }] of Object.entries(recordable) as [PlatformChatProviderId, Recordable][]) {
  const apiKey = process.env[keyVariable];
  if (apiKey === undefined || apiKey === "" || (wanted.length > 0 && !wanted.includes(provider))) continue;
  await record(provider, apiKey);
  recorded += 1;
}
if (recorded === 0) {
  const names = Object.values(recordable).map(({ keyVariable }) => keyVariable);
  console.log(`No provider key is set, so nothing was recorded. Supported variables: ${names.join(", ")}.`);
}
