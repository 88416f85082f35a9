import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { AuthError } from "./auth-error.ts";

const derive = promisify<string, Buffer, number, Buffer>(scrypt);
const hashBytes = 32;
const minLength = 6;
/** bcrypt's limit, which the real server has. */
const maxLength = 72;

/** Hashes a password with scrypt and a salt of its own: `salt.hash`, base64. */
export const hashPassword = async (password: string): Promise<string> => {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, hashBytes);
  return `${salt.toString("base64")}.${hash.toString("base64")}`;
};

/** Whether a password is the hashed one. A user without a password has none that fits. */
export const isPassword = async (password: string, stored: string | null): Promise<boolean> => {
  const [salt, hash] = (stored ?? "").split(".");
  if (salt === undefined || hash === undefined) return false;
  return timingSafeEqual(await derive(password, Buffer.from(salt, "base64"), hashBytes), Buffer.from(hash, "base64"));
};

/** Throws `weak_password` or `validation_failed` for a password that a user may not choose. */
export const requireStrongPassword = (password: string): void => {
  if (password.length > maxLength) {
    throw new AuthError(400, "validation_failed", `Password cannot be longer than ${maxLength} characters`);
  }
  if (password.length < minLength) {
    throw new AuthError(422, "weak_password", `Password should be at least ${minLength} characters.`, ["length"]);
  }
};
