import { type Client, type Place, sdkScript, task } from "./client.ts";

/** Agents and SDKs that speak OpenAI's Responses API. Their configurations are those of docs/guide/clients.md. */

const baseUrl = ({ origin }: Place): string => `${origin}/api/v1`;
const program = ({ installed }: Place, name: string): string => `${installed}/node_modules/.bin/${name}`;

export const responsesClients: readonly Client[] = [
  {
    name: "Codex CLI",
    packages: { "@openai/codex": "0.171.0" },
    models: ["gpt", "claude", "gemini"],
    writesFile: true,
    files: (place) => ({
      ".codex/config.toml": [
        'model_provider = "concurred"',
        'approval_policy = "never"',
        'sandbox_mode = "danger-full-access"',
        "check_for_update_on_startup = false",
        "[analytics]",
        "enabled = false",
        "[model_providers.concurred]",
        'name = "Concurred"',
        `base_url = "${baseUrl(place)}"`,
        'env_key = "CONCURRED_API_KEY"',
        'wire_api = "responses"',
      ].join("\n"),
    }),
    command: (place, model) => ({
      file: program(place, "codex"),
      arguments: ["exec", "--skip-git-repo-check", "-m", model, task],
      env: { CONCURRED_API_KEY: place.apiKey },
    }),
  },
  {
    name: "opencode",
    packages: { "opencode-ai": "1.18.33" },
    afterInstall: "node_modules/opencode-ai/postinstall.mjs",
    models: ["gpt", "claude"],
    writesFile: true,
    files: (place) => ({
      ".config/opencode/opencode.json": JSON.stringify({
        provider: {
          concurred: {
            npm: "@ai-sdk/openai",
            options: { baseURL: baseUrl(place), apiKey: place.apiKey },
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
    name: "pi",
    packages: { "@earendil-works/pi-coding-agent": "1.6.0" },
    models: ["gpt", "claude", "gpt-5"],
    writesFile: true,
    files: (place) => ({
      ".pi/agent/models.json": JSON.stringify({
        providers: {
          concurred: {
            baseUrl: baseUrl(place),
            apiKey: place.apiKey,
            api: "openai-responses",
            models: ["gpt", "claude", "gpt-5"].map((id) => ({ id, reasoning: true })),
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
    name: "Qwen Code",
    packages: { "@qwen-code/qwen-code": "0.24.4" },
    models: ["gpt", "claude"],
    writesFile: true,
    command: (place, model) => ({
      file: program(place, "qwen"),
      arguments: ["--auth-type", "openai-responses", "-m", model, "-y", task],
      env: { OPENAI_BASE_URL: baseUrl(place), OPENAI_API_KEY: place.apiKey },
    }),
  },
  {
    name: "Continue CLI",
    packages: { "@continuedev/cli": "1.5.47" },
    // It speaks this API to ids that it knows.
    models: ["gpt-5.2"],
    writesFile: true,
    files: (place) => ({
      "config.yaml": [
        "name: concurred",
        "version: 0.0.1",
        "schema: v1",
        "models:",
        "  - name: gpt-5.2",
        "    provider: openai",
        "    model: gpt-5.2",
        `    apiBase: ${baseUrl(place)}`,
        `    apiKey: ${place.apiKey}`,
        "    capabilities: [tool_use]",
        "    roles: [chat]",
      ].join("\n"),
    }),
    command: (place) => ({
      file: program(place, "cn"),
      arguments: ["-p", "--auto", "--config", `${place.home}/config.yaml`, task],
      env: {},
    }),
  },
  sdkScript("openai", "openai-sdk.mjs", { openai: "7.57.0" }, ["gpt", "claude", "gemini"]),
  sdkScript("@ai-sdk/openai", "ai-sdk-openai.mjs", { ai: "7.0.173", "@ai-sdk/openai": "4.0.118", zod: "4.6.7" }, [
    "gpt",
    "gpt-5",
    "claude",
    "gemini",
  ]),
  sdkScript("@openai/agents", "openai-agents.mjs", { "@openai/agents": "0.20.0", zod: "4.6.7" }, [
    "gpt",
    "claude",
    "gemini",
  ]),
  // It speaks this API to these ids, and chat completions to others.
  sdkScript(
    "@langchain/openai",
    "langchain-openai.mjs",
    { "@langchain/openai": "1.6.0", "@langchain/core": "1.4.0", zod: "4.6.7" },
    ["gpt-5.6-sol", "gpt-5.3-codex"],
  ),
];
