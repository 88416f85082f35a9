import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TableId, tables } from "#core/tables.ts";
import { createApi } from "./api.ts";
import { createBackground } from "./background.ts";
import { checkDeploySettings, domainOf, functionVariables, schedulesOf, versionOf } from "./deploy-environment.ts";
import { createEncryptionKey } from "./encryption.ts";
import { createFirewall } from "./firewall.ts";
import { createLogGroups, type FunctionContext, functionName } from "./functions.ts";
import { nodeVersionFault } from "./node-version.ts";
import { createOperators } from "./operators.ts";
import { createAccountLink, placeOfDeployment } from "./place.ts";
import { reservations } from "./reservations.ts";
import { createSecrets } from "./secrets.ts";
import { settingsOf } from "./stage.ts";
import { createTables } from "./storage.ts";

const packageVersion = (): string => {
  const { version } = JSON.parse(readFileSync(join($cli.paths.root, "package.json"), "utf8")) as { version: string };
  return version;
};

/** Names of the deployed parts under the parameter names of the operators' template. */
const operatorParameters = (
  { api, functions }: ReturnType<typeof createApi>,
  background: ReturnType<typeof createBackground>,
  context: FunctionContext,
  firewall: aws.wafv2.WebAcl,
) => ({
  StageName: $app.stage,
  ApiName: api.nodes.api.name,
  AccessLogGroupName: api.nodes.logGroup?.name ?? "",
  EncryptionKeyId: context.key.key.keyId,
  FirewallName: firewall.name,
  ...Object.fromEntries(
    [...functions.keys(), ...background.functions.keys()].map((id) => [`${id}FunctionName`, functionName(id)]),
  ),
  ...Object.fromEntries([...background.deadLetters].map(([id, queue]) => [`${id}DeadLettersName`, queue.name])),
  ...Object.fromEntries(
    (Object.keys(tables) as TableId[]).map((id) => [`${tables[id].resource}Name`, context.tables[id].table.name]),
  ),
});

/** Everything that a stage is made of. `sst.config.ts` runs it; its result is what `sst deploy` prints. */
export const deploy = () => {
  checkDeploySettings(process.env);
  const nodeFault = $dev ? nodeVersionFault(process.versions.node) : undefined;
  if (nodeFault !== undefined) throw new Error(nodeFault);
  const stage = settingsOf($app.stage);
  const settings = { ...stage, schedules: schedulesOf(process.env, stage.schedules) };
  const { reserves, warning } = reservations(settings);
  const place = placeOfDeployment();
  const key = createEncryptionKey(place, settings);
  const context: FunctionContext = {
    place,
    settings,
    key,
    account: createAccountLink(place),
    tables: createTables(key, settings),
    secrets: createSecrets(),
    logGroups: createLogGroups(settings),
    variables: { VERSION: versionOf(process.env, packageVersion()), ...functionVariables(process.env) },
    reserves,
  };
  const api = createApi(context, domainOf(process.env));
  const background = createBackground(context);
  if (settings.permanent && api.api.nodes.stage !== undefined) {
    const firewall = createFirewall(api.api.nodes.stage.arn);
    createOperators(operatorParameters(api, background, context, firewall));
  }
  return { url: api.api.url, ...(warning === undefined ? {} : { warning }) };
};
