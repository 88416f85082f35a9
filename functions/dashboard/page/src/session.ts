import { signal } from "@preact/signals";

/** Who is signed in. */

export interface User {
  readonly id: string;
  readonly email: string | null;
}

export type Session =
  | { readonly state: "unknown" }
  | { readonly state: "signed-in"; readonly user: User }
  | { readonly state: "signed-out" }
  | { readonly state: "failed"; readonly error: Error };

export const session = signal<Session>({ state: "unknown" });

const forgetters: (() => void)[] = [];

/** Pages register what must not outlive a user. It runs when the session ends and when another user signs in. */
export const forgetWithSession = (forget: () => void): void => {
  forgetters.push(forget);
};

/** The id of who is signed in. */
export const signedInUser = (): string | undefined =>
  session.value.state === "signed-in" ? session.value.user.id : undefined;

const forgetAll = (): void => {
  for (const forget of forgetters) forget();
};

export const signedIn = (user: User): void => {
  const before = session.peek();
  if (before.state === "signed-in" && before.user.id !== user.id) forgetAll();
  session.value = { state: "signed-in", user };
};

/** Also called when any answer says that the session has ended. */
export const signedOut = (): void => {
  forgetAll();
  session.value = { state: "signed-out" };
};

/** All tabs share the session's cookie, so whoever signs out in one tab is signed out in all of them. */
const otherTabs = new BroadcastChannel("concurred-session");
const ended = "signed-out";
otherTabs.onmessage = ({ data }) => {
  if (data === ended) signedOut();
};

/** For a sign-out that the person asked for. */
export const signedOutInAllTabs = (): void => {
  signedOut();
  otherTabs.postMessage(ended);
};
