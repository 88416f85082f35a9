import { afterAll, beforeAll } from "vitest";
import { type SimulatedProviders, startSimulatedProviders } from "#infra/local/providers/simulated-providers.ts";
import { Browser, type HttpReply, type HttpRequest, request } from "#tests/accounts/support/gateway.ts";
import { type StandIns, type TestUser, useStandIns } from "#tests/accounts/support/stand-ins.ts";

/** Every function in this process on real parts, with simulated providers for chat and media, and tenants to attack. */

/** The platform's keys of all providers, which nobody may ever see. */
export const platformKey = "sk-platform-CANARYplatform0key9";

const providerVariables = {
  openai: ["OPENAI_BASE_URL", "OpenaiApiKey"],
  anthropic: ["ANTHROPIC_BASE_URL", "AnthropicApiKey"],
  google: ["GOOGLE_BASE_URL", "GoogleApiKey"],
  "x-ai": ["XAI_BASE_URL", "XaiApiKey"],
  openrouter: ["OPENROUTER_BASE_URL", "OpenrouterApiKey"],
  minimax: ["MINIMAX_BASE_URL", "MinimaxApiKey"],
  fashn: ["FASHN_BASE_URL", "FashnApiKey"],
  fal: ["FAL_BASE_URL", "FalApiKey"],
  bfl: ["BFL_BASE_URL", "BflApiKey"],
} as const;

/** A user with a session and an API key. */
export interface Tenant extends TestUser {
  readonly browser: Browser;
  readonly key: string;
  readonly keyId: string;
}

export interface AttackedGateway extends StandIns {
  readonly providers: SimulatedProviders;
  createTenant(): Promise<Tenant>;
}

/** A request with a tenant's API key. */
export const withKey = (tenant: Pick<Tenant, "key">, wanted: HttpRequest): Promise<HttpReply> =>
  request({ ...wanted, headers: { authorization: `Bearer ${tenant.key}`, ...wanted.headers } });

/** All of it for the tests of a file. Call it in a `describe` that is skipped where there are no tables. */
export const useAttackedGateway = (): (() => AttackedGateway) => {
  const standIns = useStandIns();
  let providers: SimulatedProviders | undefined;
  beforeAll(async () => {
    providers = await startSimulatedProviders({ chunkDelayMs: 0 });
    for (const [id, [variable, secret]] of Object.entries(providerVariables)) {
      process.env[variable] = providers.baseUrls[id as keyof typeof providerVariables];
      process.env[`SST_RESOURCE_${secret}`] = JSON.stringify({ value: platformKey });
    }
    process.env.RATE_LIMIT_SCALE = "100000";
    process.env.MAX_OPEN_REQUESTS = "1000";
    process.env.DAILY_SPEND_CAP_USD = "1000";
    process.env.LOG_LEVEL = "DEBUG";
  });
  afterAll(() => providers?.close());
  return () => {
    if (providers === undefined) throw new Error("The providers have not started.");
    return {
      ...standIns(),
      providers,
      createTenant: async () => {
        const user = await standIns().createUser();
        const browser = await new Browser().signIn(user);
        const made = await browser.post("/api/v1/keys", { name: "A tenant's key", rateLimit: 10_000 });
        return { ...user, browser, ...made.data<{ key: string; keyId: string }>() };
      },
    };
  };
};
