/** Whom the local cloud's AWS knows: a request that another secret has signed is refused. */

export interface LocalIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The access key ids of functions begin with it. */
export const functionKeyPrefix = "LOCAL";
/** The secret of every function, and its session's token. */
export const functionSecretKey = "local";
export const functionSessionToken = "local";

/** A user's of AWS, such as a test's. */
export const exampleIdentity: LocalIdentity = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

const known = new Map<string, LocalIdentity>([[exampleIdentity.accessKeyId, exampleIdentity]]);

/** Makes an identity known from now on. */
export const addIdentity = (identity: LocalIdentity): void => {
  known.set(identity.accessKeyId, identity);
};

/** The identity of an access key id; undefined for an unknown one. */
export const identityOf = (accessKeyId: string): LocalIdentity | undefined =>
  accessKeyId.startsWith(functionKeyPrefix)
    ? { accessKeyId, secretAccessKey: functionSecretKey, sessionToken: functionSessionToken }
    : known.get(accessKeyId);
