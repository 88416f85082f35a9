import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { authRoutes } from "#infra/local/supabase/routes.ts";
import { contract } from "#tests/support/contracts.ts";
import { ada, call, connect, serviceRoleKey, signIn, startAuth } from "./harness.ts";
import { OpenApiContract } from "./openapi-contract.ts";

const documentPath = contract("supabase-auth-openapi.yaml");

type Route = `${"GET" | "POST" | "PUT" | "DELETE"} ${string}`;

/** Endpoints of the real server (internal/api/api.go) that its document leaves out, with the schema that fits. */
const undocumentedEndpoints: Readonly<Record<string, string | undefined>> = {
  "POST /admin/users": "#/components/schemas/UserSchema",
  "GET /.well-known/jwks.json": undefined,
};

/** Successes of the real server with another status than in its document. */
const undocumentedStatuses: Readonly<Record<string, number>> = {
  // http.StatusSeeOther in internal/api/verify.go, 302 in the document.
  "GET /verify": 303,
};

/** The document describes these bodies as the answer's schema, which lacks what only a request has (`ban_duration`). */
const misdescribedRequests: ReadonlySet<string> = new Set(["PUT /admin/users/{userId}"]);

const relax = (schemas: Readonly<Record<string, Record<string, unknown>>>): void => {
  const identity = schemas.IdentitySchema;
  const id = (identity?.properties as Record<string, Record<string, unknown>> | undefined)?.id;
  // models.Identity sends the provider's own id of an account here, which only for email is a UUID.
  delete id?.format;
};

