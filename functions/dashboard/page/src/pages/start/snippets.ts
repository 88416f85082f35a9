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
  openai: { name: "OpenAI SDK", text: openAi, where: "TypeScript, with the package openai." },
  anthropic: { name: "Anthropic SDK", text: anthropic, where: "TypeScript, with the package @anthropic-ai/sdk." },
  claude: { name: "Claude Code", text: claudeCode, where: "In a terminal. Any model works, such as --model gpt." },
  codex: {
    name: "Codex",
    text: codex,
    where: "In ~/.codex/config.toml, with the key in CONCURRED_API_KEY. Then: codex -m claude",
  },
} as const;

export type Client = keyof typeof snippets;
