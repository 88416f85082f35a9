import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { checkDeploySettings } from "#infra/deploy-environment.ts";
import { deploySettings, localFaults, localSettings, settingOf, settings, stageSettings } from "#infra/settings.ts";

const root = join(import.meta.dirname, "../..");
const numbers = ["x", "-1", "NaN", "Infinity", "1,5", "5 USD", "0x"];
const wholes = [...numbers, "1.5"];
const urls = [
  "notaurl",
  "localhost:8080",
  "ftp://example.com",
  "//example.com",
  "https://",
  "https://user:password@example.com",
  "https://example.com/v1?key=1",
  "https://example.com/#v1",
  "javascript:alert(1)",
];
const words = ["two words", "line\nend", "käse", "\u200bzero-width"];
const arns = ["key", "arn:aws:s3:::bucket", "arn:aws:kms:us-east-1:1:alias/x"];

type Name = keyof typeof settings;
type Modules = Pick<typeof import("#core/config.ts"), "config"> &
  Pick<typeof import("#core/upstreams.ts"), "bedrockBaseUrl" | "providerBaseUrl"> &
  Pick<typeof import("#core/catalog/bedrock.ts"), "namedModels" | "namedRegion">;
const names = Object.keys(settings) as readonly Name[];
const allLike = (pattern: RegExp, values: readonly string[]): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(names.filter((name) => pattern.test(name)).map((name) => [name, values]));

const bad: Readonly<Record<string, readonly string[]>> = {
  ...allLike(/_URL$|_ENDPOINT$/, urls),
  ...allLike(/_KEY$|_API_ID$|^VERSION$/, words),
  RATE_LIMIT_SCALE: numbers,
  DAILY_SPEND_CAP_USD: numbers,
  PLAYGROUND_BUDGET_USD: numbers,
  MAX_OPEN_REQUESTS: wholes,
  MAX_WORKERS: [...wholes, "0"],
  SCHEDULE_SCALE: [...numbers, "0"],
  LAMBDA_CONCURRENCY_LIMIT: [...wholes, "0", "many"],
  PORT: [...wholes, "65536", "http"],
  SIGN_UP_POLICY: ["foo", "Open", "open,closed"],
  SIGN_UP_DOMAINS: ["example", "a@example.com", "https://example.com", "example.com;example.org", "-a.example"],
  UNPRICED_MODELS: ["Refuse", "yes"],
  BEDROCK_MODELS: [
    "claude",
    "us.anthropic.claude-sonnet-5;x",
    "us.anthropic.claude sonnet",
    "arn:aws:bedrock:x",
    "a.b=c.d",
  ],
  BEDROCK_REGION: ["us-east", "Frankfurt"],
  CUSTOM_HOSTS: ["http://localhost", "localhost/v1", "a b", "*.internal", "::1", "host:port"],
  SIGN_UP_CLOSED_AT: ["yesterday", "2026-13-01", "1700000000"],
  LOG_LEVEL: ["debug", "TRACE", "1"],
  RESERVE_CONCURRENCY: ["true", "No"],
  SCHEDULES: ["on"],
  SST_STATE_HOME: ["s3"],
  AWS_REGION: ["us-east", "Frankfurt", "us-east-1a", "eu_central_1"],
  HOST: ["http://127.0.0.1", "127.0.0.1:80", "999.1.1.1", "a b", "1.2.3"],
  DOMAIN_NAME: ["example", "https://example.com", "api.example.com/v1", "*.example.com", "api..example.com"],
  DOMAIN_CERTIFICATE_ARN: arns,
  KMS_KEY_ARN: arns,
  LOCAL_DATA_DIR: ["a\0b"],
  FUNCTIONS_DIR: ["a\0b"],
  WITHOUT_RIGHTS: ["Keys", "keys:Query", "Keys keys:Query;Usage rollups:Query"],
  WITHOUT_PROVIDERS: ["openai,nobody", "Exa"],
};
const needed = { SUPABASE_URL: "https://project.supabase.co", UNKEY_API_ID: "api_1" };

