import { afterEach, describe, expect, it, vi } from "vitest";
import { concurrencyOf, domainOf, functionVariables, schedulesOf, versionOf } from "#infra/deploy-environment.ts";
import { nodeVersionFault } from "#infra/node-version.ts";
import { appOf, reservationFault, reservedTotal, settingsOf } from "#infra/stage.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("stages", () => {
  it("only production keeps its data, by any name that is not exactly its own", () => {
    expect(appOf("production")).toMatchObject({ removal: "retain", protect: true });
    for (const stage of ["staging", "dev", "Production", "production2"]) {
      expect(appOf(stage)).toMatchObject({ removal: "remove", protect: false });
    }
  });

  it("production and staging fit together into an account with the usual quota", () => {
    const total = ["production", "staging"].reduce(
      (sum, stage) => sum + reservedTotal(settingsOf(stage).reservedConcurrency),
      0,
    );
    expect(total).toBeLessThanOrEqual(900);
  });

  it("a reservation that the account has no room for is explained before AWS refuses it", () => {
    const { reservedConcurrency } = settingsOf("production");
    expect(reservationFault(reservedConcurrency, 10)).toMatch(/the account has 10\..*Service Quotas/);
    expect(reservationFault(reservedConcurrency, 1_000)).toBeUndefined();
    expect(reservationFault({}, 10)).toBeUndefined();
  });
});

it("functions on this machine need the Node.js that they have on AWS, and one sentence says how to get it", () => {
  expect(nodeVersionFault("24.21.0")).toBeUndefined();
  expect(nodeVersionFault("20.19.5")).toBe(
    "Functions need Node.js 24 and this is 20.19.5: use npm scripts, or put node_modules/.bin first on PATH.",
  );
});

describe("the environment of a deployment", () => {
  const needed = { SUPABASE_URL: "https://project.supabase.co", UNKEY_API_ID: "api_1" };

  it("is refused, naming what is missing, without what every function needs", () => {
    expect(() => functionVariables({ UNKEY_API_ID: "api_1", SUPABASE_URL: "" })).toThrow(/SUPABASE_URL/);
  });

  it("passes on the settings that are set and nothing else: no provider key of the deployer gets into a function", () => {
    expect(
      functionVariables({ ...needed, RATE_LIMIT_SCALE: "2", SIGN_UP_DOMAINS: "", OPENAI_API_KEY: "sk-x" }),
    ).toEqual({
      ...needed,
      RATE_LIMIT_SCALE: "2",
    });
  });

  it("names a domain, with a certificate of one's own where the zone is elsewhere", () => {
    expect(domainOf({})).toBeUndefined();
    expect(domainOf({ DOMAIN_NAME: "api.example.com" })).toEqual({ name: "api.example.com" });
    const certificateArn = "arn:aws:acm:us-east-1:000000000000:certificate/1-2";
    expect(domainOf({ DOMAIN_NAME: "api.example.com", DOMAIN_CERTIFICATE_ARN: certificateArn })).toEqual({
      name: "api.example.com",
      certificateArn,
    });
  });

  it("asks AWS for the account's concurrency unless the deployer names it, and refuses nonsense", () => {
    expect(concurrencyOf({})).toEqual({ limit: undefined, reserve: true });
    expect(concurrencyOf({ RESERVE_CONCURRENCY: "no", LAMBDA_CONCURRENCY_LIMIT: "10" })).toEqual({
      limit: 10,
      reserve: false,
    });
    expect(() => concurrencyOf({ LAMBDA_CONCURRENCY_LIMIT: "many" })).toThrow(/LAMBDA_CONCURRENCY_LIMIT/);
  });

  it("takes an empty variable, as a workflow forwards it, for one that is not set", () => {
    vi.stubEnv("AWS_REGION", "");
    expect(appOf("production").providers.aws.region).toBe("us-east-1");
    expect(concurrencyOf({ LAMBDA_CONCURRENCY_LIMIT: "", RESERVE_CONCURRENCY: "" })).toEqual(concurrencyOf({}));
    expect(versionOf({ VERSION: "" }, "1.2.3")).toBe("1.2.3");
    expect(schedulesOf({ SCHEDULES: "" }, true)).toBe(true);
    expect(domainOf({ DOMAIN_NAME: "" })).toBeUndefined();
  });
});
