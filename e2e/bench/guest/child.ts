import { fork } from "node:child_process";

/** A program beside this one, in a process of its own so that what it measures is not held up by us. */
export function startBeside(name: string) {
  const child = fork(new URL(`${name}.mjs`, import.meta.url).pathname);
  let give: (answer: unknown) => void = () => undefined;
  child.on("message", (answer) => give(answer));
  return {
    /** Sends a message and waits for the answer to it; one at a time. */
    ask<T>(message: object): Promise<T> {
      return new Promise((resolve) => {
        give = (answer) => resolve(asAnswer<T>(answer));
        child.send(message);
      });
    },
    end: () => child.kill(),
  };
}

/** Safe because both sides are built from this directory. */
function asAnswer<T>(answer: unknown): T {
  return answer as T;
}
