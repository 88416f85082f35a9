import type { SignedIn } from "../../api/auth.ts";

/** The API asks for no password in the ten minutes after a sign-in. A minute is left for filling in a form. */
const freshMs = 9 * 60_000;

export const isFresh = (signedIn: SignedIn | undefined, nowMs = Date.now()): boolean =>
  signedIn?.signedInAt !== undefined &&
  signedIn.signedInAt !== null &&
  nowMs - new Date(signedIn.signedInAt).getTime() < freshMs;
