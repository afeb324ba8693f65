/** Everything that may go wrong on purpose. The words for each code live in `components/words.ts`. */
export type ErrorCode =
  | "unauthenticated"
  | "forbidden"
  | "invalid-input"
  | "not-found"
  | "busy"
  | "stale"
  | "refused"
  | "bus-unreachable"
  | "bus-denied"
  | "portabled-missing"
  | "portabled-masked"
  | "engine-missing"
  | "engine-not-starting"
  | "job-failed"
  | "call-failed"
  | "timed-out"
  | "no-space"
  | "read-only"
  | "not-writable"
  | "io-error"
  | "database"
  | "unexpected";

export type Params = Readonly<Record<string, string | number>>;

/** A sentence that has not been worded yet: it travels and is stored as code and parameters, and is worded at display. */
export interface Message {
  readonly code: string;
  readonly params: Params;
}

/** A failure we foresaw. People see the words for `code` and `params`; only the log sees `cause`. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly params: Params;

  constructor(code: ErrorCode, params: Params = {}, options: { cause?: unknown } = {}) {
    super(`${code} ${JSON.stringify(params)}`, options);
    this.name = "AppError";
    this.code = code;
    this.params = params;
  }
}
