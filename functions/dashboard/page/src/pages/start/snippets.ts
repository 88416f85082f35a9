import { root } from "../../root.ts";

/** What clients are pointed at, and how. The texts of docs/guide/clients.md; a browser test compares them. */

const anthropicUrl = `${location.origin}${root}api`;
const openAiUrl = `${anthropicUrl}/v1`;

export const baseUrls = [
  { clients: "OpenAI's clients", url: openAiUrl },
  { clients: "Anthropic's clients and Claude Code", url: anthropicUrl },
] as const;

const curl = `curl ${openAiUrl}/chat/completions \\
  -H 'Authorization: Bearer ck_…' \\
  -H 'Content-Type: application/json' \\
  -d '{"model": "gpt", "messages": [{"role": "user", "content": "Hello"}]}'`;

const openAi = `import OpenAI from "openai";

const client = new OpenAI({ apiKey: "ck_…", baseURL: "${openAiUrl}" });
const completion = await client.chat.completions.create({
  model: "gpt",
  messages: [{ role: "user", content: "Hello" }],
});`;

const python = `from openai import OpenAI

client = OpenAI(api_key="ck_…", base_url="${openAiUrl}")
completion = client.chat.completions.create(
    model="gpt",
    messages=[{"role": "user", "content": "Hello"}],
)
print(completion.choices[0].message.content)`;

const aiSdk = `import { createOpenAI } from "@ai-sdk/openai";
import { generateText } from "ai";

const concurred = createOpenAI({ apiKey: "ck_…", baseURL: "${openAiUrl}" });
const { text } = await generateText({ model: concurred("gpt"), prompt: "Hello" });`;

const langChain = `import { ChatOpenAI } from "@langchain/openai";

const model = new ChatOpenAI({
  model: "gpt",
  apiKey: "ck_…",
  configuration: { baseURL: "${openAiUrl}" },
});
const answer = await model.invoke("Hello");`;

const openCode = `{
  "provider": {
    "concurred": {
      "npm": "@ai-sdk/openai",
      "options": { "baseURL": "${openAiUrl}", "apiKey": "ck_…" },
      "models": { "gpt": {}, "claude": {} }
    }
  },
  "small_model": "concurred/gpt"
}`;

const anthropic = `import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ apiKey: "ck_…", baseURL: "${anthropicUrl}" });`;

const claudeCode = `export ANTHROPIC_BASE_URL=${anthropicUrl}
export ANTHROPIC_API_KEY=ck_…        # or ANTHROPIC_AUTH_TOKEN, which is sent as Bearer
claude --model claude-opus-4-8`;

const codex = `model_provider = "concurred"

[model_providers.concurred]
name = "Concurred"
base_url = "${openAiUrl}"
env_key = "CONCURRED_API_KEY"
wire_api = "responses"`;

export const snippets = {
  curl: { name: "curl", text: curl, where: "In a terminal." },
  python: { name: "Python", text: python, where: "With the package openai." },
  openai: { name: "TypeScript", text: openAi, where: "With the package openai." },
  anthropic: { name: "Anthropic SDK", text: anthropic, where: "TypeScript, with the package @anthropic-ai/sdk." },
  claude: { name: "Claude Code", text: claudeCode, where: "In a terminal. Any model works, such as --model gpt." },
  codex: {
    name: "Codex",
    text: codex,
    where: "In ~/.codex/config.toml, with the key in CONCURRED_API_KEY. Then: codex -m claude",
  },
  openCode: { name: "opencode", text: openCode, where: "In opencode.json. Then: opencode run -m concurred/claude" },
  aiSdk: { name: "AI SDK", text: aiSdk, where: "TypeScript, with the packages ai and @ai-sdk/openai." },
  langChain: { name: "LangChain", text: langChain, where: "TypeScript, with the package @langchain/openai." },
} as const;

export type Client = keyof typeof snippets;
