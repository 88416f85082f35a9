import * as z from "zod/mini";
import { budgetPeriods } from "./budget-period.ts";
import { pico } from "./pico.ts";

/** What an API key may do, beyond its requests a minute. Keys that replaced one another have the same limits. */

const keyBudgetSchema = z.object({
  /** Part of the names of its sums: a new budget starts at zero. */
  id: z.string(),
  picoUsd: pico,
  period: z.enum(budgetPeriods),
  /** Whether calls that the user's own provider keys pay for count, too. */
  includeByok: z._default(z.boolean(), false),
});

export type KeyBudget = z.infer<typeof keyBudgetSchema>;

/** Attributes of a key's mark and of its user's row of it. Absent where there is no such limit. */
export const limitAttributes = {
  /** The same for all keys that replaced one another: part of the names of their sums. */
  limitsId: z.optional(z.string()),
  budget: z.optional(keyBudgetSchema),
  /** Model ids, aliases and `provider/*`. */
  allowedModels: z.optional(z.array(z.string())),
  tokensPerMinute: z.optional(z.number()),
  /** Prompts and answers are recorded, and kept for so many days. */
  contentDays: z.optional(z.number()),
  /** Of each of its requests that does not set them itself. */
  keyTags: z.optional(z.record(z.string(), z.string())),
} as const;

const limitsSchema = z.object(limitAttributes);
type LimitAttributes = z.infer<typeof limitsSchema>;

/** The key under which calls of the dashboard's own pages are metered. Unkey makes none with such an id. */
export const playgroundKeyId = "playground";

export interface KeyLimits {
  readonly id: string;
  readonly budget?: KeyBudget | undefined;
  readonly allowedModels?: readonly string[] | undefined;
  readonly tokensPerMinute?: number | undefined;
  /** Prompts and answers are recorded, and kept for so many days. */
  readonly contentDays?: number | undefined;
  /** Of each of its requests that does not set them itself. */
  readonly keyTags?: Readonly<Record<string, string>> | undefined;
}

/** The limits that a row holds; undefined for a key without any. The whole row goes along: picking what it names is code that chats load. */
export const limitsOf = (row: LimitAttributes | undefined): KeyLimits | undefined =>
  row?.limitsId === undefined ? undefined : { ...row, id: row.limitsId };
