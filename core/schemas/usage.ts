import * as z from "zod";

const day = z.iso.date();
const dayMs = 86_400_000;
const maxUsageDays = 366;
const defaultDays = 30;

const toDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The query of GET /api/v1/usage; without dates the last 30 days. Days are UTC, both ends inclusive. */
export const usageQuerySchema = z
  .strictObject({
    from: day.optional(),
    to: day.optional(),
    keyId: z.string().min(1).max(100).optional(),
    tag: z.string().min(1).max(64).optional(),
    series: z.enum(["day", "hour"]).optional(),
    cursor: z
      .string()
      .regex(/^req_[0-9a-f-]{1,60}#\d{1,6}$/, "must be the `nextCursor` of the page before")
      .optional(),
  })
  .refine(({ keyId, tag }) => keyId === undefined || tag === undefined, {
    path: ["tag"],
    message: "cannot be combined with `keyId`: tags are summed over all keys",
  })
  .refine(({ series, from, to }) => series !== "hour" || (from !== undefined && from === to), {
    path: ["series"],
    message: "can be `hour` only for one day: set `from` and `to` to it",
  })
  .refine(({ series, cursor }) => cursor === undefined || series === "hour", {
    path: ["cursor"],
    message: "needs `series=hour`",
  })
  .transform(({ from, to, ...rest }) => {
    const end =
      to ??
      (from === undefined
        ? toDay(Date.now())
        : toDay(Math.min(Date.now(), Date.parse(from) + (maxUsageDays - 1) * dayMs)));
    return { from: from ?? toDay(Date.parse(end) - (defaultDays - 1) * dayMs), to: end, ...rest };
  })
  // Thirty days before the first days of year 0 there is no four-digit year.
  .refine(({ from }) => day.safeParse(from).success, { path: ["to"], message: "is too far in the past" })
  .refine(({ from, to }) => from <= to, { path: ["from"], message: "must not be after `to`" })
  .refine(({ from, to }) => Date.parse(to) - Date.parse(from) < maxUsageDays * dayMs, {
    path: ["from"],
    message: `must be less than ${maxUsageDays} days before \`to\``,
  });

type ParsedUsageQuery = z.infer<typeof usageQuerySchema>;
type Extra = "tag" | "series" | "cursor";
export type UsageQuery = Omit<ParsedUsageQuery, Extra> & Partial<Pick<ParsedUsageQuery, Extra>>;
