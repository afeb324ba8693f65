import { describe, expect, it } from "vitest";
import { endNews, runningNews } from "@/components/deployment-words";
import type { RowDeployment } from "@/components/service-row";

const upgrade: RowDeployment = {
  id: "01",
  service: "web",
  kind: "upgrade",
  origin: "attache",
  by: "anna",
  from: "1.2.0",
  to: "1.3.0",
  requestedAt: 1000,
  finishedAt: null,
  phase: "waiting",
  outcome: null,
  startsAt: 4010,
  endsAt: null,
};
const step = { name: "reload", direction: "forward", params: {} } as const;

describe("what a live region says of a deployment", () => {
  it.each<[string, Partial<RowDeployment>, string]>([
    [
      "how long it can be cancelled",
      { step },
      "Switching web to 1.3.0 in 3 s. Until then it can be cancelled.",
    ],
    ["nothing of that without a grace period", { startsAt: null }, "Switching web to 1.3.0"],
    ["its newest step", { phase: "switching", step }, "Reload systemd"],
    ["what it does between two steps", { phase: "settling" }, "Watching whether 1.3.0 stays up"],
    [
      "what becomes of a trial",
      { phase: "trial", step: { ...step, name: "trial" } },
      "1.3.0 is on trial: without a word from somebody 1.2.0 comes back",
    ],
  ])("%s", (_name, change, words) => {
    expect(runningNews({ ...upgrade, ...change })).toBe(words);
  });

  it("bug: a name that reorders text was read into the list's region as it is", () => {
    const ended = { ...upgrade, service: "web\u202e", phase: "finished", outcome: "succeeded" } as const;
    expect(endNews(ended)).toBe("web\\u202e: Succeeded: web\\u202e is on 1.3.0.");
  });
});