describe.skipIf(documentPath === undefined)(
  "Supabase Auth against its OpenAPI document (skipped where shared/contracts is absent)",
  () => {
    const document = documentPath === undefined ? undefined : new OpenApiContract(documentPath, relax);

    const exercised = new Set<string>();

    const theDocument = (): OpenApiContract => {
      if (document === undefined) throw new Error("The document is absent: these tests should have been skipped");
      return document;
    };

    const misfitsOf = (route: string, status: number, body: unknown): string[] => {
      const [method = "", path = ""] = route.split(" ");
      if (route in undocumentedEndpoints && status < 400) {
        const pointer = undocumentedEndpoints[route];
        return pointer === undefined ? [] : theDocument().misfits(pointer, body);
      }
      if (undocumentedStatuses[route] === status) return body === undefined ? [] : ["a redirect has no body"];
      const misfits = theDocument().responseMisfits(method, path, status, body);
      if (misfits !== null) return misfits;
      // The document names only some of each path's errors; all of them share this schema.
      if (status >= 400) return theDocument().misfits("#/components/schemas/ErrorSchema", body);
      return [`status ${status} is not in the document`];
    };

    /** Calls an endpoint and holds the answer, and the request where it was a good one, against the document. */
    const checked = async (
      auth: Awaited<ReturnType<typeof startAuth>>,
      route: Route,
      status: number,
      options: Parameters<typeof call>[2] = {},
    ) => {
      const answer = await call(auth, route, options);
      const documentRoute = (route.split("?")[0] ?? "").replace(/\/admin\/users\/.+/, "/admin/users/{userId}");
      const [method = "", path = ""] = documentRoute.split(" ");
      exercised.add(documentRoute);
      expect({
        route,
        status: answer.status,
        misfits: misfitsOf(documentRoute, answer.status, answer.body),
        requestMisfits:
          status < 400 && !misdescribedRequests.has(documentRoute)
            ? theDocument().requestMisfits(method, path, options.body)
            : [],
      }).toEqual({ route, status, misfits: [], requestMisfits: [] });
      return answer;
    };

    it("has every endpoint that the stand-in serves, but those known to be left out", () => {
      const unknown = [...authRoutes.keys()].filter((route) => {
        const [method = "", path = ""] = route.replace(":id", "{userId}").split(" ");
        return !theDocument().has(method, path) && !(route in undocumentedEndpoints);
      });
      expect(unknown).toEqual([]);
    });

    it("would notice a field that the document does not know, and a wrong type", () => {
      expect(misfitsOf("POST /token", 200, { access_token: "t", expires_in: "soon", extra: true })).toHaveLength(2);
    });

    it("fits every answer of a signed-in user's life", async () => {
      const auth = await startAuth();
      const credentials = { email: "grace@example.com", password: "another horse" };
      await checked(auth, "POST /signup", 200, { body: { ...credentials, data: { theme: "dark" } } });
      await checked(auth, "POST /signup", 422, { body: credentials });
      await checked(auth, "POST /signup", 422, { body: { email: "x@example.com", password: "weak" } });
      await checked(auth, "POST /token?grant_type=password", 200, { body: ada });
      await checked(auth, "POST /token?grant_type=password", 400, { body: { ...ada, password: "wrong" } });
      const { access_token: token, refresh_token } = await signIn(connect(auth));
      await checked(auth, "POST /token?grant_type=refresh_token", 200, { body: { refresh_token } });
      await checked(auth, "POST /token?grant_type=refresh_token", 400, { body: { refresh_token: "unknown" } });
      await checked(auth, "POST /token?grant_type=unknown", 400, { body: {} });
      await checked(auth, "GET /user", 200, { token });
      await checked(auth, "GET /user", 401);
      await checked(auth, "GET /user", 403, { token: "nonsense" });
      await checked(auth, "PUT /user", 200, {
        token,
        body: { data: { theme: "light" }, email: "ada@new.example.com" },
      });
      await checked(auth, "PUT /user", 422, { token, body: { password: ada.password } });
      await checked(auth, "POST /logout?scope=unknown", 400, { token });
      await checked(auth, "POST /logout?scope=local", 204, { token });
      await checked(auth, "POST /logout", 403, { token });
      await checked(auth, "GET /health", 200);
      await checked(auth, "GET /settings", 200);
      await checked(auth, "GET /.well-known/jwks.json", 200);
      await checked(auth, "GET /settings", 401, { headers: { apikey: "unknown" } });
    });

    it("fits every answer on the way through mails, codes and links", async () => {
      const auth = await startAuth({ signUps: { confirmEmail: true } });
      const verifier = "v".repeat(64);
      const challenge = {
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "s256",
      };
      const email = "grace@example.com";
      await checked(auth, "POST /signup", 200, { body: { email, password: "another horse", ...challenge } });
      await checked(auth, "POST /signup", 200, { body: ada });
      await checked(auth, "POST /resend", 200, { body: { email, type: "signup" } });
      await checked(auth, "POST /verify", 403, { body: { email, token: "x", type: "signup" } });
      await checked(auth, "POST /verify", 200, { body: { email, token: auth.outbox.at(-1)?.code, type: "signup" } });
      await checked(auth, "POST /otp", 200, { body: { email: ada.email, ...challenge } });
      const token = auth.outbox.at(-1)?.tokenHash ?? "";
      const query = new URLSearchParams({ token, type: "magiclink" });
      const landing = await checked(auth, `GET /verify?${query}`, 303);
      const code = new URL(landing.headers.get("location") ?? "").searchParams.get("code") ?? "";
      const grant = { auth_code: code, code_verifier: verifier };
      await checked(auth, "POST /token?grant_type=pkce", 400, { body: { ...grant, code_verifier: "w".repeat(64) } });
      await checked(auth, "POST /token?grant_type=pkce", 200, { body: grant });
      await checked(auth, "POST /token?grant_type=pkce", 404, { body: grant });
      await checked(auth, `GET /verify?${query}`, 303);
      await checked(auth, "POST /magiclink", 200, { body: { email: ada.email } });
      await checked(auth, "POST /recover", 200, { body: { email: ada.email } });
      await checked(auth, "POST /recover", 400, { body: { email: "nobody" } });
      await checked(auth, "GET /authorize?provider=google", 302);
      await checked(auth, "GET /authorize?provider=unknown", 400);
    });

    it("fits every answer to an administrator, also of a banned user with an OAuth identity", async () => {
      const auth = await startAuth();
      const token = serviceRoleKey;
      await checked(auth, "GET /authorize?provider=google", 302);
      const created = await checked(auth, "POST /admin/users", 200, {
        token,
        body: { email: "grace@example.com", password: "another horse" },
      });
      const { id } = created.body as { id: string };
      await checked(auth, `PUT /admin/users/${id}`, 200, { token, body: { ban_duration: "24h" } });
      await checked(auth, `GET /admin/users/${id}`, 200, { token });
      await checked(auth, "GET /admin/users", 200, { token });
      await checked(auth, "GET /admin/users", 401);
      await checked(auth, `DELETE /admin/users/${id}`, 200, { token });
      await checked(auth, `GET /admin/users/${id}`, 404, { token });
    });

    it("was held against every endpoint by the tests above, so that a new one cannot go unchecked", () => {
      expect(exercised).toEqual(new Set([...authRoutes.keys()].map((route) => route.replace(":id", "{userId}"))));
    });
  },
);
