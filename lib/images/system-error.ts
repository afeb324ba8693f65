/** The `code` of a system error, e.g. "EACCES"; rethrows what is none. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  throw error;
}
