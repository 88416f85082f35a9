import * as z from "zod";
import { AuthError } from "./auth-error.ts";
import { challengeInput, codeChallenge } from "./flows.ts";
import { type Endpoint, noContent, ok, optionalMetadata, optionalText, parseBody, validEmail } from "./http.ts";
import { sendMail } from "./mails.ts";
import { hashPassword, isPassword, requireStrongPassword } from "./passwords.ts";
import { allowedRedirect } from "./redirects.ts";
import { endSessions, requireSession } from "./sessions.ts";
import { mergeMetadata, requireFreeEmail, touch } from "./users.ts";

/** GET /user: the signed-in user. */
export const getUserEndpoint: Endpoint = (context, request) => ok(requireSession(context, request).record.user);

const updateInput = z.object({
  email: optionalText,
  password: optionalText,
  data: optionalMetadata,
  app_metadata: optionalMetadata,
  ...challengeInput,
});

/**
 * PUT /user: changes the password, which ends the other sessions, the metadata, or the address, which only counts once
 * the mail to it was opened (the stand-in asks the new address alone, as with secure email change switched off).
 */
export const updateUserEndpoint: Endpoint = async (context, request) => {
  const { record, session } = requireSession(context, request);
  const { user } = record;
  const input = parseBody(updateInput, request.body);
  if (input.app_metadata) {
    throw new AuthError(403, "not_admin", "Updating app_metadata requires admin privileges");
  }
  const challenge = codeChallenge(input);
  const newEmail = input.email === "" ? user.email : validEmail(input.email);
  let newPasswordHash: string | undefined;
  if (input.password !== "") {
    requireStrongPassword(input.password);
    if (await isPassword(input.password, record.passwordHash)) {
      throw new AuthError(422, "same_password", "New password should be different from the old password.");
    }
    newPasswordHash = await hashPassword(input.password);
  }
  // Everything was checked: from here on nothing waits, so no other request sees half of the change.
  if (newEmail !== user.email) {
    requireFreeEmail(context, newEmail);
    user.new_email = newEmail;
    sendMail(context, user, "email_change", allowedRedirect(context, request), challenge);
  }
  if (newPasswordHash !== undefined) {
    record.passwordHash = newPasswordHash;
    endSessions(context, user.id, "others", session.id);
  }
  if (input.data) user.user_metadata = mergeMetadata(user.user_metadata, input.data);
  touch(context, user);
  return ok(user);
};

const logoutScope = z.enum(["global", "local", "others"]);

/** POST /logout?scope=global|local|others: ends sessions of the signed-in user. */
export const logoutEndpoint: Endpoint = (context, request) => {
  const { session } = requireSession(context, request);
  const requested = request.query.get("scope") || "global";
  const scope = logoutScope.safeParse(requested);
  if (!scope.success) throw new AuthError(400, "validation_failed", `Unsupported logout scope "${requested}"`);
  endSessions(context, session.userId, scope.data, session.id);
  return noContent;
};
