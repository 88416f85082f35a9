import { type Client, sdkScript, task } from "./client.ts";

/** Clients of Anthropic's dialect. */
export const messagesClients: readonly Client[] = [
  {
    name: "Claude Code",
    packages: { "@anthropic-ai/claude-code": "2.1.332" },
    afterInstall: "node_modules/@anthropic-ai/claude-code/install.cjs",
    models: ["claude-opus-4-8", "claude-sonnet-4-5", "gpt", "gemini"],
    writesFile: true,
    command: ({ origin, apiKey, installed }, model) => ({
      file: `${installed}/node_modules/.bin/claude`,
      arguments: ["-p", task, "--model", model, "--dangerously-skip-permissions"],
      env: {
        ANTHROPIC_BASE_URL: `${origin}/api`,
        ANTHROPIC_API_KEY: apiKey,
        IS_SANDBOX: "1",
        DISABLE_AUTOUPDATER: "1",
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
        CLAUDE_CODE_MAX_RETRIES: "0",
      },
    }),
  },
  sdkScript("@anthropic-ai/sdk", "anthropic-sdk.mjs", { "@anthropic-ai/sdk": "1.12.0" }, [
    "claude-opus-4-8",
    "gpt",
    "gemini",
  ]),
  sdkScript(
    "@ai-sdk/anthropic",
    "ai-sdk-anthropic.mjs",
    { ai: "7.0.173", "@ai-sdk/anthropic": "4.0.105", zod: "4.6.7" },
    ["claude-opus-4-8", "gpt"],
  ),
];