const sentenceOf = (name: Name, value: string): string => {
  try {
    settingOf(name, { [name]: value });
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};
const cases = names.flatMap((name) => (bad[name] ?? []).map((value) => [name, value] as const));

describe("the table of settings", () => {
  it("has bad values for every row", () => {
    for (const name of names) expect(bad[name]?.length, name).toBeGreaterThan(0);
  });

  it.each(cases)("refuses %s=%j in one sentence that names it", (name, value) => {
    const sentence = sentenceOf(name, value);
    expect(sentence).toMatch(new RegExp(`^${name} must be [^\\n]+\\.$`));
  });

  it.each(cases.filter(([name]) => name in stageSettings || name in localSettings))(
    "npm start says the same of %s=%j",
    (name, value) => {
      expect(localFaults({ [name]: value })).toEqual([sentenceOf(name, value)]);
    },
  );

  it.each(cases.filter(([name]) => name in stageSettings || name in deploySettings))(
    "a deployment says the same of %s=%j",
    (name, value) => {
      expect(() => checkDeploySettings({ ...needed, [name]: value })).toThrow(new Error(sentenceOf(name, value)));
    },
  );

  it.each(names)("takes an empty or blank %s as not set", (name) => {
    for (const value of ["", "  "]) expect(settingOf(name, { [name]: value })).toBeUndefined();
  });

  it("reports every fault at once, and never what may be a secret", () => {
    const secret = "sk-secret secret";
    const faults = localFaults({
      OPENAI_API_KEY: secret,
      OPENAI_BASE_URL: `https://x:${secret}@y`,
      PORT: "a",
      HOST: "b c",
    });
    expect(faults).toHaveLength(4);
    expect(faults.join(" ")).not.toContain("secret");
  });

  it.each([undefined, "", " , ,"])(
    "refuses SIGN_UP_POLICY=domains with SIGN_UP_DOMAINS=%j, at a start and in a deploy",
    (domains) => {
      const environment = { SIGN_UP_POLICY: "domains", ...(domains === undefined ? {} : { SIGN_UP_DOMAINS: domains }) };
      const sentence = "SIGN_UP_POLICY is domains, so SIGN_UP_DOMAINS must name at least one, such as example.com.";
      expect(localFaults(environment)).toEqual([sentence]);
      expect(() => checkDeploySettings({ ...needed, ...environment })).toThrow(new Error(sentence));
      expect(localFaults({ ...environment, SIGN_UP_DOMAINS: "example.com" })).toEqual([]);
    },
  );

  it("takes what is usual", () => {
    expect(
      localFaults({
        ...needed,
        PORT: "0",
        HOST: "::1",
        SIGN_UP_DOMAINS: " example.com, example.org ",
        RATE_LIMIT_SCALE: "0.5",
        OPENAI_BASE_URL: "http://127.0.0.1:11434/v1/",
        WITHOUT_PROVIDERS: "exa, minimax",
        LOCAL_DATA_DIR: "/tmp/with space",
      }),
    ).toEqual([]);
  });
});

/** What reads each setting of a stage in a function. */
const readers: Readonly<Record<keyof typeof stageSettings, (modules: Modules) => unknown>> = {
  SUPABASE_URL: ({ config }) => config.supabaseUrl(),
  UNKEY_API_ID: ({ config }) => config.unkeyApiId(),
  UNKEY_URL: ({ config }) => config.unkeyUrl(),
  RATE_LIMIT_SCALE: ({ config }) => config.rateLimitScale(),
  MAX_OPEN_REQUESTS: ({ config }) => config.maxOpenRequests(),
  DAILY_SPEND_CAP_USD: ({ config }) => config.dailySpendCapUsd(),
  PLAYGROUND_BUDGET_USD: ({ config }) => config.playgroundBudgetUsd(),
  SIGN_UP_POLICY: ({ config }) => config.signUpPolicy(),
  SIGN_UP_DOMAINS: ({ config }) => config.signUpDomains(),
  UNPRICED_MODELS: ({ config }) => config.unpricedModels(),
  CUSTOM_HOSTS: ({ config }) => config.customHosts(),
  BEDROCK_MODELS: ({ namedModels }) => namedModels(),
  BEDROCK_REGION: ({ namedRegion }) => namedRegion(),
  SIGN_UP_CLOSED_AT: ({ config }) => config.signUpClosedAtMs(),
  LOG_LEVEL: ({ config }) => config.logLevel(),
  OPENAI_BASE_URL: ({ providerBaseUrl }) => providerBaseUrl("openai"),
  ANTHROPIC_BASE_URL: ({ providerBaseUrl }) => providerBaseUrl("anthropic"),
  GOOGLE_BASE_URL: ({ providerBaseUrl }) => providerBaseUrl("google"),
  XAI_BASE_URL: ({ providerBaseUrl }) => providerBaseUrl("x-ai"),
  OPENROUTER_BASE_URL: ({ providerBaseUrl }) => providerBaseUrl("openrouter"),
  MINIMAX_BASE_URL: ({ providerBaseUrl }) => providerBaseUrl("minimax"),
  FASHN_BASE_URL: ({ providerBaseUrl }) => providerBaseUrl("fashn"),
  FAL_BASE_URL: ({ providerBaseUrl }) => providerBaseUrl("fal"),
  BFL_BASE_URL: ({ providerBaseUrl }) => providerBaseUrl("bfl"),
  BEDROCK_BASE_URL: ({ bedrockBaseUrl }) => bedrockBaseUrl(),
  EXA_BASE_URL: ({ providerBaseUrl }) => providerBaseUrl("exa"),
  LANGFUSE_BASE_URL: ({ providerBaseUrl }) => providerBaseUrl("langfuse"),
};

describe("the configuration of functions", () => {
  it.each(Object.entries(readers))("refuses a bad %s with the same sentence", async (name, read) => {
    for (const value of bad[name] ?? []) {
      vi.stubEnv(name, value);
      vi.resetModules();
      const modules = {
        ...(await import("#core/config.ts")),
        ...(await import("#core/upstreams.ts")),
        ...(await import("#core/catalog/bedrock.ts")),
      };
      expect(() => read(modules)).toThrow(new Error(sentenceOf(name as Name, value)));
    }
    vi.unstubAllEnvs();
  });
});

const sourcesIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(root, folder, file), "utf8"));

