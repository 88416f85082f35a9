import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { Build } from "./registration.ts";

/** Stands in for the server that the `sst` CLI runs beside its program: bootstrap data and the builder of functions. */

interface BuildInput {
  readonly functionID: string;
  readonly handler: string;
  readonly runtime: string;
  readonly links: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
}

const bootstrap = {
  asset: "sst-asset-mocked",
  state: "sst-state-mocked",
  assetEcrRegistryId: "123456789012",
  assetEcrUrl: "ecr.mocked",
  appsyncHttp: "http.mocked",
  appsyncRealtime: "realtime.mocked",
};

const toBuild = (input: BuildInput, live: boolean): Build => ({
  functionId: input.functionID,
  handler: input.handler,
  runtime: input.runtime,
  links: input.links,
  properties: input.properties,
  live,
});

/** Starts it on a free port of 127.0.0.1, until the process ends. `builds` fills up as functions are asked for. */
export const startRpcServer = async (workFolder: string) => {
  const builds: Build[] = [];
  let openRequests = 0;
  const buildFunction = async (input: BuildInput) => {
    builds.push(toBuild(input, false));
    // SST zips the folder, so it holds a bundle. What the real one holds is tested elsewhere.
    const out = path.join(workFolder, "artifacts", `${input.functionID}-src`);
    await mkdir(out, { recursive: true });
    await writeFile(path.join(out, "bundle.mjs"), "export const handler = () => undefined;\n");
    return { handler: "bundle.handler", out, errors: [], sourcemaps: [] };
  };
  const answer = async (method: string, input: unknown): Promise<unknown> => {
    if (method === "Provider.Aws.Bootstrap") return bootstrap;
    if (method === "Provider.Aws.Appsync") return { http: bootstrap.appsyncHttp, realtime: bootstrap.appsyncRealtime };
    if (method === "Runtime.Build") return await buildFunction(input as BuildInput);
    if (method === "Runtime.AddTarget") return builds.push(toBuild(input as BuildInput, true)) > 0;
    throw new Error(`rpc: can't find ${method}`);
  };
  // No timeouts and no kept connections: the program keeps its event loop busy for seconds, and a connection that the
  // server gives up while the client uses it again ends the run.
  const server = createServer({ requestTimeout: 0, headersTimeout: 0 }, (request, response) => {
    response.setHeader("connection", "close");
    openRequests += 1;
    response.on("close", () => {
      openRequests -= 1;
    });
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method, params } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as {
        method: string;
        params: readonly unknown[];
      };
      answer(method, params[0]).then(
        (result) => response.end(JSON.stringify({ result })),
        (error: Error) => response.end(JSON.stringify({ error: error.message })),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, builds, openRequests: () => openRequests };
};
