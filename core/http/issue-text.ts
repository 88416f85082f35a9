import type * as z from "zod/v4/core";

/**
 * What is wrong with a value, as the end of a sentence that begins with the field's name: "must be a string". Zod's own
 * messages are written for developers ("Too small: expected string to have >=8 characters"). Nothing repeats the value,
 * which may be a prompt or a key.
 */

const typeNames: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "an integer",
  boolean: "true or false",
  array: "an array",
  tuple: "an array",
  object: "an object",
  record: "an object",
  null: "null",
};

const typeName = (type: string): string => typeNames[type] ?? `a ${type}`;

/** The type of what was received. */
const receivedName = (value: unknown): string => {
  if (typeof value === "boolean") return "a boolean";
  return typeName(value === null ? "null" : Array.isArray(value) ? "array" : typeof value);
};

const units: Readonly<Record<string, string>> = { string: "character", array: "item", file: "byte", set: "item" };

const limitText = (
  { origin, exact, inclusive }: { readonly origin: string; readonly exact?: boolean; readonly inclusive?: boolean },
  limit: number | bigint,
  [within, beyond]: readonly [within: string, beyond: string],
): string => {
  const unit = units[origin];
  const range = exact === true ? "exactly" : inclusive === false ? beyond : within;
  if (unit === undefined) return `must be ${range} ${limit}`;
  return `must have ${range} ${limit} ${unit}${Number(limit) === 1 ? "" : "s"}`;
};

const formats: Readonly<Record<string, string>> = {
  email: "an email address",
  url: "a URL",
  uuid: "a UUID",
  date: "a date such as 2026-11-29",
  datetime: "a date and time such as 2026-11-29T12:00:00Z",
  base64: "base64",
};

const oneOf = (values: readonly unknown[]): string => {
  const texts = values.map((value) => (typeof value === "bigint" ? String(value) : JSON.stringify(value)));
  return texts.length === 1 ? `must be ${texts[0]}` : `must be one of ${texts.join(", ")}`;
};

/** For a value that matches no union member: the error of the only member with a matching type, or all types. */
const unionText = (issue: z.$ZodRawIssue<z.$ZodIssueInvalidUnion>): string => {
  if (issue.inclusive === false) return "must have only one of the supported forms";
  if (issue.options !== undefined && issue.options.length > 0) return oneOf(issue.options);
  const first = issue.errors.map(([each]) => each).filter((each) => each !== undefined);
  const [fitting, ...others] = first.filter(({ code, path }) => code !== "invalid_type" || path.length > 0);
  if (fitting !== undefined) return others.length > 0 ? "must have one of the supported forms" : fitting.message;
  const types = new Set(first.map((each) => (each.code === "invalid_type" ? typeName(each.expected) : "")));
  return `must be ${[...types].join(" or ")}`;
};

/** The message for an issue whose check defines none. */
export const issueText = (issue: z.$ZodRawIssue): string => {
  switch (issue.code) {
    case "invalid_type": {
      const expected = typeName(issue.expected);
      // A number with decimals is still a number.
      return issue.expected === "int" && typeof issue.input === "number"
        ? `must be ${expected}`
        : `must be ${expected}, not ${receivedName(issue.input)}`;
    }
    case "invalid_value":
      return oneOf(issue.values);
    case "too_small":
      if (issue.minimum === 1 && issue.exact !== true && issue.origin === "string") return "must not be empty";
      return limitText(issue, issue.minimum, ["at least", "more than"]);
    case "too_big":
      return limitText(issue, issue.maximum, ["at most", "less than"]);
    case "invalid_format":
      return issue.format === "regex"
        ? `must match ${issue.pattern}`
        : `must be ${formats[issue.format] ?? `a valid ${issue.format}`}`;
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "unrecognized_keys":
      return "must have only known fields";
    case "invalid_key":
      return "has an invalid name";
    case "invalid_union":
      return unionText(issue);
    default:
      return "must have a supported value";
  }
};
