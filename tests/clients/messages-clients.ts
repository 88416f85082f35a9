import { type Client, type Place, sdkScript, task } from "./client.ts";

/** Where Anthropic's SDKs and most agents add `/v1` themselves. */
const anthropicBase = ({ origin }: Place): string => `${origin}/api`;
const program = ({ installed }: Place, name: string): string => `${installed}/node_modules/.bin/${name}`;

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
  {
    name: "opencode, npm @ai-sdk/anthropic",
    packages: { "opencode-ai": "1.18.33" },
    afterInstall: "node_modules/opencode-ai/postinstall.mjs",
    models: ["claude", "gpt"],
    writesFile: true,
    files: ({ origin, apiKey }) => ({
      ".config/opencode/opencode.json": JSON.stringify({
        provider: {
          concurred: {
            npm: "@ai-sdk/anthropic",
            options: { baseURL: `${origin}/api/v1`, apiKey },
            models: { gpt: {}, claude: {} },
          },
        },
        small_model: "concurred/gpt",
        permission: { edit: "allow", bash: "allow" },
      }),
    }),
    command: (place, model) => ({
      file: program(place, "opencode"),
      arguments: ["run", "-m", `concurred/${model}`, task],
      env: { OPENCODE_DISABLE_MODELS_FETCH: "1", OPENCODE_DISABLE_AUTOUPDATE: "1" },
    }),
  },
  {
    name: "pi, anthropic-messages",
    packages: { "@earendil-works/pi-coding-agent": "1.6.0" },
    models: ["claude", "gpt"],
    writesFile: true,
    files: (place) => ({
      ".pi/agent/models.json": JSON.stringify({
        providers: {
          concurred: {
            baseUrl: anthropicBase(place),
            apiKey: place.apiKey,
            api: "anthropic-messages",
            models: ["claude", "gpt"].map((id) => ({ id, reasoning: true })),
          },
        },
      }),
    }),
    command: (place, model) => ({
      file: program(place, "pi"),
      arguments: ["-p", "--offline", "--no-session", "--provider", "concurred", "--model", model, task],
      env: {},
    }),
  },
  {
    name: "Qwen Code, anthropic",
    packages: { "@qwen-code/qwen-code": "0.24.4" },
    models: ["claude", "gpt"],
    writesFile: true,
    command: (place, model) => ({
      file: program(place, "qwen"),
      arguments: ["--auth-type", "anthropic", "-m", model, "-y", task],
      env: { ANTHROPIC_BASE_URL: anthropicBase(place), ANTHROPIC_API_KEY: place.apiKey },
    }),
  },
];
