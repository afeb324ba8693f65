import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DeploymentSummary } from "@/lib/deploy/types";
import { AppError } from "@/lib/errors";
import type { Inspection } from "@/lib/images/types";
import { createModel } from "@/lib/services/model";
import type { Model, ModelChange, ModelOptions } from "@/lib/services/sources";
import type { LinkState } from "@/lib/systemd/types";
import type { UnitWatcher } from "@/lib/systemd/watch";

let top = "";
let host: FakeHost;
let model: Model;
let changes: ModelChange[] = [];

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "attache-model-"));
  mkdirSync(`${top}/srv`);
  host = new FakeHost();
  changes = [];
  model = createModel(host.options());
  model.onChange((change) => changes.push(change));
});
afterEach(() => {
  model.close();
  rmSync(top, { recursive: true, force: true });
});

class FakeLink {
  link: LinkState = { state: "up", since: 0, problem: null };
  readonly #listeners = new Set<() => void>();
  onLink(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  turn(state: LinkState["state"], code?: string): void {
    this.link = { state, since: Date.now(), problem: code ? { code, params: {} } : null };
    for (const listener of this.#listeners) listener();
  }
}

/** A host of one service tree in a temporary directory; PID 1 knows what `units` says. */
class FakeHost {
  readonly bus = new FakeLink();
  readonly engine = new FakeLink();
  readonly units = new Map([["systemd-portabled.service", "inactive/dead"]]);
  readonly calls: string[] = [];
  readonly requested: string[] = [];
  readonly inspections = new Map<string, Inspection>();
  running: DeploymentSummary | null = null;
  watcher: UnitWatcher | undefined;
  inspected: (service: string) => void = () => undefined;
  deployed: (service: string | null) => void = () => undefined;

  options(): ModelOptions {
    const ask = <T>(call: string, answer: () => T): Promise<T> => {
      this.calls.push(call);
      return this.bus.link.state === "up"
        ? Promise.resolve(answer())
        : Promise.reject(new AppError("bus-unreachable"));
    };
    const stateOf = (name: string) => {
      const [active, sub] = (this.units.get(name) ?? "inactive/dead").split("/");
      return {
        name,
        load: active === "masked" ? active : this.units.has(name) ? "loaded" : "not-found",
        active: active ?? "",
        sub: sub ?? "",
      };
    };
    const status = (name: string) => ({
      ...stateOf(name),
      ...{
        description: "",
        fileState: "",
        fragmentPath: "",
        dropInPaths: [],
        needReload: false,
        conditionResult: true,
      },
      ...{ invocationId: "", since: 5000, triggeredBy: [], triggers: [], service: null },
    });
    return {
      bus: this.bus,
      engine: this.engine,
      systemd: {
        version: () => ask("version", () => "257.13-1"),
        unitStates: (names) => ask(`states ${names.join(" ")}`, () => names.map(stateOf)),
        unitsByPatterns: (patterns) => ask(`patterns ${patterns.join(" ")}`, () => []),
        unitStatus: (name) => ask(`status ${name}`, () => status(name)),
      },
      watchUnits: (watcher) => {
        this.watcher = watcher;
        return () => undefined;
      },
      paths: {
        attached: { persistent: `${top}/etc/attached`, runtime: `${top}/run/attached` },
        portables: [`${top}/etc/portables`, `${top}/var/portables`],
        unitLinks: { persistent: `${top}/etc/units`, runtime: `${top}/run/units` },
      },
      roots: [`${top}/srv/*`],
      hostName: "box",
      inspections: {
        get: (path) => this.inspections.get(path) ?? null,
        request: (service, labels) => this.requested.push(`${service} ${labels.join(" ")}`),
        onChange: (listener) => {
          this.inspected = listener;
          return () => undefined;
        },
      },
      rehearsals: { get: () => null, request: () => undefined, onChange: () => () => undefined },
      deployments: {
        running: () => this.running,
        last: () => null,
        marks: () => [],
        freeze: () => null,
        drift: () => null,
        ranBefore: () => [],
        onChange: (listener) => {
          this.deployed = listener;
          return () => undefined;
        },
      },
    };
  }
}

function put(file: string, text = ""): void {
  mkdirSync(dirname(join(top, file)), { recursive: true });
  writeFileSync(join(top, file), text);
}

function image(service: string, label: string): string {
  put(`srv/${service}/${service}_${label}.raw`, "image");
  return `${top}/srv/${service}/${service}_${label}.raw`;
}

function attach(service: string, path: string, state = "active/running"): void {
  put(
    `run/attached/${service}.service.d/20-portable.conf`,
    `# Drop-in created for image '${path}', do not edit.\n`,
  );
  put(`run/attached/${service}.service`, "[Service]\n");
  host.units.set(`${service}.service`, state);
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 3000, interval: 20 });

describe("the live picture of a host", () => {
  it("joins files, attachments and units with one question to PID 1", async () => {
    const path = image("page", "1.1");
    image("page", "1.2");
    image("wiki", "2");
    attach("page", path);
    put("etc/units/multi-user.target.wants/page.service");
    await model.start();
    expect(host.calls.filter((call) => call.startsWith("states page"))).toEqual(["states page.service"]);
    const [page, wiki] = model.snapshot().services;
    expect(page).toMatchObject({
      name: "page",
      state: "running",
      currentLabel: "1.1",
      enabled: true,
      blocked: null,
    });
    expect(page?.versions.map((version) => version.label)).toEqual(["1.2", "1.1"]);
    expect(page?.attachment).toMatchObject({ path, location: "runtime" });
    expect(wiki).toMatchObject({ name: "wiki", state: "detached", current: null });
    await eventually(() => expect(model.service("page")?.since).toBe(5000));
    await eventually(() =>
      expect(model.snapshot().host).toMatchObject({ name: "box", systemdVersion: "257.13-1" }),
    );
  });

  it("costs nothing to look at", async () => {
    attach("page", image("page", "1.1"));
    await model.start();
    await eventually(() => expect(model.service("page")?.since).toBe(5000));
    const before = host.calls.length;
    for (let i = 0; i < 10; i++) model.snapshot();
    expect(host.calls.length).toBe(before);
  });

  it("changes only the service whose unit changed", async () => {
    attach("page", image("page", "1"));
    attach("wiki", image("wiki", "1"));
    await model.start();
    await eventually(() => expect(model.service("wiki")?.since).toBe(5000));
    const wiki = model.service("wiki");
    changes = [];
    host.watcher?.onUnits([
      { name: "page.service", active: "failed", sub: "failed", since: 9000 },
      { name: "cron.service", active: "failed", sub: "failed" },
      { name: "wiki.service", active: "active" },
    ]);
    expect(changes).toHaveLength(1);
    expect(changes[0]?.changed.map((service) => `${service.name} ${service.state} ${service.since}`)).toEqual(
      ["page failed 9000"],
    );
    expect(changes[0]?.hostChanged).toBe(false);
    expect(model.service("wiki")).toBe(wiki);
    expect(model.snapshot().services[0]?.name).toBe("page");
  });

  it("sees what others attach, add and delete", async () => {
    await model.start();
    expect(model.snapshot().services).toEqual([]);
    const path = image("page", "1");
    await eventually(() => expect(model.service("page")?.state).toBe("detached"));
    attach("page", path);
    await eventually(() => expect(model.service("page")?.state).toBe("running"));
    image("page", "2");
    await eventually(() => expect(model.service("page")?.versions).toHaveLength(2));
    rmSync(path);
    await eventually(() =>
      expect(model.service("page")?.findings.map((finding) => finding.code)).toEqual(["image-missing"]),
    );
    expect(model.service("page")).toMatchObject({ current: null, currentLabel: "1" });
    rmSync(`${top}/run/attached`, { recursive: true });
    rmSync(`${top}/srv/page`, { recursive: true });
    await eventually(() => expect(model.snapshot().services).toEqual([]));
    expect(changes.at(-1)?.removed).toEqual(["page"]);
  });

  it("knows an image that is attached from elsewhere", async () => {
    put("far/page_3.raw", "image");
    attach("page", `${top}/far/page_3.raw`);
    await model.start();
    expect(model.service("page")).toMatchObject({
      currentLabel: "3",
      current: { path: `${top}/far/page_3.raw` },
      findings: [],
    });
  });

  it("keeps old facts while the bus is away, and asks anew when it is back", async () => {
    attach("page", image("page", "1"));
    await model.start();
    host.bus.turn("down", "bus-unreachable");
    expect(changes.at(-1)).toMatchObject({ hostChanged: true, changed: [] });
    const { seenAt, missing, bus, services } = model.snapshot();
    expect(services[0]?.state).toBe("running");
    expect(missing.map((part) => part.code)).toEqual(["bus-unreachable"]);
    expect([bus.state, seenAt]).toEqual(["down", bus.since]);
    image("page", "2");
    await eventually(() => expect(model.service("page")?.versions).toHaveLength(2));
    expect(model.service("page")?.state).toBe("running");

    host.units.set("page.service", "failed/failed");
    host.bus.turn("up");
    host.watcher?.onReset();
    await eventually(() => expect(model.service("page")?.state).toBe("failed"));
    expect(model.snapshot().missing).toEqual([]);
  });

  it("has a first picture without a bus", async () => {
    host.bus.turn("down", "bus-unreachable");
    attach("page", image("page", "1"));
    await model.start();
    expect(model.service("page")).toMatchObject({ state: "unknown", currentLabel: "1" });
  });

  it("asks for the images that matter to be opened, each once", async () => {
    const path = image("page", "1");
    for (const label of ["2", "3", "4", "5", "6"]) image("page", label);
    attach("page", path);
    await model.start();
    expect(host.requested).toEqual([]);
    await eventually(() => expect(host.requested).toEqual(["page 1 6 5 4"]));
    const [newest] = model.service("page")?.versions ?? [];
    if (!newest) throw new Error("no versions");
    const facts = { osRelease: { ID: "x" }, prefixes: [], units: ["page.service"] };
    host.inspections.set(newest.path, { path: newest.path, stamp: newest.stamp, at: 0, ok: true, facts });
    host.inspected("page");
    expect(model.service("page")?.upgrade).toMatchObject({ why: "newest", version: { label: "6" } });
    expect(host.requested).toHaveLength(1);
  });

  it("says what is missing, and which deployment blocks a service", async () => {
    attach("page", image("page", "1"));
    await model.start();
    host.engine.turn("down", "engine-missing");
    expect(model.snapshot().missing.map((part) => part.code)).toEqual(["engine-missing"]);
    const times = { requestedAt: 0, startedAt: null, finishedAt: null, startsAt: null, endsAt: null };
    const rest = {
      kind: "upgrade",
      origin: "attache",
      reason: "",
      phase: "waiting",
      outcome: null,
      message: null,
      from: "1",
      to: "2",
    } as const;
    host.running = { id: "X", service: "page", by: "ada", ...times, ...rest };
    host.deployed("page");
    expect(model.service("page")?.blocked).toEqual({
      code: "deployment-running",
      params: { id: "X", by: "ada", version: "2" },
    });
  });

  it("bug: notices a portabled that is masked or removed while it runs", async () => {
    await model.start();
    const missing = () => model.snapshot().missing.map(({ code }) => code);
    expect(missing()).toEqual([]);
    for (const [state, codes] of [
      ["masked", ["portabled-masked"]],
      [null, ["portabled-missing"]],
      ["active/running", []],
    ] as const) {
      if (state === null) host.units.delete("systemd-portabled.service");
      else host.units.set("systemd-portabled.service", state);
      host.watcher?.onReloaded();
      await eventually(() => expect(missing()).toEqual(codes));
    }
  });

  it("reads details once, again when the service changed, and keeps old ones without a bus", async () => {
    attach("page", image("page", "1"));
    await model.start();
    await eventually(() => expect(model.service("page")?.since).toBe(5000));
    const count = () => host.calls.filter((call) => call === "status page.service").length;
    const before = count();
    await model.details("page");
    await model.details("page");
    expect(count()).toBe(before + 1);
    host.watcher?.onUnits([{ name: "page.service", active: "failed" }]);
    host.bus.turn("down");
    expect((await model.details("page")).units[0]?.active).toBe("active");
    await expect(model.details("nope")).rejects.toMatchObject({ code: "not-found" });
  });
});
