import type { SupabaseClient } from "@supabase/supabase-js";
import { describe, expect, it, vi } from "vitest";
import { confirmIdentity, freshSignInMs } from "#core/auth/confirm-identity.ts";
import type { SessionPrincipal } from "#core/auth/principal.ts";
import { GatewayError } from "#core/errors.ts";

const nowMs = Date.UTC(2026, 10, 29, 12);

const principalOf = (changes: Partial<SessionPrincipal> = {}): SessionPrincipal => ({
  kind: "session",
  userId: "user_1",
  email: "me@test.local",
  sessionId: "session_1",
  signedInAtMs: nowMs - freshSignInMs - 1,
  confirm: () => Promise.resolve(),
  ...changes,
});

/** Supabase that knows one password, of one user. */
const supabaseOf = (password: string, id = "user_1") => {
  const signOut = vi.fn(() => Promise.resolve({ error: null }));
  const signInWithPassword = vi.fn((sent: { readonly password: string }) =>
    Promise.resolve(
      sent.password === password
        ? { data: { user: { id } }, error: null }
        : { data: {}, error: { name: "AuthApiError", status: 400 } },
    ),
  );
  const client = { auth: { signInWithPassword, signOut } } as unknown as SupabaseClient;
  return { newClient: () => client, signInWithPassword, signOut };
};

const confirm = (principal: SessionPrincipal, password: string | undefined, { newClient } = supabaseOf("right")) =>
  confirmIdentity(principal, password, newClient, nowMs);

describe("before something that cannot be undone", () => {
  it("a sign-in within ten minutes is enough, and an older or unknown one is not", async () => {
    await confirm(principalOf({ signedInAtMs: nowMs - freshSignInMs }), undefined);
    for (const signedInAtMs of [nowMs - freshSignInMs - 1, undefined]) {
      await expect(confirm(principalOf({ signedInAtMs }), undefined)).rejects.toMatchObject({
        code: "FORBIDDEN",
        param: "password",
      });
    }
  });

  it("the user's password is enough, and leaves no second session", async () => {
    const supabase = supabaseOf("right");
    await confirm(principalOf(), "right", supabase);
    expect(supabase.signInWithPassword).toHaveBeenCalledWith({ email: "me@test.local", password: "right" });
    expect(supabase.signOut).toHaveBeenCalledWith({ scope: "local" });
  });

  it.each([
    [
      "a wrong password, also right after a sign-in",
      principalOf({ signedInAtMs: nowMs }),
      "wrong",
      supabaseOf("right"),
    ],
    ["another user's password", principalOf(), "right", supabaseOf("right", "user_2")],
    ["a password of a user without an email address", principalOf({ email: undefined }), "right", supabaseOf("right")],
  ])("refuses %s", async (_, principal, password, supabase) => {
    await expect(confirm(principal, password, supabase)).rejects.toMatchObject({
      code: "FORBIDDEN",
      param: "password",
    });
  });

  it("refuses a session that was ended elsewhere", async () => {
    const ended = new GatewayError("UNAUTHORIZED", "Sign in to the dashboard first.");
    const principal = principalOf({ signedInAtMs: nowMs, confirm: () => Promise.reject(ended) });
    await expect(confirm(principal, undefined)).rejects.toBe(ended);
  });
});
