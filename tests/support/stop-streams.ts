import { DynamoDBClient, UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import { type TableId, tables } from "#core/tables.ts";

/**
 * Turns the streams of tables off, where nobody reads them: the embedded engine goes through all records of a stream at each
 * write, so that 10,000 rows took a minute and 100,000 an hour.
 */
export const stopStreams = async (endpoint: string, names: Readonly<Record<TableId, string>>): Promise<void> => {
  const credentials = { accessKeyId: "load", secretAccessKey: "load" };
  const client = new DynamoDBClient({ endpoint, region: "us-east-1", credentials });
  for (const id of Object.keys(tables) as TableId[]) {
    if (!("stream" in tables[id])) continue;
    await client.send(new UpdateTableCommand({ TableName: names[id], StreamSpecification: { StreamEnabled: false } }));
  }
  client.destroy();
};
