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

export const signedIn = (user: User): void => {
  session.value = { state: "signed-in", user };
};

/** Also called when any answer says that the session has ended. */
export const signedOut = (): void => {
  session.value = { state: "signed-out" };
};
