import { join } from "node:path";
import { backgroundFunctions, catchAll, routes } from "#core/routes.ts";
import { buildDashboard } from "#infra/build-dashboard.ts";
import { buildDocs } from "#infra/build-docs/build-docs.ts";
import { type BuiltFunction, builtTogether, bundleTogether } from "#infra/bundle.ts";

/** Every function that the local cloud runs, as `npm start` builds them. */
export const localFunctions = [...routes, catchAll, ...backgroundFunctions];

const common = (outDir: string) => ({
  handlers: localFunctions.map(({ handler }) => handler),
  outDir,
  root: join(import.meta.dirname, "../.."),
});

/** Builds the dashboard's page where it has changed, and all functions into a folder, which is replaced. */
export const buildFunctions = async (
  outDir: string,
  onProgress: (step: string) => void,
): Promise<ReadonlyMap<string, BuiltFunction>> => {
  if (await buildDashboard()) onProgress("Built the dashboard");
  if (await buildDocs()) onProgress("Built the documentation");
  const built = await bundleTogether(common(outDir));
  onProgress(`Built ${built.size} functions`);
  return built;
};

/** The functions that `buildFunctions` put into a folder before. */
export const builtFunctions = (outDir: string): ReadonlyMap<string, BuiltFunction> => builtTogether(common(outDir));
