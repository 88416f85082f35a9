import { hashKey } from "#core/db/key-marks.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { Browser, type HttpReply, overHttp } from "#tests/accounts/support/gateway.ts";
import { eventually, type TestCloud } from "#tests/support/cloud.ts";

type Headers = Readonly<Record<string, string>>;

interface NewKey {
  readonly keyId: string;
  readonly key: string;
}

const newKey = async (browser: Browser): Promise<NewKey> =>
  (await browser.post("/api/v1/keys", { name: "Mine", rateLimit: 10_000 })).data<NewKey & object>();

/** A new user of a cloud: their session, an API key, and provider keys. Nothing that a function remembers answers for them. */
export class Actor {
  readonly cloud: TestCloud;
  readonly userId: string;
  readonly browser: Browser;
  readonly keyId: string;
  readonly #key: string;

  private constructor(cloud: TestCloud, userId: string, browser: Browser, { keyId, key }: NewKey) {
    this.cloud = cloud;
    this.userId = userId;
    this.browser = browser;
    this.keyId = keyId;
    this.#key = key;
  }

  /** @param providers of whom the user stores a key. */
  static async of(cloud: TestCloud, providers: readonly string[] = []): Promise<Actor> {
    const account = await cloud.createUser();
    const browser = await Browser.of(cloud.url).signIn(account);
    const actor = new Actor(cloud, account.userId, browser, await newKey(browser));
    for (const provider of providers) await actor.storeProviderKey(provider);
    return actor;
  }

  async storeProviderKey(provider: string): Promise<{ readonly id: string }> {
    const input = { provider, slug: `my-${provider}`, displayName: "Mine", apiKey: "sk-0123456789abcdef" };
    return (await this.browser.post("/api/v1/provider-keys", input)).data<{ id: string }>();
  }

  /** Stores an IAM role of AWS that trusts the gateway under this user's external id. */
  async storeRole(): Promise<HttpReply> {
    const listed = await this.browser.get("/api/v1/provider-keys");
    const { bedrockExternalId } = listed.json<{ bedrockExternalId: string }>();
    const roleArn = `arn:aws:iam::123456789012:role/${this.userId}`;
    await this.cloud.putRole(roleArn, bedrockExternalId);
    const input = { provider: "bedrock", slug: "my-role", displayName: "Mine", roleArn, verify: true };
    return this.browser.post("/api/v1/provider-keys", input);
  }

  get(path: string): Promise<HttpReply> {
    return this.#send({ path });
  }

  post(path: string, body: unknown, headers: Headers = {}): Promise<HttpReply> {
    return this.#send({ method: "POST", path, body, headers });
  }

  /** Has the key record prompts and answers. */
  async recordsContent(): Promise<void> {
    await this.browser.patch(`/api/v1/keys/${this.keyId}`, { recordContent: { days: 1 } });
  }

  /** The same user with another key, which no function has verified yet. */
  async withNewKey(): Promise<Actor> {
    return new Actor(this.cloud, this.userId, this.browser, await newKey(this.browser));
  }

  /** Waits until a function has noted that it verified the key: that happens after its answer. */
  async verified(): Promise<void> {
    const mark = rowKeys.keyMark(hashKey(this.#key));
    await eventually(async () => {
      if ((await this.cloud.row("keys", mark))?.verifiedAt === undefined) throw new Error("No verification is noted");
    });
  }

  /** Waits until the usage of a request is settled, and its place given back. */
  async settled({ headers }: HttpReply): Promise<void> {
    await this.cloud.settledUsage(this.userId, headers["x-request-id"] ?? "");
  }

  #send({ headers, ...wanted }: { method?: string; path: string; body?: unknown; headers?: Headers }) {
    return overHttp(this.cloud.url)({ ...wanted, headers: { authorization: `Bearer ${this.#key}`, ...headers } });
  }
}
