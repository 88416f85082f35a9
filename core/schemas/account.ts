import * as z from "zod";

/** The body of DELETE /api/v1/account, and the query of its export. */

export const deleteAccountSchema = z.strictObject({
  password: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .describe("Your password; not needed within 10 minutes of a sign-in"),
});

export const accountExportQueryFields = {
  cursor: z
    .string()
    .regex(/^[\w-]{1,2000}$/, "must be the `cursor` of a page's last line")
    .optional()
    .describe("`cursor` of the last line of the page before"),
};

export const accountExportQuerySchema = z.strictObject(accountExportQueryFields);
