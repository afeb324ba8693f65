import type { Box } from "../lab/box";

/** What is asked of the engine, as the web server asks it. */
export interface Request {
  readonly method: "Deploy" | "Detach" | "Restart" | "Running";
  readonly input: Readonly<Record<string, unknown>>;
}

/** A value, or a refusal as code and parameters; `null`: no answer came, because somebody was killed over it. */
export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: { readonly code: string } };

export const upgrade = (service: string, version: string, expected: string | null): Request => ({
  method: "Deploy",
  input: { service, version, expected, by: "test:faults", graceMs: 0 },
});
export const detach = (service: string, expected: string): Request => ({
  method: "Detach",
  input: { service, expected, by: "test:faults", graceMs: 0 },
});
export const restart = (service: string): Request => ({
  method: "Restart",
  input: { service, by: "test:faults", graceMs: 0 },
});

const ASK_MS = 20_000;
const LOOK_MS = 3000;
const ENGINE = ["org.attache.Engine1", "/org/attache/Engine1", "org.attache.Engine1"];

/** Asks the engine on the guest's bus, which starts it where it does not run. Never throws for what it says. */
export async function ask(box: Box, { method, input }: Request, timeoutMs = ASK_MS): Promise<Answer | null> {
  const argv = ["busctl", "--json=short", "call", ...ENGINE, method, "s", JSON.stringify(input)];
  const { code, stdout } = await box.exec(argv, { timeoutMs });
  return code === 0 ? answerOf(stdout) : null;
}

/** Whether the engine answers and has nothing under way. */
export async function isAtRest(box: Box): Promise<boolean> {
  const answer = await ask(box, { method: "Running", input: {} }, LOOK_MS);
  if (!answer?.ok) return false;
  const { value } = answer;
  return (
    typeof value === "object" &&
    value !== null &&
    "deployments" in value &&
    Array.isArray(value.deployments) &&
    value.deployments.length === 0
  );
}

/** Safe because the engine answers every method with one JSON text of this shape (`Reply`). */
function answerOf(stdout: string): Answer {
  const { data } = JSON.parse(stdout) as { data: readonly [string] };
  return JSON.parse(data[0]) as Answer;
}
