import { config } from "#core/config.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { healthRoute } from "#core/routes.ts";

const startedAt = performance.now();

/** GET /api/health: at once and without touching anything; `?deep=1` asks every dependency */
export const handler = jsonHandler({
  route: healthRoute,
  endpoints: {
    GET: {
      handle: async ({ query, startedAtMs }) => {
        const about = { version: config.version(), uptime: Math.round((performance.now() - startedAt) / 1_000) };
        if (query.deep === undefined || query.deep === "0") return { status: 200, json: { status: "ok", ...about } };
        const { checkDependencies } = await import("#core/health.ts");
        const checks = await checkDependencies(startedAtMs);
        const down = Object.values(checks).some((check) => check.status === "down");
        return { status: down ? 503 : 200, json: { status: down ? "degraded" : "ok", ...about, checks } };
      },
    },
  },
});
