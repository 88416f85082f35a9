import * as z from "zod/v4/core";
import { GatewayError } from "#core/errors.ts";
import { issueText } from "./issue-text.ts";

z.config({ localeError: issueText });

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : text === "" ? String(part) : `${text}.${String(part)}`,
    "",
  );

interface Issue {
  readonly path: string;
  readonly message: string;
  readonly missing: boolean;
}

const maxIssues = 50;

/** Whether a value has nothing at a path. Zod reports that only for some of its issues. */
const isAbsent = (value: unknown, path: readonly PropertyKey[]): boolean => {
  let part: unknown = value;
  for (const name of path) {
    if (typeof part !== "object" || part === null || !Object.hasOwn(part, name)) return true;
    part = (part as Readonly<Record<PropertyKey, unknown>>)[name];
  }
  return part === undefined;
};

/** The deepest issue of a union is the one that the caller meant. */
const flatten = (issues: readonly z.$ZodIssue[], value: unknown, prefix: readonly PropertyKey[] = []): Issue[] =>
  issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    if (issue.code === "invalid_union" && issue.errors.length > 0) {
      const branches = issue.errors.map((branch) => flatten(branch, value, path));
      const absent = branches.every((branch) => branch.every((leaf) => leaf.missing && leaf.path === pathText(path)));
      if (absent) return [{ path: pathText(path), message: "is missing", missing: true }];
      const deepest = branches.filter((branch) => branch.some((leaf) => leaf.path !== pathText(path)));
      if (deepest[0] !== undefined) return deepest[0];
    }
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ path: pathText([...path, key]), message: "is unknown", missing: false }));
    }
    const missing = path.length > 0 && isAbsent(value, path);
    return [{ path: pathText(path), message: missing ? "is missing" : issue.message, missing }];
  });

/** A schema's complaints as one 400 with every path in `details.issues`. */
const toSchemaError = (error: z.$ZodError, value: unknown): GatewayError => {
  const issues = flatten(error.issues, value).slice(0, maxIssues);
  const first = issues[0];
  const shown = issues.map(({ path, message }) => ({ path, message }));
  if (first?.missing === true) {
    return new GatewayError("MISSING_REQUIRED_FIELD", `The field ${first.path} is missing.`, {
      param: first.path,
      details: { issues: shown },
    });
  }
  const where = first === undefined || first.path === "" ? "The body" : `The field ${first.path}`;
  return new GatewayError("BAD_REQUEST", `${where} ${first?.message ?? "is not valid"}.`, {
    ...(first === undefined || first.path === "" ? {} : { param: first.path }),
    details: { issues: shown },
  });
};

/** Checks a value against a schema. @throws GatewayError 400 with every path */
export const parseWith = <Schema extends z.$ZodType>(schema: Schema, value: unknown): z.output<Schema> => {
  const result = z.safeParse(schema, value);
  if (!result.success) throw toSchemaError(result.error, value);
  return result.data;
};
