import * as z from "zod";

/** The query of GET /api/v1/requests, and feedback. */

const dayMs = 86_400_000;
const maxDays = 400;
const defaultDays = 30;

const moment = z.union(
  [z.iso.date(), z.iso.datetime({ offset: true })],
  "must be a date or a date with time, ISO 8601",
);
const isDay = (text: string): boolean => text.length === "2026-11-29".length;
const startOf = (text: string): number => Date.parse(text);
/** A day counts whole. */
const endOf = (text: string): number => (isDay(text) ? Date.parse(text) + dayMs - 1 : Date.parse(text));

export const requestStatuses = ["open", "ok", "error", "cancelled", "abandoned"] as const;

const idText = z.string().min(1).max(100);

export const requestsQueryFields = {
  from: moment.optional().describe("First moment or UTC day; 30 days before `to` unless given"),
  to: moment.optional().describe("Last moment or UTC day, inclusive; now unless given. At most 400 days"),
  key: idText.optional().describe("Only requests of this API key"),
  model: z.string().min(1).max(200).optional().describe("Only requests that named this model or were served by it"),
  provider: z.string().min(1).max(50).optional().describe("Only requests that this provider served"),
  status: z.enum(requestStatuses).optional().describe("Only requests that ended so"),
  tag: z
    .string()
    .min(1)
    .max(600)
    .optional()
    .describe("Only requests with this tag: `team=search`, or `team` for any value"),
  cursor: z
    .string()
    .regex(/^[\w-]{1,200}$/, "must be the `nextCursor` of a page")
    .optional()
    .describe("`nextCursor` of the page before"),
  limit: z.coerce.number().int().min(1).max(100).default(50).describe("Maximum number of entries"),
};

export const requestsQuerySchema = z
  .strictObject(requestsQueryFields)
  .transform(({ from, to, ...rest }) => {
    const toMs = to === undefined ? Date.now() : endOf(to);
    return { ...rest, fromMs: from === undefined ? toMs - defaultDays * dayMs : startOf(from), toMs };
  })
  .refine(({ fromMs, toMs }) => fromMs <= toMs, { path: ["from"], message: "must not be after `to`" })
  .refine(({ fromMs, toMs }) => fromMs >= 0 && toMs < Date.parse("2200-01-01"), {
    path: ["to"],
    message: "must be between 1970 and 2200",
  })
  .refine(({ fromMs, toMs }) => toMs - fromMs <= maxDays * dayMs, {
    path: ["from"],
    message: `must be at most ${maxDays} days before \`to\``,
  });

export type RequestsQuery = z.infer<typeof requestsQuerySchema>;

export const feedbackBodySchema = z.strictObject({
  score: z.union([z.literal(-1), z.literal(0), z.literal(1)], "must be -1, 0 or 1"),
  comment: z.string().min(1).max(2_000).optional(),
  tags: z.array(z.string().min(1).max(64)).max(16).optional(),
});

export type FeedbackBody = z.infer<typeof feedbackBodySchema>;
