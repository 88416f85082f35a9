import { describe, expect, it } from "vitest";
import { concurrencyOf, domainOf, functionVariables } from "#infra/deploy-environment.ts";
import { appOf, checkReservations, reservedTotal, settingsOf } from "#infra/stage.ts";

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

  it("a reservation that the account has no room for is refused before anything is deployed", () => {
    const { reservedConcurrency } = settingsOf("production");
    expect(() => checkReservations(reservedConcurrency, 10)).toThrow(
      /LAMBDA_CONCURRENCY_LIMIT.*RESERVE_CONCURRENCY=no/,
    );
    expect(() => checkReservations(reservedConcurrency, 1_000)).not.toThrow();
    expect(() => checkReservations({}, 10)).not.toThrow();
  });
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
    expect(domainOf({ DOMAIN_NAME: "api.example.com", DOMAIN_CERTIFICATE_ARN: "arn" })).toEqual({
      name: "api.example.com",
      certificateArn: "arn",
    });
  });

  it("knows the account's concurrency, and refuses nonsense", () => {
    expect(concurrencyOf({})).toEqual({ limit: 1_000, reserve: true });
    expect(concurrencyOf({ RESERVE_CONCURRENCY: "no", LAMBDA_CONCURRENCY_LIMIT: "10" })).toEqual({
      limit: 10,
      reserve: false,
    });
    expect(() => concurrencyOf({ LAMBDA_CONCURRENCY_LIMIT: "many" })).toThrow(/LAMBDA_CONCURRENCY_LIMIT/);
  });
});
