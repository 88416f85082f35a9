import * as z from "zod";

const email = z.email().max(254);
/** Supabase hashes with bcrypt, which reads 72 bytes at most. */
const password = z.string().min(8).max(72);
/** A path of this site to continue at. Checked again when it is used. */
const next = z.string().max(500).optional();

export const signInSchema = z.strictObject({ email, password: z.string().min(1).max(200) });
export const signUpSchema = z.strictObject({ email, password });
export const magicLinkSchema = z.strictObject({ email, next });
export const resetPasswordSchema = z.strictObject({ email });
export const updatePasswordSchema = z.strictObject({
  password,
  currentPassword: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .describe(
      "Your password until now; not needed within 10 minutes of a sign-in, such as by the link of a reset mail",
    ),
});
export const signOutSchema = z.strictObject({
  everywhere: z.boolean().optional().describe("Ends every session of the user, on all devices"),
});

/** Kinds of mails whose link signs in. */
export const mailTypes = ["signup", "magiclink", "recovery", "invite", "email", "email_change"] as const;
export const tokenHash = z.string().regex(/^[\w-]{1,200}$/);
/** The address is the one that the page showed: the link must be of the same. */
export const confirmSignInSchema = z.strictObject({ tokenHash, type: z.enum(mailTypes), email });
