import type { IncomingHttpHeaders } from "node:http";
import * as z from "zod";
import type { AuthContext } from "./auth-context.ts";
import { AuthError } from "./auth-error.ts";

export interface AuthRequest {
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  /** The parsed JSON body; an empty object without one. */
  readonly body: unknown;
  /** What the path's `:id` stands for. */
  readonly id: string;
}

export interface AuthReply {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers one method of one path. Throws `AuthError`. */
export type Endpoint = (context: AuthContext, request: AuthRequest) => AuthReply | Promise<AuthReply>;

export const ok = (body: object = {}): AuthReply => ({ status: 200, body });
export const noContent: AuthReply = { status: 204 };
export const redirect = (status: 302 | 303, location: string): AuthReply => ({ status, headers: { location } });

/** An optional text of a body; absent and null are empty, as in Go. */
export const optionalText = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

export const optionalMetadata = z.record(z.string(), z.unknown()).nullish();

/** Reads a body by its schema. Throws `bad_json` without quoting the body, which may hold a password. */
export const parseBody = <Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> => {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new AuthError(
    400,
    "bad_json",
    `Could not parse request body as JSON: ${parsed.error.issues[0]?.path.join(".")}`,
  );
};

/** Checks and normalises an email address as Supabase Auth does. Throws `validation_failed`. */
export const validEmail = (email: string): string => {
  if (email === "") throw new AuthError(400, "validation_failed", "An email address is required");
  if (!z.email().safeParse(email).success) {
    throw new AuthError(400, "validation_failed", "Unable to validate email address: invalid format");
  }
  return email.toLowerCase();
};
