/** One reason why a request was refused. */
export interface Issue {
  /** Such as `body.ratelimits[0].name`. */
  readonly location: string;
  readonly message: string;
}

interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

const kinds = {
  badRequest: { status: 400, title: "Bad Request" },
  unauthorized: { status: 401, title: "Unauthorized" },
  notFound: { status: 404, title: "Not Found" },
  conflict: { status: 409, title: "Conflict" },
  preconditionFailed: { status: 412, title: "Precondition Failed" },
  payloadTooLarge: { status: 413, title: "Payload Too Large" },
  internal: { status: 500, title: "Internal Server Error" },
} as const satisfies Record<string, ProblemKind>;

/** An answer other than 200, in Unkey's form. `code` is the path below `https://unkey.com/docs/errors/`. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly title: string;
  readonly type: string;
  readonly issues: readonly Issue[] | undefined;

  constructor(kind: keyof typeof kinds, code: string, detail: string, issues?: readonly Issue[]) {
    super(detail);
    this.status = kinds[kind].status;
    this.title = kinds[kind].title;
    this.type = `https://unkey.com/docs/errors/${code}`;
    // Every 400 lists its issues, if only with an empty list.
    this.issues = kind === "badRequest" ? (issues ?? []) : undefined;
  }

  toBody(requestId: string): object {
    const { title, message: detail, status, type, issues: errors } = this;
    return { meta: { requestId }, error: { title, detail, status, type, ...(errors && { errors }) } };
  }
}
