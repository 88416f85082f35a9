import { afterEach, describe, expect, it, vi } from "vitest";
import type { Dependencies } from "#infra/local/dependencies.ts";
import { functionEnvironments } from "#infra/local/function-environment.ts";

/** Which providers a function has a key for. */

const dependencies = {
  dynamoDbEndpoint: "http://127.0.0.1:1",
  tableNames: { keys: "keys", provider: "provider", usage: "usage", cache: "cache" },
  kmsEndpoint: "http://127.0.0.1:2",
  kmsKeyArn: "arn",
  unkey: { url: "http://127.0.0.1:3", rootKey: "root", apiId: "api" },
  supabase: { url: "http://127.0.0.1:4", anonKey: "anon", serviceRoleKey: undefined, addUser: undefined },
  langfuse: undefined,
  collectorUrl: "http://127.0.0.1:6",
  simulatedProviders: { exa: "http://127.0.0.1:5/exa", openai: "http://127.0.0.1:5/openai/v1" },
  close: async () => undefined,
} as unknown as Dependencies;

const environment = () =>
  functionEnvironments(dependencies)({ id: "Chat", grants: ["secret:ExaApiKey", "secret:OpenaiApiKey"] });

describe("the providers of npm start", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("are the stand-ins where the environment says nothing, web search among them", () => {
    expect(environment()).toMatchObject({
      EXA_BASE_URL: "http://127.0.0.1:5/exa",
      OPENAI_BASE_URL: "http://127.0.0.1:5/openai/v1",
      SST_RESOURCE_ExaApiKey: expect.any(String),
      SST_RESOURCE_OpenaiApiKey: expect.any(String),
    });
  });

  it("are the real ones with a key", () => {
    vi.stubEnv("EXA_API_KEY", "exa-key");
    expect(environment().EXA_BASE_URL).toBeUndefined();
    expect(environment().SST_RESOURCE_ExaApiKey).toBe(JSON.stringify({ value: "exa-key" }));
  });

  it("have no key where WITHOUT_PROVIDERS names them, as on a stage without one", () => {
    vi.stubEnv("EXA_API_KEY", "exa-key");
    vi.stubEnv("WITHOUT_PROVIDERS", " exa ,");
    expect(environment()).not.toHaveProperty("SST_RESOURCE_ExaApiKey");
    expect(environment()).toHaveProperty("SST_RESOURCE_OpenaiApiKey");
  });

  it("refuse a name in WITHOUT_PROVIDERS that no provider has", () => {
    vi.stubEnv("WITHOUT_PROVIDERS", "exxa");
    expect(environment).toThrow(/^WITHOUT_PROVIDERS must be providers.*openai.*exa, not "exxa"/);
  });
});
