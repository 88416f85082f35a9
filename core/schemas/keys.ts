import * as z from "zod";
import { isAllowable } from "#core/catalog/allowable.ts";
import { budgetPeriods } from "#core/db/budget-period.ts";
import { maxTagBytes, maxTags, tagBytes, tagNameFault, tagValueFault } from "#core/values/tags.ts";
import { webhookUrl } from "./media-url.ts";

const name = z.string().trim().min(1).max(100);
/** Requests a minute. */
const rateLimit = z.int().min(1).max(10_000);
const expiresAt = z.iso
  .datetime({ offset: true })
  .refine((text) => Date.parse(text) > Date.now(), "must be in the future");

/** A million dollars. */
const maxBudgetUsd = 1_000_000;
const maxAllowedModels = 100;
const maxNameLength = 200;
const maxTokensPerMinute = 1_000_000_000;

const budget = z.strictObject({
  /** To the micro-dollar; 0 allows only what costs nothing. */
  usd: z.number().min(0).max(maxBudgetUsd),
  period: z.enum(budgetPeriods),
  includeByok: z.boolean().default(false),
});

const allowedModels = z
  .array(
    z
      .string()
      .max(maxNameLength)
      .refine(isAllowable, "must be a model id, an alias, or all models of a provider as provider/*"),
  )
  .min(1)
  .max(maxAllowedModels)
  .transform((names) => [...new Set(names)]);

/** Where alerts at 50, 80 and 100 % of the budget go. */
const alertWebhookUrl = webhookUrl
  .describe("https URL on a public host that receives a webhook at 50, 80 and 100 % of the budget, once a period")
  .nullish();

/** The longest that prompts and answers are kept, days. */
const maxContentDays = 30;

const recordContent = z
  .strictObject({ days: z.int().min(1).max(maxContentDays) })
  .describe("Prompts and answers of the key's requests are kept, sealed, for so many days, for its owner alone");

/** Stored with each request's usage, unless the request sets a tag of the same name. */
const tags = z
  .record(z.string(), z.string("must be a string"))
  .superRefine((given, context) => {
    const entries = Object.entries(given);
    const refuse = (message: string, path: string[] = []): void =>
      context.addIssue({ code: "custom", message: `is not valid: ${message}`, path });
    if (entries.length > maxTags) refuse(`at most ${maxTags} pairs are allowed`);
    else if (tagBytes(entries) > maxTagBytes) refuse(`all names and values together have at most ${maxTagBytes} bytes`);
    for (const [name, value] of entries) {
      const nameFault = tagNameFault(name);
      if (nameFault !== undefined) refuse(nameFault);
      const valueFault = tagValueFault(value);
      if (valueFault !== undefined) refuse(valueFault, [name]);
    }
  })
  .transform((given) => (Object.keys(given).length === 0 ? null : given))
  .describe("Tags of the key's requests that do not set them themselves: up to 16, 1 KB in all");

const limits = {
  alertWebhookUrl,
  budget: budget.nullish(),
  allowedModels: allowedModels.nullish(),
  tokensPerMinute: z.int().min(1).max(maxTokensPerMinute).nullish(),
  recordContent: recordContent.nullish(),
  tags: tags.nullish(),
};

export const defaultKeyRateLimit = 60;
/** The longest grace of a rotation: 30 days. */
const maxGraceSeconds = 30 * 86_400;

export const createKeySchema = z.strictObject({
  name,
  rateLimit: rateLimit.default(defaultKeyRateLimit),
  expiresAt: expiresAt.nullish(),
  ...limits,
});

export const patchKeySchema = z
  .strictObject({
    name: name.optional(),
    rateLimit: rateLimit.optional(),
    enabled: z.boolean().optional(),
    expiresAt: expiresAt.nullable().optional(),
    ...limits,
  })
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), "must have at least one field");

export const rotateKeySchema = z.strictObject({ gracePeriodSeconds: z.int().min(0).max(maxGraceSeconds).default(0) });

export type CreateKey = z.infer<typeof createKeySchema>;
export type PatchKey = z.infer<typeof patchKeySchema>;
/** What a key may do, as its owner sets it: null lifts a limit, and what is left out stays. */
export type LimitsChange = Pick<PatchKey, "budget" | "allowedModels" | "tokensPerMinute" | "recordContent" | "tags">;
