import { root } from "../root.ts";
import { type Session, session, signedIn, signedOut, signedOutInAllTabs, type User } from "../session.ts";
import { ApiError, data, request, toError } from "./request.ts";

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** Asks who is signed in, and keeps the answer. Never throws: a failure is a state of the session. */
export const loadSession = async (): Promise<void> => {
  try {
    const { user } = await data<{ user: User }>("auth/session");
    signedIn(user);
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 401) signedOut();
    else session.value = { state: "failed", error: toError(thrown) } satisfies Session;
  }
};

export const signIn = async (credentials: Credentials): Promise<void> => {
  const { user } = await data<{ user: User }>("auth/sign-in", { method: "POST", body: credentials });
  signedIn(user);
};

export interface ConfirmedLink {
  readonly tokenHash: string;
  readonly type: string;
  readonly email: string;
}

/** Signs in by the link of a mail that another browser asked for. */
export const signInByLink = async (link: ConfirmedLink): Promise<void> => {
  await request("auth/callback", { method: "POST", body: link });
};

/** Whether the new user is signed in already; else the address must be confirmed by a mail first. */
export const signUp = async (credentials: Credentials): Promise<boolean> => {
  const { status, json } = await request("auth/sign-up", { method: "POST", body: credentials });
  if (status === 202) return false;
  signedIn((json.data as { user: User }).user);
  return true;
};

export const signOut = async (): Promise<void> => {
  await request("auth/sign-out", { method: "POST" });
  signedOutInAllTabs();
};

export const sendMagicLink = async (email: string, next: string): Promise<void> => {
  await request("auth/magic-link", { method: "POST", body: { email, next } });
};

export const sendPasswordReset = async (email: string): Promise<void> => {
  await request("auth/reset-password", { method: "POST", body: { email } });
};

/** The current password is not needed shortly after a sign-in. */
export const updatePassword = async (password: string, currentPassword = ""): Promise<void> => {
  const body = { password, ...(currentPassword === "" ? {} : { currentPassword }) };
  await request("auth/update-password", { method: "POST", body });
};

/** Ends every session of the user, on all devices. */
export const signOutEverywhere = async (): Promise<void> => {
  await request("auth/sign-out", { method: "POST", body: { everywhere: true } });
  signedOutInAllTabs();
};

export interface SignedIn {
  readonly user: User;
  /** ISO 8601; null where it is not known. */
  readonly signedInAt: string | null;
}

export const readSession = (signal: AbortSignal): Promise<SignedIn> => data("auth/session", { signal });

/** Address that leads to a provider's own sign-in and back to `next`, a path within this gateway. */
export const oauthUrl = (provider: "github" | "google", next: string): string =>
  `${root}api/auth/oauth/${provider}?next=${encodeURIComponent(next)}`;
