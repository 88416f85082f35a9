import { type AttributeValue, DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";

/** Rows as typed DynamoDB JSON in one fixed form, so that a recording made anew differs by its values only. */

export type Row = Record<string, AttributeValue>;

export const dynamoDbAt = (endpoint: string): DynamoDBClient =>
  new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });

const nameOf = ({ pk, sk }: Row): string => `${pk?.S}/${sk?.S}`;

/** Every row of a table, in the order of its keys. */
export const readRows = async (client: DynamoDBClient, tableName: string): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  let start: Row | undefined;
  do {
    const page = await client.send(
      new ScanCommand({ TableName: tableName, ConsistentRead: true, ExclusiveStartKey: start }),
    );
    rows.push(...(page.Items ?? []));
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return rows.sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
};

const keysFirst = (left: string, right: string): number => {
  const rank = (name: string): number => (name === "pk" ? 0 : name === "sk" ? 1 : 2);
  return rank(left) - rank(right) || (left < right ? -1 : 1);
};

/** Bytes in base64, as DynamoDB's own JSON has them; members of maps and sets in order. */
const inOrder = (_name: string, value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value) || typeof value !== "object" || value === null) return value;
  const { SS, ...rest } = value as { readonly SS?: readonly string[] };
  const members = Object.entries(rest).sort(([left], [right]) => keysFirst(left, right));
  return { ...Object.fromEntries(members), ...(SS === undefined ? {} : { SS: SS.toSorted() }) };
};

const rowText = (row: Row): string => {
  const attributes = Object.entries(row)
    .sort(([left], [right]) => keysFirst(left, right))
    .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value, inOrder)}`);
  return `  {\n${attributes.join(",\n")}\n  }`;
};

/** Rows with one attribute on each line. */
export const rowsText = (rows: readonly Row[]): string => `[\n${rows.map(rowText).join(",\n")}\n]\n`;
