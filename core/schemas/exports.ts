import * as z from "zod";

/** Exports: where an account's requests are sent to. */

const maxHeaders = 10;
/** Names that the gateway or HTTP sets. */
const ownHeaders =
  /^(?:host|connection|content-(?:type|length|encoding)|transfer-encoding|user-agent|webhook-.*|expect|upgrade|te|trailer|keep-alive)$/i;

const headers = z
  .record(
    z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, "must be the name of a header")
      .refine((name) => !ownHeaders.test(name), "is set by the gateway"),
    z.string().regex(/^[\x20-\x7e]{0,2000}$/, "must be printable ASCII, up to 2,000 characters"),
  )
  .refine((all) => Object.keys(all).length <= maxHeaders, `must have at most ${maxHeaders} headers`)
  .describe("Sent with each message, such as `authorization`. Sealed, and never shown again");
const url = z.string().min(1).max(2_000).describe("https address on a public host");
const sampling = z.number().min(0).max(1).describe("Share of requests, all generations of one together");
const includeContent = z.boolean().describe("With prompts and answers, of API keys that record them (`recordContent`)");
const keys = z.array(z.string().min(1).max(100)).min(1).max(100).describe("Only requests of these API keys");

export const createExportSchema = z.strictObject({
  kind: z.enum(["otlp", "webhook"]),
  url,
  headers: headers.optional(),
  sampling: sampling.default(1),
  keys: keys.optional(),
  enabled: z.boolean().default(true),
  includeContent: includeContent.default(false),
});

export type NewExport = z.infer<typeof createExportSchema>;

export const patchExportSchema = z
  .strictObject({
    url: url.optional(),
    headers: headers.optional(),
    sampling: sampling.optional(),
    keys: keys.nullable().optional().describe("null: requests of all keys"),
    enabled: z.boolean().optional(),
    includeContent: includeContent.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "must have at least one field");

export type ExportChange = z.infer<typeof patchExportSchema>;
