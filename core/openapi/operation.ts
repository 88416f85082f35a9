import type * as z from "zod";
import type { Method, RouteId } from "#core/routes.ts";

/** An operation of the OpenAPI document: what the route table does not hold. */

export interface HeaderParameter {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly description: string;
}

export interface Answer {
  readonly status: number;
  readonly description: string;
  /** JSON of this schema; absent for an empty answer. */
  readonly json?: z.ZodType;
  /** Frames of a server-sent stream, each of this schema. */
  readonly events?: z.ZodType;
  /** What such a stream looks like. */
  readonly eventsExample?: string;
  /** Another content type, such as text/html. */
  readonly contentType?: string;
}

export interface Operation {
  readonly summary: string;
  readonly tag: string;
  readonly body?: z.core.$ZodType;
  readonly bodyRequired?: boolean;
  /** Content types of the body; JSON unless given. */
  readonly bodyTypes?: readonly string[];
  readonly query?: z.ZodObject;
  readonly headers?: readonly HeaderParameter[];
  readonly answers: readonly [Answer, ...Answer[]];
  /** The component that is the envelope of its errors; `Error` unless given. */
  readonly errors?: "MessagesError";
}

export type OperationTable = { readonly [Id in RouteId]?: { readonly [Name in Method]?: Operation } };