describe("nothing is read past the table", () => {
  /** Of Lambda, AWS's tools and SST, each of which checks its own; of vite and of mocks; a browser for a command. */
  const elsewhere = [
    /^AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|LAMBDA_FUNCTION_NAME)$/,
    /^SST_(?:RESOURCE_|SERVER)/,
    /^(?:NODE_ENV|CHROMIUM|MOCKED_\w+)$/,
    // In samples that users copy.
    /^(?:CK_KEY|ORIGIN)$/,
  ];

  it("by the code of the gateway, its deployment or npm start", () => {
    const read = ["core", "functions", "infra"].flatMap((folder) =>
      sourcesIn(folder).flatMap((source) =>
        [...source.matchAll(/process\.env\.([A-Z][A-Z0-9_]+)/g)].map(([, name = ""]) => name),
      ),
    );
    expect(read.filter((name) => !elsewhere.some((pattern) => pattern.test(name)))).toEqual([]);
  });

  it("by a person: each setting is documented where it is used", () => {
    const local = readFileSync(join(root, "docs/guide/local.md"), "utf8");
    const deployment = readFileSync(join(root, "docs/operations/deployment.md"), "utf8");
    const isIn = (text: string, name: string): boolean =>
      text.includes(`\`${name}\``) || text.includes(`\`${name.replace(/(?<=^[A-Z]+_)(?:API_KEY|BASE_URL)$/, "")}\``);
    expect(Object.keys(deploySettings).filter((name) => !isIn(deployment, name))).toEqual([]);
    expect(Object.keys(localSettings).filter((name) => !isIn(local, name))).toEqual([]);
    expect(Object.keys(stageSettings).filter((name) => !isIn(local + deployment, name))).toEqual([]);
  });
});
