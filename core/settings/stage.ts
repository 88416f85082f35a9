import { baseUrl, type Kind, numberLike, oneOf, word } from "./kinds.ts";
import { setting } from "./read.ts";

/**
 * The settings of a stage, as functions read them: the part of the table in infra/settings.ts that they need. `npm start`
 * and a deployment check each row before they pass it on.
 */

const amount = numberLike("must be a number of 0 or more", (value) => value >= 0 && value < Infinity);
const count = numberLike("must be a whole number of 0 or more", (value) => value >= 0 && Number.isInteger(value));

/** A domain name with a dot, in lower case. */
export const domainPattern = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/;

/** A list of names in lower case, each in a form. */
const namesLike = (form: RegExp, rule: string): Kind<readonly string[]> => ({
  rule,
  read: (text) => {
    const names = text
      .toLowerCase()
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    return names.every((name) => form.test(name)) ? names : undefined;
  },
});

const domains = namesLike(domainPattern, "must be domain names separated by commas");

const hostLike = /^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:\d{1,5})?$/;

/** Hosts as a URL has them, with or without a port. */
const hosts = namesLike(hostLike, "must be hosts separated by commas, such as localhost or llm.internal:8000");

/** Unix ms. */
const time: Kind<number> = {
  rule: "must be a time such as 2026-11-29T00:00:00Z",
  read: (text) => (/^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text) && Date.parse(text)) || undefined,
};

export const supabaseUrl = setting("SUPABASE_URL", baseUrl);
export const unkeyApiId = setting("UNKEY_API_ID", word);
export const unkeyUrl = setting("UNKEY_URL", baseUrl);
export const rateLimitScale = setting("RATE_LIMIT_SCALE", amount);
export const maxOpenRequests = setting("MAX_OPEN_REQUESTS", count);
export const dailySpendCapUsd = setting("DAILY_SPEND_CAP_USD", amount);
export const playgroundBudgetUsd = setting("PLAYGROUND_BUDGET_USD", amount);
export const unpricedModels = setting("UNPRICED_MODELS", oneOf("refuse", "allow"));
export const signUpPolicy = setting("SIGN_UP_POLICY", oneOf("open", "domains", "closed"));
export const signUpDomains = setting("SIGN_UP_DOMAINS", domains);
export const signUpClosedAt = setting("SIGN_UP_CLOSED_AT", time);
export const customHosts = setting("CUSTOM_HOSTS", hosts);
export const logLevel = setting("LOG_LEVEL", oneOf("DEBUG", "INFO", "WARN", "ERROR"));
