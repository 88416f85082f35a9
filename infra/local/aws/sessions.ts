import { randomBytes } from "node:crypto";
import { allows, type CompiledPolicy } from "#infra/local/rights/policy.ts";
import { addIdentity, type LocalIdentity } from "./identities.ts";

/** Sessions of assumed roles: what their credentials may do, and until when. */

interface Session {
  /** All of them have to allow a call: the role's own, and that of the session. */
  readonly policies: readonly CompiledPolicy[];
  /** Unix ms. */
  readonly expiresAtMs: number;
}

const sessions = new Map<string, Session>();

/** New credentials of a session. */
export const openSession = (session: Session): LocalIdentity & { readonly sessionToken: string } => {
  const identity = {
    accessKeyId: `ASIA${randomBytes(8).toString("hex").toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString("base64"),
    sessionToken: randomBytes(180).toString("base64"),
  };
  addIdentity(identity);
  sessions.set(identity.accessKeyId, session);
  return identity;
};

/** Why a session may not make a call, in AWS's words; undefined where it may, and for whoever is no session. */
export const sessionFault = (
  accessKeyId: string,
  action: string,
  resource: string,
  nowMs: number = Date.now(),
): { readonly type: string; readonly message: string } | undefined => {
  const session = sessions.get(accessKeyId);
  if (session === undefined) return undefined;
  if (nowMs >= session.expiresAtMs) {
    return { type: "ExpiredTokenException", message: "The security token included in the request is expired" };
  }
  if (session.policies.every((policy) => allows(policy, { action, resource, context: {} }))) return undefined;
  return {
    type: "AccessDeniedException",
    message: `User: ${accessKeyId} is not authorized to perform: ${action} on resource: ${resource} because no session policy allows the ${action} action`,
  };
};
