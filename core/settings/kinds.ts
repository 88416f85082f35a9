/** Kinds of settings: what the text of an environment variable has to be, and the value that it becomes. */

export interface Kind<Value = unknown> {
  /** Completes the sentence that begins with the variable's name. */
  readonly rule: string;
  /** The value of a text without blanks at its ends; undefined when it breaks the rule. */
  readonly read: (text: string) => Value | undefined;
  /** It may hold a secret, so no sentence quotes it. */
  readonly hidden?: boolean;
}

export const textLike = (pattern: RegExp, rule: string, hidden = false): Kind<string> => ({
  rule,
  read: (text) => (pattern.test(text) ? text : undefined),
  hidden,
});

export const numberLike = (rule: string, isGood: (value: number) => boolean): Kind<number> => ({
  rule,
  read: (text) => (isGood(Number(text)) ? Number(text) : undefined),
});

export const oneOf = <const Choice extends string>(...choices: readonly Choice[]): Kind<Choice> => ({
  rule: `must be one of ${choices.join(", ")}`,
  read: (text) => choices.find((choice) => choice === text),
});

/** A URL that paths can be added to, without slashes at its end. */
export const baseUrl: Kind<string> = {
  rule: "must be a plain URL such as https://example.com/v1",
  read: (text) => (/^https?:\/\/[^\s?#@]+$/i.test(text) && URL.canParse(text) ? text.replace(/\/+$/, "") : undefined),
  hidden: true,
};

/** An id or a key: goes into headers and paths as it is. */
export const word = textLike(/^[!-~]+$/, "must be ASCII without spaces", true);
