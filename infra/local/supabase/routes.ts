import {
  changeUserEndpoint,
  createUserEndpoint,
  deleteUserEndpoint,
  listUsersEndpoint,
  readUserEndpoint,
} from "./admin-endpoints.ts";
import type { Endpoint } from "./http.ts";
import { magicLinkEndpoint, recoverEndpoint, resendEndpoint } from "./mail-endpoints.ts";
import { authorizeEndpoint } from "./oauth-endpoint.ts";
import { healthEndpoint, jwksEndpoint, settingsEndpoint } from "./public-endpoints.ts";
import { signUpEndpoint } from "./signup-endpoint.ts";
import { tokenEndpoint } from "./token-endpoint.ts";
import { getUserEndpoint, logoutEndpoint, updateUserEndpoint } from "./user-endpoints.ts";
import { verifyEndpoint, verifyLinkEndpoint } from "./verify-endpoints.ts";

/** Every endpoint served, by method and path under /auth/v1. */
export const authRoutes: ReadonlyMap<string, Endpoint> = new Map([
  ["POST /token", tokenEndpoint],
  ["POST /signup", signUpEndpoint],
  ["POST /otp", magicLinkEndpoint],
  ["POST /magiclink", magicLinkEndpoint],
  ["POST /recover", recoverEndpoint],
  ["POST /resend", resendEndpoint],
  ["GET /verify", verifyLinkEndpoint],
  ["POST /verify", verifyEndpoint],
  ["GET /authorize", authorizeEndpoint],
  ["GET /user", getUserEndpoint],
  ["PUT /user", updateUserEndpoint],
  ["POST /logout", logoutEndpoint],
  ["GET /admin/users", listUsersEndpoint],
  ["POST /admin/users", createUserEndpoint],
  ["GET /admin/users/:id", readUserEndpoint],
  ["PUT /admin/users/:id", changeUserEndpoint],
  ["DELETE /admin/users/:id", deleteUserEndpoint],
  ["GET /.well-known/jwks.json", jwksEndpoint],
  ["GET /health", healthEndpoint],
  ["GET /settings", settingsEndpoint],
]);

/** Paths that a browser or a verifier opens without an `apikey`; Supabase's gateway lets them through too. */
export const openPaths: ReadonlySet<string> = new Set(["/verify", "/authorize", "/.well-known/jwks.json"]);

/** Finds the endpoint of a request, and what stands in the place of `:id`. */
export const matchRoute = (method: string, path: string): { endpoint: Endpoint; id: string } | undefined => {
  const exact = authRoutes.get(`${method} ${path}`);
  if (exact !== undefined) return { endpoint: exact, id: "" };
  const id = /^\/admin\/users\/([^/]+)$/.exec(path)?.[1];
  const endpoint = id === undefined ? undefined : authRoutes.get(`${method} /admin/users/:id`);
  return id === undefined || endpoint === undefined ? undefined : { endpoint, id };
};
