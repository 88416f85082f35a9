import { type TableId, tables } from "#core/tables.ts";

/** Points this process at tables. Call it before anything that reads config is imported: config reads each value once. */
export const useTables = (endpoint: string, names: Readonly<Record<TableId, string>>): void => {
  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID ?? "load",
    AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY ?? "load",
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  });
  for (const id of Object.keys(tables) as TableId[]) {
    process.env[`SST_RESOURCE_${tables[id].resource}`] = JSON.stringify({ name: names[id] });
  }
};
