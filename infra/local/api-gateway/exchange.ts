import type { ServerResponse } from "node:http";
import type { GatewayResponse, GatewayResponseContext, GatewayResponseKind } from "#infra/gateway-responses.ts";
import type { ProxyResult } from "./proxy-result.ts";

export type MakeGatewayResponse = (kind: GatewayResponseKind, context: GatewayResponseContext) => GatewayResponse;

/** Statuses that forbid a Content-Length. */
const bodiless = new Set([204, 304]);

export interface ExchangeIds {
  readonly requestId: string;
  readonly extendedRequestId: string;
  readonly traceId: string;
}

/** The client's side of one request. Everything after the client left, or after the answer ended, goes nowhere. */
export class Exchange {
  readonly ids: ExchangeIds;
  readonly response: ServerResponse;
  readonly #makeGatewayResponse: MakeGatewayResponse;

  constructor(response: ServerResponse, ids: ExchangeIds, makeGatewayResponse: MakeGatewayResponse) {
    this.response = response;
    this.ids = ids;
    this.#makeGatewayResponse = makeGatewayResponse;
    // A client that resets its connection is no fault of ours; the function is not told of it either.
    response.on("error", () => {});
  }

  /** Whether the answer began or the client left. */
  get answered(): boolean {
    return this.response.headersSent || this.response.destroyed;
  }

  /** The gateway's own answer. `status` counts where the table leaves it open. */
  refuse(kind: GatewayResponseKind, status: number): void {
    if (this.answered) return;
    const answer = this.#makeGatewayResponse(kind, { requestId: this.ids.requestId, status });
    this.begin({ status: answer.status, headers: answer.headers }, Buffer.byteLength(answer.body));
    this.response.end(answer.body);
  }

  /** Sends status and headers; with `contentLength` the body must follow in one piece. Throws when a header cannot be sent. */
  begin({ status, headers }: ProxyResult, contentLength?: number): void {
    this.response.writeHead(status, {
      "x-amzn-RequestId": this.ids.requestId,
      "x-amz-apigw-id": this.ids.extendedRequestId,
      "X-Amzn-Trace-Id": this.ids.traceId,
      ...headers,
      ...(contentLength === undefined || bodiless.has(status) ? {} : { "Content-Length": contentLength }),
    });
  }

  /** Cuts the connection, so that the client sees a broken answer and not a short whole one. */
  cut(): void {
    if (!this.response.writableEnded) this.response.destroy();
  }
}
