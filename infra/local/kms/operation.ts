import * as z from "zod";
import type { KeyStore } from "./key-store.ts";
import { KmsError } from "./kms-error.ts";

/** One operation of the API: checks its input, works on the keys, returns its output (nothing for most changes). */
export interface Operation {
  readonly input: z.ZodObject;
  run(store: KeyStore, input: unknown): object | undefined;
}

/** Makes an operation of an input schema and what to do. Input that does not fit is a `ValidationException`. */
export const operation = <Input extends z.ZodObject>(
  input: Input,
  run: (store: KeyStore, input: z.output<Input>) => object | undefined,
): Operation => ({
  input,
  run: (store, received) => {
    const parsed = input.safeParse(received);
    if (parsed.success) return run(store, parsed.data);
    const [issue] = parsed.error.issues;
    throw new KmsError(
      "ValidationException",
      `1 validation error detected: Value at '${issue?.path.join(".")}' failed to satisfy constraint: ${issue?.message}`,
    );
  },
});

export const keyReference = z.string().min(1).max(2048);
export const dryRun = z.boolean().nullish();

/** Ends an operation that was asked only whether it would succeed. */
export const rejectDryRun = (isDryRun: boolean | null | undefined): void => {
  if (isDryRun) {
    throw new KmsError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
  }
};

export const pageInput = { Limit: z.number().int().min(1).max(1000).nullish(), Marker: z.string().min(1).nullish() };

interface Page<Item> {
  readonly items: Item[];
  readonly rest: { readonly Truncated: boolean; readonly NextMarker?: string };
}

/** Cuts a list as the `List*` operations do. Throws `InvalidMarkerException` for a marker that is not ours. */
export const page = <Item>(
  all: readonly Item[],
  input: { readonly Limit?: number | null | undefined; readonly Marker?: string | null | undefined },
  defaultLimit: number,
): Page<Item> => {
  const start = input.Marker ? Number(Buffer.from(input.Marker, "base64url").toString()) : 0;
  if (!Number.isInteger(start) || start < 0 || start > all.length) throw new KmsError("InvalidMarkerException");
  const end = start + (input.Limit ?? defaultLimit);
  const items = all.slice(start, end);
  if (end >= all.length) return { items, rest: { Truncated: false } };
  return { items, rest: { Truncated: true, NextMarker: Buffer.from(String(end)).toString("base64url") } };
};
