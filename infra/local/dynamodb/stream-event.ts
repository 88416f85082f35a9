import type { AttributeValue, _Record as StreamRecord } from "@aws-sdk/client-dynamodb-streams";
import type { DynamoDBRecord, AttributeValue as EventValue } from "aws-lambda";

/**
 * A record of the streams API in the form in which Lambda's event source mapping hands it over: times in unix seconds,
 * binary values in base64, with the stream's ARN.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export const toEventRecord = (record: StreamRecord, streamArn: string): DynamoDBRecord => {
  const { ApproximateCreationDateTime: createdAt, Keys, NewImage, OldImage, ...rest } = record.dynamodb ?? {};
  const { eventID, eventName, eventVersion, eventSource, awsRegion, userIdentity } = record;
  return {
    ...(eventID !== undefined && { eventID }),
    ...(eventName !== undefined && { eventName }),
    eventVersion: eventVersion ?? "1.1",
    eventSource: eventSource ?? "aws:dynamodb",
    ...(awsRegion !== undefined && { awsRegion }),
    dynamodb: {
      ...(createdAt && { ApproximateCreationDateTime: Math.floor(createdAt.getTime() / 1_000) }),
      ...(Keys && { Keys: toEventImage(Keys) }),
      ...(NewImage && { NewImage: toEventImage(NewImage) }),
      ...(OldImage && { OldImage: toEventImage(OldImage) }),
      ...(rest.SequenceNumber !== undefined && { SequenceNumber: rest.SequenceNumber }),
      ...(rest.SizeBytes !== undefined && { SizeBytes: rest.SizeBytes }),
      ...(rest.StreamViewType !== undefined && { StreamViewType: rest.StreamViewType }),
    },
    // Set where TTL deleted the row.
    ...(userIdentity && { userIdentity: { type: userIdentity.Type, principalId: userIdentity.PrincipalId } }),
    eventSourceARN: streamArn,
  };
};

const toEventImage = (image: Record<string, AttributeValue>): Record<string, EventValue> =>
  Object.fromEntries(Object.entries(image).map(([name, value]) => [name, toEventValue(value)]));

const toEventValue = (value: AttributeValue): EventValue => {
  if (value.B !== undefined) return { B: base64(value.B) };
  if (value.BS !== undefined) return { BS: value.BS.map(base64) };
  if (value.L !== undefined) return { L: value.L.map(toEventValue) };
  if (value.M !== undefined) return { M: toEventImage(value.M) };
  return value as EventValue;
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
