/** The link of a mail that another browser asked for, as the gateway hands it on in the fragment. */
export interface SignInLink {
  readonly tokenHash: string;
  readonly type: string;
  /** Empty when the link does not name it. */
  readonly email: string;
  /** Page within the dashboard to go on to. */
  readonly next: string;
}

const read = (): SignInLink => {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const of = (name: string): string => fragment.get(name) ?? "";
  return {
    tokenHash: of("token_hash"),
    type: of("type"),
    email: of("email"),
    next: /^\/dashboard\/([a-z][a-z-]*)/.exec(of("next"))?.[1] ?? "keys",
  };
};

/** Reads the link once, and takes it out of the address: the history keeps no token. */
export const takeSignInLink = (): SignInLink => {
  const link = read();
  history.replaceState(null, "", `${location.pathname}${location.search}`);
  return link;
};
