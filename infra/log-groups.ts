/**
 * The log groups of a stage. Functions share one by kind, so that neither a query nor the operators' template names each
 * function: CloudWatch reads at most 50 log groups in one query. Lambda puts the function's name into the log stream's.
 * No AWS or SST code: the operators' stack reads it too.
 */
export const logGroupKinds = ["generating", "serving", "background"] as const;
export type LogGroupKind = (typeof logGroupKinds)[number];

/** `stage` is a stage's name, or a reference to it in a template. Lambda refuses names that begin with `aws/`. */
export const logGroupName = (stage: string, kind: LogGroupKind): string => `/concurred/${stage}/${kind}`;

/** Streaming routes are the ones that generate; a row with a trigger has no path. */
export const logGroupKindOf = (row: { readonly stream?: boolean; readonly trigger?: unknown }): LogGroupKind => {
  if (row.trigger !== undefined) return "background";
  return row.stream === true ? "generating" : "serving";
};
