import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

vi.hoisted(() => {
  const linked: Readonly<Record<string, object>> = {
    UnkeyRootKey: { wrong: "unkey_secret" },
    OpenaiApiKey: { value: "unset" },
    AnthropicApiKey: { value: "" },
    XaiApiKey: { value: "xai-1" },
    LangfusePublicKey: { value: "pk" },
  };
  // SST reads its links when it is first asked, once for the whole process.
  for (const [name, value] of Object.entries(linked)) process.env[`SST_RESOURCE_${name}`] = JSON.stringify(value);
});

/** `config` reads each value once, so each test has a module and an environment of its own. */
const before = { ...process.env };
const load = async (environment: Record<string, string | undefined> = {}) => {
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  vi.resetModules();
  const { config } = await import("#core/config.ts");
  return { ...config, ...(await import("#core/upstreams.ts")) };
};

describe("config", () => {
  beforeEach(() => {
    process.env = { ...before };
  });
  afterEach(() => {
    process.env = { ...before };
  });

  describe("names what is missing", () => {
    it.each<[string, string, (config: Awaited<ReturnType<typeof load>>) => unknown]>([
      ["SUPABASE_URL", "SUPABASE_URL is not set", (config) => config.supabaseUrl()],
      ["UNKEY_API_ID", "UNKEY_API_ID is not set", (config) => config.unkeyApiId()],
      ["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID is not set", (config) => config.awsCredentials()],
      ["SST_RESOURCE_KeysTable", "Resource KeysTable.name is not linked", (config) => config.tableName("keys")],
      ["SST_RESOURCE_EncryptionKey", "Resource EncryptionKey.arn is not linked", (config) => config.kmsKeyArn()],
      [
        "SST_RESOURCE_UnkeyRootKey",
        "The secret UnkeyRootKey is not set or not linked",
        (config) => config.unkeyRootKey(),
      ],
    ])("%s", async (variable, message, read) => {
      const config = await load({ [variable]: undefined });
      expect(() => read(config)).toThrow(message);
    });

    it("only when it is read: a function is given no more than its route needs", async () => {
      await expect(load({ SUPABASE_URL: undefined, UNKEY_API_ID: undefined })).resolves.toBeDefined();
    });

    it("and nothing of what is there", async () => {
      const config = await load();
      expect(() => config.unkeyRootKey()).toThrow(/^((?!unkey_secret).)*$/);
    });
  });

  it.each([
    ["RATE_LIMIT_SCALE", "many", "must be a number"],
    ["MAX_OPEN_REQUESTS", "-1", "must be a whole number of 0 or more"],
    ["DAILY_SPEND_CAP_USD", "NaN", "must be a number of 0 or more"],
    ["SIGN_UP_POLICY", "everybody", "must be one of open, domains, closed"],
    ["SIGN_UP_CLOSED_AT", "yesterday", "must be a time"],
    ["SIGN_UP_CLOSED_AT", "2026-13-01", "must be a time"],
  ])("refuses %s=%s", async (variable, value, message) => {
    const config = await load({ [variable]: value });
    const read = () => [
      config.rateLimitScale(),
      config.maxOpenRequests(),
      config.dailySpendCapUsd(),
      config.signUpPolicy(),
      config.signUpClosedAtMs(),
    ];
    expect(read).toThrow(new RegExp(`${variable}.*${message}`));
  });

  it("has the contract's defaults, and closes sign-up unless told otherwise", async () => {
    const config = await load({
      RATE_LIMIT_SCALE: "",
      MAX_OPEN_REQUESTS: "",
      DAILY_SPEND_CAP_USD: "",
      SIGN_UP_POLICY: "",
    });
    expect([
      config.rateLimitScale(),
      config.maxOpenRequests(),
      config.dailySpendCapUsd(),
      config.signUpPolicy(),
    ]).toEqual([1, 20, 5, "closed"]);
  });

  it("finds each service of the region where no endpoint is named, and drops slashes at the end of those that are", async () => {
    const cloud = await load({
      AWS_REGION: "eu-central-1",
      AWS_ENDPOINT_URL_DYNAMODB: "",
      AWS_ENDPOINT_URL_KMS: "",
      UNKEY_URL: "",
      OPENAI_BASE_URL: "",
    });
    expect(cloud.dynamoDbEndpoint()).toBe("https://dynamodb.eu-central-1.amazonaws.com");
    expect(cloud.kmsEndpoint()).toBe("https://kms.eu-central-1.amazonaws.com");
    expect(cloud.unkeyUrl()).toBe("https://api.unkey.com");
    expect(cloud.providerBaseUrl("openai")).toBe("https://api.openai.com/v1");
    const local = await load({ OPENAI_BASE_URL: "http://127.0.0.1:1/v1//", UNKEY_URL: "http://127.0.0.1:2/" });
    expect(local.providerBaseUrl("openai")).toBe("http://127.0.0.1:1/v1");
    expect(local.unkeyUrl()).toBe("http://127.0.0.1:2");
  });

  it("has no key for a provider whose secret was never set, is empty or is not linked", async () => {
    const config = await load();
    expect(
      (["openai", "anthropic", "google", "x-ai"] as const).map((provider) => config.providerApiKey(provider)),
    ).toEqual([undefined, undefined, undefined, "xai-1"]);
  });

  it("has Langfuse's keys only as a pair", async () => {
    expect((await load()).langfuseKeys()).toBeUndefined();
  });

  it("signs with a session token only when there is one", async () => {
    expect((await load({ AWS_SESSION_TOKEN: "" })).awsCredentials().sessionToken).toBeUndefined();
    expect((await load({ AWS_SESSION_TOKEN: "t" })).awsCredentials().sessionToken).toBe("t");
  });

  it("reads the domains of sign-up as a list without case and space", async () => {
    expect((await load({ SIGN_UP_DOMAINS: " Example.com, ,b.org " })).signUpDomains()).toEqual([
      "example.com",
      "b.org",
    ]);
  });
});
