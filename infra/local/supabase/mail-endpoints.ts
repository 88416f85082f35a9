import * as z from "zod";
import { AuthError } from "./auth-error.ts";
import { challengeInput, codeChallenge } from "./flows.ts";
import { type Endpoint, ok, optionalMetadata, optionalText, parseBody, validEmail } from "./http.ts";
import { type MailType, sendMail } from "./mails.ts";
import { allowedRedirect } from "./redirects.ts";
import { requireSignUpsEnabled } from "./signup-endpoint.ts";
import { confirmUser, createUser, findUserByEmail, isConfirmed } from "./users.ts";

const magicLinkInput = z.object({
  email: optionalText,
  data: optionalMetadata,
  create_user: z.boolean().nullish(),
  ...challengeInput,
});

/** POST /otp and /magiclink: mails a link and a code to sign in with; creates the user unless told not to. */
export const magicLinkEndpoint: Endpoint = (context, request) => {
  const input = parseBody(magicLinkInput, request.body);
  const email = validEmail(input.email);
  const challenge = codeChallenge(input);
  const redirectTo = allowedRedirect(context, request);
  let record = findUserByEmail(context, email);
  if (record === undefined) {
    if (input.create_user === false) {
      throw new AuthError(422, "otp_disabled", "Signups not allowed for otp");
    }
    requireSignUpsEnabled(context);
    record = createUser(context, { email, passwordHash: null, provider: "email", userMetadata: input.data });
  }
  if (!isConfirmed(record.user) && !context.settings.confirmEmail) confirmUser(context, record.user);
  sendMail(context, record.user, isConfirmed(record.user) ? "magiclink" : "signup", redirectTo, challenge);
  return ok();
};

const recoverInput = z.object({ email: optionalText, ...challengeInput });

/** POST /recover: mails a link to set a new password with. Answers the same for an unknown address. */
export const recoverEndpoint: Endpoint = (context, request) => {
  const input = parseBody(recoverInput, request.body);
  const challenge = codeChallenge(input);
  const record = findUserByEmail(context, validEmail(input.email));
  if (record === undefined) return ok();
  sendMail(context, record.user, "recovery", allowedRedirect(context, request), challenge);
  return ok();
};

const resendInput = z.object({ email: optionalText, type: optionalText, ...challengeInput });

/** POST /resend: sends the confirmation of a sign-up or of a change of address again, where one is due. */
export const resendEndpoint: Endpoint = (context, request) => {
  const input = parseBody(resendInput, request.body);
  const type: MailType | undefined = input.type === "signup" || input.type === "email_change" ? input.type : undefined;
  if (type === undefined) {
    throw new AuthError(
      400,
      "validation_failed",
      "Missing one of these types: signup, email_change, sms, phone_change",
    );
  }
  const challenge = codeChallenge(input);
  const record = findUserByEmail(context, validEmail(input.email));
  const isDue =
    record !== undefined && (type === "signup" ? !isConfirmed(record.user) : record.user.new_email !== undefined);
  if (isDue) sendMail(context, record.user, type, allowedRedirect(context, request), challenge);
  return ok();
};
