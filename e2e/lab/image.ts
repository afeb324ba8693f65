import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { mustRun } from "./processes";
import { cacheDir } from "./state";

export interface ImageSpec {
  readonly service: string;
  readonly version: string;
  /** Unit file name → text. */
  readonly units: Readonly<Record<string, string>>;
  /** Absolute path in the image → text. */
  readonly files?: Readonly<Record<string, string>>;
  /** Like `files`, executable. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Absolute path in the image → file of this machine. */
  readonly copies?: Readonly<Record<string, string>>;
  /** Empty directories: mount points for StateDirectory= and its kin, and for bind paths. */
  readonly directories?: readonly string[];
  /** Paths that every other image has and this one lacks. */
  readonly without?: readonly string[];
  /** Added to os-release; `null` takes a field away. */
  readonly osRelease?: Readonly<Record<string, string | null>>;
  /** Name of the extension this is (systemd-sysext(8)), before its version: it then holds only its own files, on top of another image's. */
  readonly extension?: string;
}

const BUSYBOX = "/bin/busybox";
/** What a read-only image must hold for systemd to mount the host's own over it. */
const MOUNT_POINTS = ["/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/etc"];
const MOUNT_FILES = ["/etc/machine-id", "/etc/resolv.conf"];
/** One second after the epoch, as in Nix's store. */
const MTIME = 1;

/**
 * Builds one portable service image and answers its path. The same spec gives
 * the same bytes, so each is built once and kept in the cache: squashfs, mode
 * 0444, root, 1970-01-01, as `pkgs.portableService` of Nix makes them.
 */
export async function buildImage(spec: ImageSpec): Promise<string> {
  const { size, mtimeMs } = statSync(BUSYBOX);
  const key = createHash("sha256")
    .update(JSON.stringify([3, spec, size, mtimeMs]))
    .digest("hex")
    .slice(0, 16);
  const directory = join(cacheDir(), "images", key);
  const image = join(directory, imageName(spec));
  if (existsSync(image)) return image;

  const building = `${directory}.${process.pid}`;
  try {
    buildTree(spec, join(building, "tree"));
    await mustRun([
      "mksquashfs",
      join(building, "tree"),
      join(building, "image"),
      "-all-root",
      "-noappend",
      "-mkfs-time",
      String(MTIME),
      "-all-time",
      String(MTIME),
      "-no-progress",
      "-quiet",
    ]);
    seal(join(building, "image"));
    mkdirSync(directory, { recursive: true });
    renameSync(join(building, "image"), image);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return image;
}

/** A file that has an image's name and holds no file system; the same bytes each time. */
export function buildNoise(service: string, version: string): string {
  const image = join(cacheDir(), "images", "noise", `${service}_${version}.raw`);
  if (existsSync(image)) return image;
  const blocks = Array.from({ length: 8192 }, (_, n) =>
    createHash("sha256").update(`${service} ${version} ${n}`).digest(),
  );
  mkdirSync(dirname(image), { recursive: true });
  writeFileSync(`${image}.${process.pid}`, Buffer.concat(blocks));
  seal(`${image}.${process.pid}`);
  renameSync(`${image}.${process.pid}`, image);
  return image;
}

export const imageName = (spec: Pick<ImageSpec, "service" | "version" | "extension">) =>
  `${spec.extension ?? spec.service}_${spec.version}.raw`;

/** Lays an image out as a directory (portabled takes those as well). */
export function buildTree(spec: ImageSpec, root: string): void {
  const put = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode });
  };
  for (const path of spec.directories ?? []) mkdirSync(join(root, path), { recursive: true });
  if (spec.extension) {
    // systemd 252 wants the whole name of the image here, version and all.
    put(`/usr/lib/extension-release.d/extension-release.${spec.extension}_${spec.version}`, release(spec));
  } else {
    for (const path of MOUNT_POINTS) mkdirSync(join(root, path), { recursive: true });
    for (const path of MOUNT_FILES) put(path, "");
    put("/usr/lib/os-release", release(spec));
    symlinkSync("../usr/lib/os-release", join(root, "etc/os-release"));
    mkdirSync(join(root, "usr/bin"), { recursive: true });
    cpSync(BUSYBOX, join(root, "usr/bin/busybox"));
    symlinkSync("busybox", join(root, "usr/bin/sh"));
    symlinkSync("usr/bin", join(root, "bin"));
  }
  for (const [name, text] of Object.entries(spec.units)) put(`/usr/lib/systemd/system/${name}`, text);
  for (const [path, text] of Object.entries(spec.files ?? {})) put(path, text);
  for (const [path, text] of Object.entries(spec.programs ?? {})) put(path, text, 0o755);
  for (const [path, source] of Object.entries(spec.copies ?? {})) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    cpSync(source, join(root, path), { dereference: true });
  }
  for (const path of spec.without ?? []) rmSync(join(root, path), { recursive: true, force: true });
}

function release(spec: ImageSpec): string {
  const fields: Record<string, string | null> = {
    ID: "demo",
    VERSION_ID: spec.version,
    // Base and extensions fit when these are equal, whatever their versions are.
    SYSEXT_LEVEL: "1",
    ...(spec.extension
      ? {}
      : { PORTABLE_PREFIXES: spec.service, PRETTY_NAME: `${spec.service} ${spec.version}` }),
    ...spec.osRelease,
  };
  return Object.entries(fields)
    .map(([key, value]) => (value === null ? "" : `${key}="${value}"\n`))
    .join("");
}

function seal(image: string): void {
  chmodSync(image, 0o444);
  utimesSync(image, MTIME, MTIME);
}
