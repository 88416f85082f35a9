import { type TableId, tables } from "#core/tables.ts";
import { type Fault, operationOf, type RelayedRequest } from "#tests/core/support/relay.ts";

/** What DynamoDB does and its engine on this machine never would. */

/** A call by its table and operation, such as `keys:GetItem`; of a transaction or batch, its operation alone. */
export const tableCall = (request: Pick<RelayedRequest, "body" | "headers">): string => {
  const { TableName } = JSON.parse(request.body) as { readonly TableName?: string };
  if (TableName === undefined) return operationOf(request);
  const table = (Object.keys(tables) as TableId[]).find((id) => TableName.endsWith(`-${tables[id].resource}`));
  return `${table ?? TableName}:${operationOf(request)}`;
};

const exception = (type: string, status = 400, members: object = {}): Fault => ({
  kind: "answer",
  status,
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: type, ...members }),
  headers: { "content-type": "application/x-amz-json-1.0" },
});

export const throttled = exception("ProvisionedThroughputExceededException");
export const requestLimit = exception("ThrottlingException");
export const serverError = exception("InternalServerError", 500);
/** What a single write meets while a transaction holds its row. */
export const conflict = exception("TransactionConflictException");
/** What a transaction meets while another one holds one of its rows. */
export const cancelledByConflict = (items: number): Fault =>
  exception("TransactionCanceledException", 400, {
    CancellationReasons: Array.from({ length: items }, (_, index) => ({
      Code: index === 0 ? "TransactionConflict" : "None",
    })),
  });
/** A condition that did not hold, on a row that is not there. */
export const conditionFailed = exception("ConditionalCheckFailedException");
export const denied = exception("AccessDeniedException");

/** Breaks the calls named, the first `times` of each; the others pass. */
export const breaking = (
  fault: Fault,
  calls: readonly string[] | "all",
  times = Number.POSITIVE_INFINITY,
): ((request: RelayedRequest) => Fault | undefined) => {
  const broken = new Map<string, number>();
  return (request) => {
    const call = tableCall(request);
    const count = broken.get(call) ?? 0;
    if ((calls !== "all" && !calls.includes(call)) || count >= times) return undefined;
    broken.set(call, count + 1);
    return fault;
  };
};
