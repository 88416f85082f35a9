import { ApiError } from "../../api/request.ts";
import type { Turn } from "./turns.ts";

/** Turns as the browser's store holds them: without objects that cannot be copied, and without an API key. */

interface KeptError {
  readonly message: string;
  readonly status?: number;
  readonly code?: string;
  readonly requestId?: string | undefined;
  readonly issues?: readonly string[];
}

export type KeptTurn = Omit<Turn, "error"> & { readonly error?: KeptError };

export const toKept = ({ error, ...turn }: Turn): KeptTurn => {
  if (error === undefined) return turn;
  const { message } = error;
  if (!(error instanceof ApiError)) return { ...turn, error: { message } };
  const { status, code, requestId, issues } = error;
  return { ...turn, error: { message, status, code, requestId, issues } };
};

/** An answer that was running when the page was left has no end: it counts as stopped. */
export const fromKept = ({ error, ...turn }: KeptTurn): Turn => {
  if (error !== undefined) return { ...turn, error: new ApiError(error.message, error) };
  return turn.role === "assistant" && turn.totalMs === undefined ? { ...turn, stopped: true } : turn;
};
