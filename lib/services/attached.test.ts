import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readAttachments, readEnabledUnits } from "@/lib/services/attached";
import { isMarkerOf, markerNames, parseMarker } from "@/lib/services/marker";

let top = "";
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "attache-attached-"));
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const paths = () => ({
  attached: { persistent: `${top}/etc`, runtime: `${top}/run` },
  unitLinks: { persistent: `${top}/etc-units`, runtime: `${top}/run-units` },
});

function put(file: string, text = ""): void {
  mkdirSync(dirname(join(top, file)), { recursive: true });
  writeFileSync(join(top, file), text);
}

function link(file: string, target: string): void {
  mkdirSync(dirname(join(top, file)), { recursive: true });
  symlinkSync(target, join(top, file));
}

/** Writes what portabled writes for one unit. */
function attach(location: string, unit: string, marker: string, profile?: string): void {
  put(`${location}/${unit}`, "[Service]\n");
  put(`${location}/${unit}.d/20-portable.conf`, `# Drop-in created for image '${marker}', do not edit.\n`);
  utimesSync(`${top}/${location}/${unit}.d/20-portable.conf`, 1000, 1000);
  if (profile)
    link(
      `${location}/${unit}.d/10-profile.conf`,
      `/usr/lib/systemd/portable/profile/${profile}/service.conf`,
    );
}

describe("the marker of portabled", () => {
  const line = (text: string) => `# Drop-in created for image '${text}', do not edit.`;
  it.each([
    [line("/srv/a/a_1.raw"), { path: "/srv/a/a_1.raw", extensions: [] }],
    [
      line("/srv/a_1.raw:/srv/x.raw:/srv/y\\x3az.raw"),
      { path: "/srv/a_1.raw", extensions: ["/srv/x.raw", "/srv/y:z.raw"] },
    ],
    [line("/srv/it's_1.raw"), { path: "/srv/it's_1.raw", extensions: [] }],
    [line("/srv/a:b_1.raw"), { path: "/srv/a:b_1.raw", extensions: [] }],
    [line("/srv/caf\\xc3\\xa9_1.raw"), { path: "/srv/café_1.raw", extensions: [] }],
    [line("relative"), null],
    [line(""), null],
    ["[Service]", null],
    ["", null],
  ])("%s", (text, expected) => {
    expect(parseMarker(text)).toEqual(expected);
  });

  it.each(["/srv/a/a_1.raw", "/srv/café/a:b_1.raw", "/srv/back\\slash/a_1.raw", "/srv/it's/a_1.raw"])(
    "is known as that of %s, in each way in which it may be written",
    (image) => {
      const names = markerNames(image);
      expect(names[0]).toBe(image);
      for (const name of names.slice(-1)) {
        expect(isMarkerOf(line(name), image)).toBe(true);
        expect(isMarkerOf(`${line(`${name}:/srv/x.raw`)}\n[Service]\n`, image)).toBe(true);
        expect(isMarkerOf(line(`${name}x`), image)).toBe(false);
      }
    },
  );
});

describe("what is attached", () => {
  it("groups units by image, with profile, location and time", async () => {
    attach("etc", "clock.socket", "/srv/clock/clock_1.raw");
    attach("etc", "clock.service", "/srv/clock/clock_1.raw", "trusted");
    attach("run", "page.service", "/srv/page/page_2.raw:/srv/ext.raw", "default");
    const { attachments, findings } = await readAttachments(paths());
    expect(findings).toEqual([]);
    expect(attachments).toEqual([
      {
        service: "clock",
        path: "/srv/clock/clock_1.raw",
        extensions: [],
        profile: "trusted",
        location: "persistent",
        units: ["clock.service", "clock.socket"],
        attachedAt: 1_000_000,
      },
      {
        service: "page",
        path: "/srv/page/page_2.raw",
        extensions: ["/srv/ext.raw"],
        profile: "default",
        location: "runtime",
        units: ["page.service"],
        attachedAt: 1_000_000,
      },
    ]);
  });

  it("sees whether release files of extensions may bear any name", async () => {
    const relaxed = "ExtensionImages=/srv/x.raw:x-systemd.relax-extension-release-check\n";
    attach("etc", "page.service", "/srv/page_1.raw:/srv/x.raw");
    attach("etc", "page-x.service", "/srv/page_1.raw:/srv/x.raw");
    attach("etc", "other.service", "/srv/other_1.raw:/srv/x.raw");
    const dropIn = `${top}/etc/page-x.service.d/20-portable.conf`;
    put("etc/page-x.service.d/20-portable.conf", `${readFileSync(dropIn, "utf8")}[Service]\n${relaxed}`);
    const { attachments } = await readAttachments(paths());
    expect(attachments.map(({ service, isRelaxed }) => [service, isRelaxed])).toEqual([
      ["other", undefined],
      ["page", true],
    ]);
  });

  it("resolves a link of portabled that an old systemd wrote down", async () => {
    put("srv/page_1.raw");
    link("links/page_1.raw", `${top}/srv/page_1.raw`);
    attach("etc", "page.service", `${top}/links/page_1.raw`);
    const { attachments } = await readAttachments(paths());
    expect(attachments[0]?.path).toBe(`${top}/srv/page_1.raw`);
  });

  it("tells of drop-ins that it cannot understand, and reads the rest", async () => {
    attach("etc", "good.service", "/srv/good_1.raw");
    attach("etc", "left.service", "/srv/left_1.raw");
    rmSync(`${top}/etc/left.service`);
    put("etc/bare.service");
    put("etc/odd.service");
    put("etc/odd.service.d/20-portable.conf", "[Service]\n");
    put("etc/host.service.d/50-ours.conf", "[Service]\n");
    put("etc/not a unit.service");
    attach("etc", "name.service", "/srv/my app_1.raw");
    const { attachments, findings } = await readAttachments(paths());
    expect(attachments.map((one) => one.service)).toEqual(["good"]);
    expect(
      findings.map(({ params }) => `${params.reason} ${String(params.path).replace(top, "")}`).sort(),
    ).toEqual([
      "ENOENT /etc/bare.service.d/20-portable.conf",
      "name-not-parsed /srv/my app_1.raw",
      "no-marker /etc/odd.service.d/20-portable.conf",
      "no-unit-file /etc/left.service.d/20-portable.conf",
    ]);
  });

  it("is nothing where the directories do not exist", async () => {
    expect(await readAttachments(paths())).toEqual({ attachments: [], findings: [] });
  });
});

describe("what is enabled", () => {
  it("reads links of both styles, aliases and instances, and no masks", async () => {
    link("etc-units/multi-user.target.wants/plain.service", "/nowhere");
    link("etc/multi-user.target.wants/portable.service", "../portable.service");
    link("run/sockets.target.requires/clock.socket", "x");
    link("run-units/a.target.upholds/worker@1.service", "x");
    link("etc-units/alias.service", "/etc/systemd/system.attached/real.service");
    link("etc-units/masked.service", "/dev/null");
    link("etc-units/linked.service", "/opt/linked.service");
    put("etc-units/own.service");
    expect([...(await readEnabledUnits(paths()))].sort()).toEqual([
      "clock.socket",
      "plain.service",
      "portable.service",
      "real.service",
      "worker@1.service",
    ]);
  });
});
