import type { Page, Route } from "playwright-core";

/** Answers the page's calls in the API's own shapes, for states that a real API would take long to get into. */

export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  /** In place of JSON, such as an event stream. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer waits for this. */
  readonly after?: Promise<unknown>;
}

export interface ReceivedCall {
  readonly name: string;
  readonly url: URL;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

export type Answers = Readonly<Record<string, Answer | ((call: ReceivedCall) => Answer)>>;

export const requestId = "req_0199c0de-7000-7000-8000-000000000000";

export const ok = (data: unknown, status = 200): Answer => ({ status, json: { success: true, data } });

export const failed = (status: number, code: string, message: string, details: object = {}): Answer => ({
  status,
  json: { error: { code, message, type: "invalid_request_error", param: null, details } },
});

const user = { id: "user_1", email: "ada@example.com" };

const answerRoute = async (route: Route, { status, json, text, headers, after }: Answer): Promise<void> => {
  await after;
  await route.fulfill({
    status,
    headers: { "content-type": "application/json", "x-request-id": requestId, ...headers },
    body: text ?? (json === undefined ? "" : JSON.stringify(json)),
  });
};

const always: Answers = { "GET auth/session": ok({ user }) };

/**
 * Installs the answers, keyed by method and path such as `GET v1/keys`; whoever is not named is 501. A test may change its
 * answers later.
 */
export const fakeApi = async (page: Page, answers: Answers): Promise<readonly ReceivedCall[]> => {
  const calls: ReceivedCall[] = [];
  await page.route(/\/prod\/api\//, async (route) => {
    const request = route.request();
    const url = new URL(request.url());
    const name = `${request.method()} ${url.pathname.slice("/prod/api/".length)}`;
    const body: unknown = request.postData() === null ? undefined : request.postDataJSON();
    const call = { name, url, body, headers: request.headers() };
    calls.push(call);
    const answer =
      answers[name] ?? always[name] ?? failed(501, "NOT_IMPLEMENTED", `${name} has no answer in this test.`);
    await answerRoute(route, typeof answer === "function" ? answer(call) : answer);
  });
  return calls;
};
