import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import type { AuthContext } from "./auth-context.ts";
import { AuthError } from "./auth-error.ts";
import type { AuthenticationMethod, FlowMethod, UserRecord } from "./auth-state.ts";
import { optionalText } from "./http.ts";
import { findUserById } from "./users.ts";

/** From the issue of its code. */
const flowExpiryMs = 300_000;
/** A mail may be opened an hour after its flow began, so flows are kept until no code can come of them. */
const flowKeptMs = 7_200_000;

/** The PKCE half of a body or query (RFC 7636). */
export const challengeInput = { code_challenge: optionalText, code_challenge_method: optionalText };

/** A caller's code challenge; undefined for the implicit flow. */
export interface CodeChallenge {
  readonly value: string;
  readonly method: "s256" | "plain";
}

const invalid = (message: string): AuthError => new AuthError(400, "validation_failed", message);

/** Checks a challenge and its method. Throws `validation_failed`; undefined when neither was sent. */
export const codeChallenge = (input: {
  readonly code_challenge: string;
  readonly code_challenge_method: string;
}): CodeChallenge | undefined => {
  const { code_challenge: value, code_challenge_method: methodText } = input;
  if (value === "" && methodText === "") return undefined;
  if (value === "" || methodText === "") throw invalid("PKCE flow requires code_challenge_method and code_challenge");
  if (value.length < 43 || value.length > 128) throw invalid("code challenge has to be between 43 and 128 characters");
  if (!/^[a-zA-Z0-9._~-]+$/.test(value)) {
    throw invalid("code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes");
  }
  const method = z.enum(["s256", "plain"]).safeParse(methodText.toLowerCase());
  if (!method.success) throw invalid(`unsupported code_challenge method "${methodText}"`);
  return { value, method: method.data };
};

/** Remembers the challenge of a user who set out to sign in, until the code is asked for. */
export const startFlow = (context: AuthContext, userId: string, method: FlowMethod, challenge: CodeChallenge): void => {
  const flow = {
    authCode: randomUUID(),
    codeChallenge: challenge.value,
    codeChallengeMethod: challenge.method,
    userId,
    method,
    createdAt: context.now(),
  };
  const isAlive = ({ createdAt }: { createdAt: number }) => context.now() - createdAt < flowKeptMs;
  context.state.flows = [...context.state.flows.filter(isAlive), flow];
};

/** The code of a user's newest flow of a kind; its time counts from now. Throws `flow_state_not_found`. */
export const issueCode = (context: AuthContext, userId: string, method: FlowMethod): string => {
  const flow = context.state.flows.findLast((candidate) => candidate.userId === userId && candidate.method === method);
  if (flow === undefined) {
    throw new AuthError(
      400,
      "flow_state_not_found",
      "No associated flow state found. No valid flow state found for user.",
    );
  }
  flow.createdAt = context.now();
  return flow.authCode;
};

const challengeOf = (verifier: string, method: CodeChallenge["method"]): string =>
  method === "plain" ? verifier : createHash("sha256").update(verifier).digest("base64url");

const isEqual = (left: string, right: string): boolean =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));

/** Trades a code and its verifier for who signed in, once. A wrong verifier does not use the code up. */
export const redeemCode = (
  context: AuthContext,
  authCode: string,
  verifier: string,
): { record: UserRecord; method: AuthenticationMethod } => {
  const flow = context.state.flows.find((candidate) => candidate.authCode === authCode);
  const record = flow === undefined ? undefined : findUserById(context, flow.userId);
  if (flow === undefined || record === undefined) {
    throw new AuthError(404, "flow_state_not_found", "invalid flow state, no valid flow state found");
  }
  if (context.now() - flow.createdAt > flowExpiryMs) {
    throw new AuthError(422, "flow_state_expired", "invalid flow state, flow state has expired");
  }
  if (!isEqual(challengeOf(verifier, flow.codeChallengeMethod), flow.codeChallenge)) {
    throw new AuthError(400, "bad_code_verifier", "code challenge does not match previously saved code verifier");
  }
  context.state.flows = context.state.flows.filter((candidate) => candidate !== flow);
  return { record, method: flow.method === "oauth" ? "oauth" : "otp" };
};
