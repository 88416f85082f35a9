import { afterEach, describe, expect, it, vi } from "vitest";

/** `config` reads each value once, so each stage's settings get modules of their own. */
const policyOf = async (environment: Readonly<Record<string, string>>) => {
  vi.resetModules();
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const { requireSignUpAllowed } = await import("#core/auth/sign-up-policy.ts");
  return (email: string): boolean => {
    try {
      requireSignUpAllowed(email);
      return true;
    } catch (error) {
      expect(error).toMatchObject({
        code: "FORBIDDEN",
        status: 403,
        message: "Sign-up is not available for this address.",
      });
      return false;
    }
  };
};

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the sign-up policy of a stage", () => {
  it("is closed when nothing is said: open sign-up with platform keys is an open wallet", async () => {
    const allows = await policyOf({ SIGN_UP_POLICY: "" });
    expect(allows("ada@example.com")).toBe(false);
  });

  it("lets nobody in when it is closed, also of a listed domain", async () => {
    const allows = await policyOf({ SIGN_UP_POLICY: "closed", SIGN_UP_DOMAINS: "example.com" });
    expect(allows("ada@example.com")).toBe(false);
  });

  it("lets everybody in when it is open", async () => {
    const allows = await policyOf({ SIGN_UP_POLICY: "open" });
    expect(allows("ada@anywhere.example")).toBe(true);
  });

  it("lets in exactly the listed domains", async () => {
    const allows = await policyOf({ SIGN_UP_POLICY: "domains", SIGN_UP_DOMAINS: " Example.com, other.org ,," });
    for (const email of ["ada@example.com", "ada@EXAMPLE.com", "Ada@other.org", '"a@b"@example.com']) {
      expect(allows(email), email).toBe(true);
    }
    for (const email of [
      "ada@sub.example.com",
      "ada@example.com.evil.org",
      "ada@notexample.com",
      "ada@example.com@evil.org",
      "ada@",
      "ada",
      "@",
      "",
    ]) {
      expect(allows(email), email).toBe(false);
    }
  });

  it("lets nobody in by domains when none is listed", async () => {
    const allows = await policyOf({ SIGN_UP_POLICY: "domains", SIGN_UP_DOMAINS: "" });
    for (const email of ["ada@example.com", "ada@", "ada"]) expect(allows(email)).toBe(false);
  });

  it("is a fault of the deploy when it is none of the three", async () => {
    vi.resetModules();
    vi.stubEnv("SIGN_UP_POLICY", "opne");
    const { requireSignUpAllowed } = await import("#core/auth/sign-up-policy.ts");
    expect(() => requireSignUpAllowed("ada@example.com")).toThrow("SIGN_UP_POLICY");
  });
});
