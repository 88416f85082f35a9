import { createClient } from "@supabase/supabase-js";
import { config } from "#core/config.ts";
import { DependencyError } from "#core/errors.ts";

/** Supabase did not delete a user. A later try may. */
export class SupabaseRefused extends DependencyError {
  override readonly name = "SupabaseRefused";
  readonly transient = true;
}

const requestTimeoutMs = 5_000;

/** Every call to Supabase has a time. */
const timedFetch: typeof fetch = (input, init) =>
  fetch(input, { ...init, signal: AbortSignal.timeout(requestTimeoutMs) });

/**
 * Deletes a user in Supabase, where the stage has a key that may. Resolves to whether the user is gone from there: a second try finds
 * that done. @throws SupabaseRefused
 */
export const deleteSupabaseUser = async (userId: string): Promise<boolean> => {
  const key = config.supabaseServiceRoleKey();
  if (key === undefined) return false;
  const supabase = createClient(config.supabaseUrl(), key, {
    auth: { autoRefreshToken: false, persistSession: false, detectSessionInUrl: false },
    global: { fetch: timedFetch },
  });
  const { error } = await supabase.auth.admin.deleteUser(userId).catch((cause: unknown) => {
    // The library throws for an id that is not a UUID: no user has it.
    if (cause instanceof Error && /UUID/.test(cause.message)) return { error: null };
    throw new SupabaseRefused("Supabase gave no answer");
  });
  if (error === null || error.status === 404) return true;
  throw new SupabaseRefused(`Supabase did not delete the user: ${error.status ?? "no answer"}`);
};
