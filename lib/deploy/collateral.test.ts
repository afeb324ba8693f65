import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { damagedServices, readAttachedFiles } from "@/lib/deploy/collateral";
import type { Attachment } from "@/lib/services/types";
import type { HostPaths } from "@/lib/systemd/types";

let root: string;
let paths: HostPaths;
const attachments = ["web", "webadmin"].map(
  (service): Attachment => ({
    service,
    path: `/srv/${service}/${service}_1.raw`,
    extensions: [],
    profile: "default",
    location: "persistent",
    units: [`${service}.service`],
    attachedAt: 0,
  }),
);
const at = (name: string) => path.join(root, name);
const read = () => readAttachedFiles(paths, attachments);

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "collateral-"));
  paths = {
    attached: { persistent: root, runtime: at("runtime") },
    unitLinks: { persistent: at("links"), runtime: at("links") },
    portables: [],
  };
  for (const service of ["web", "webadmin"]) {
    await mkdir(at(`${service}.service.d`), { recursive: true });
    await writeFile(at(`${service}.service`), "[Service]\n");
    await writeFile(at(`${service}.service.d/20-portable.conf`), "12345\n");
    await symlink("/profile/default", at(`${service}.service.d/10-profile.conf`));
  }
});
afterEach(() => rm(root, { recursive: true }));

describe("what happened to other services' files", () => {
  it("nothing, where they are the same bytes", async () => {
    const before = await read();
    await writeFile(at("copy"), "12345\n");
    await rename(at("copy"), at("web.service.d/20-portable.conf"));
    expect(damagedServices(before, await read(), attachments)).toEqual([]);
    expect(before.size).toBe(6);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["as many other bytes, a moment later", () => writeFile(at("web.service.d/20-portable.conf"), "54321\n")],
    ["a link to elsewhere", () => relink(at("web.service.d/10-profile.conf"))],
    ["a file that is gone", () => rm(at("web.service"))],
    ["a directory that is gone", () => rm(at("web.service.d"), { recursive: true })],
  ])("%s", async (_, change) => {
    const before = await read();
    await change();
    expect(damagedServices(before, await read(), attachments).map(({ service }) => service)).toEqual(["web"]);
  });

  it("other bytes are seen although size and time were put back", async () => {
    const file = at("web.service");
    const long = new Date(Date.now() - 60_000);
    await utimes(file, long, long);
    await new Promise((resolve) => setTimeout(resolve, 1100)); // until its digest is one to be kept
    const before = await read();
    await read();
    await writeFile(file, "[servicE]\n");
    await utimes(file, long, long);
    expect(damagedServices(before, await read(), attachments)).toHaveLength(1);
  });
});

async function relink(link: string): Promise<void> {
  await rm(link);
  await symlink("/profile/trusted", link);
}
