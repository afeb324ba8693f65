import { describe, expect, it } from "vitest";
import { parseUnitFile } from "@/lib/images/unit-file";
import {
  dataDirectories,
  isPlainName,
  neededPaths,
  rehearsalText,
  serviceSettings,
} from "@/lib/rehearsal/unit-text";

const ROOT = { image: "/srv/web/web_1.raw", extensions: [] };

/** The settings that a rehearsal of a unit takes over, as lines; ours, which begin with WorkingDirectory=, are left out. */
function kept(text: string, name = "web.service", ...dropIns: string[]): string[] {
  const settings = serviceSettings({ name, texts: [text, ...dropIns] });
  const lines = rehearsalText("x", settings, ROOT, []).split("\n");
  return lines.slice(lines.indexOf("[Service]") + 1, lines.lastIndexOf("WorkingDirectory="));
}

describe("what a rehearsal takes over of a unit", () => {
  const sandbox = [
    "BindPaths=/data:/srv/data",
    "BindReadOnlyPaths=-/etc/ssl",
    "TemporaryFileSystem=/var/lib",
    "ProtectSystem=strict",
    "DynamicUser=yes",
    "User=web",
    "ExecPaths=/usr",
    "NoExecPaths=/",
    "ExecSearchPath=/usr/bin",
    "ReadWritePaths=/x",
    "EnvironmentFile=-/etc/default/web",
    "LoadCredential=key:/etc/key",
    "PrivateTmp=yes",
    "RootImageOptions=root:ro",
    "RootHash=00",
    "MountAPIVFS=yes",
    "SystemCallFilter=@system-service",
    "BindLogSockets=yes",
    "TasksMax=4",
  ];
  it.each(sandbox)("keeps %s", (line) => {
    expect(kept(`[Service]\n${line}\n`)).toEqual([line]);
  });

  const gone = [
    ..."ExecStart ExecStartPre ExecStartPost ExecCondition ExecReload ExecStop ExecStopPost".split(" "),
    ..."Type ExitType PIDFile BusName Sockets NotifyAccess RemainAfterExit SuccessExitStatus".split(" "),
    ..."Restart RestartSec RestartForceExitStatus WatchdogSec TimeoutStartSec RuntimeMaxSec".split(" "),
    ..."StateDirectory StateDirectoryMode CacheDirectory LogsDirectory ConfigurationDirectory".split(" "),
    ..."RuntimeDirectory RuntimeDirectoryPreserve RootImage RootDirectory ExtensionImages RootEphemeral".split(
      " ",
    ),
    ..."StandardOutput StandardError StandardInput TTYPath LogExtraFields LogNamespace SyslogIdentifier".split(
      " ",
    ),
    ..."PAMName UtmpIdentifier OpenFile FileDescriptorStoreMax RemoveIPC KillMode Slice Delegate".split(" "),
  ];
  it.each(gone)("leaves out %s=", (key) => {
    expect(kept(`[Service]\n${key}=x\nUser=web\n`)).toEqual(["User=web"]);
  });

  it.each([
    ["other sections", "[Unit]\nDescription=x\n[Install]\nWantedBy=y\n", []],
    ["drop-ins, in their order", "[Service]\nUser=a\n", ["User=a", "User=", "User=b"]],
    ["a continued line, as one", "[Service]\nBindPaths=/a \\\n# no\n /b\n", ["BindPaths=/a  /b"]],
    ["a line that ends in an open backslash, closed", "[Service]\nUser=web\\", ["User=web"]],
    ["a closed one as it is", "[Service]\nUser=web\\\\\n\n", ["User=web\\\\"]],
    [
      "a program behind a carriage return, not at all",
      "[Service]\nUser=a\rExecStart=/bin/evil\n",
      ["User=a"],
    ],
    ["a program behind a zero byte, not at all", "[Service]\nUser=a\0ExecStart=/bin/evil\n", ["User=a"]],
    ["a header behind a carriage return, as one", "[Service]\nUser=a\r[Unit]\rOnFailure=x\n", ["User=a"]],
  ] as const)("takes %s", (name, text, wanted) => {
    const dropIns = name.startsWith("drop-ins") ? ["[Service]\nUser=\n", "[Service]\nUser=b\n"] : [];
    expect(kept(text, "web.service", ...dropIns)).toEqual(wanted);
  });

  it.each([
    ["web.service", "%n %N %p %j", "web.service web web web"],
    ["worker@a-b.service", "%p %i %I %f", "worker a-b a/b /a/b"],
    ["one-two@x.service", "%p %P %j %J", "one-two one/two two two"],
    ["web.service", "%%i %S %H %i", "%%i %S %H "],
  ])("fills in what stands for the name of %s: %s", (name, value, wanted) => {
    expect(serviceSettings({ name, texts: [`[Service]\nBindPaths=${value}\n`] })[0]?.value).toBe(wanted);
  });

  it.each([
    ["web.service", true],
    ["worker@a-b.service", true],
    ["dev-disk\\x2d1.service", false],
    ["a b.service", false],
  ])("can rehearse %s: %s", (name, is) => {
    expect(isPlainName(name)).toBe(is);
  });
});

describe("the unit of a rehearsal", () => {
  const evil =
    "[Service]\nExecStart=/bin/evil\nType=simple\nRootImage=/evil.raw\nWorkingDirectory=/w\nUser=x\\";
  const text = rehearsalText(
    "50% of web",
    serviceSettings({ name: "web.service", texts: [evil] }),
    { image: "/srv/100%/web_1.raw", extensions: ["/opt/a b.raw"] },
    [{ source: "/var/lib/private/we:b", destination: '/var/lib/we"b' }],
  );
  const values = (key: string) =>
    parseUnitFile(text).flatMap((setting) => (setting.key === key ? [setting.value] : []));

  it.each([
    ["ExecStart", ["/attache-rehearsal-nothing"]],
    ["Type", ["exec"]],
    ["RootImage", ["/srv/100%%/web_1.raw"]],
    ["ExtensionImages", ['"/opt/a b.raw"']],
    ["BindPaths", ['"/var/lib/private/we:b":"/var/lib/we\\"b"']],
    ["Description", ["50%% of web"]],
    ["CollectMode", ["inactive-or-failed"]],
    ["WorkingDirectory", ["/w", ""]],
    ["ExecPaths", ['"/bin/evil"', '"/w"']],
  ])("has %s=%s", (key, wanted) => {
    expect(values(key)).toEqual(wanted);
  });
});

describe("data directories", () => {
  const of = (text: string) =>
    dataDirectories(serviceSettings({ name: "web@a.service", texts: [`[Service]\n${text}\n`] })).map(
      ({ sources, destination }) => `${sources.join(" or ")} -> ${destination}`,
    );
  it.each([
    ["StateDirectory=web", ["/var/lib/web or /var/lib/private/web -> /var/lib/web"]],
    ["StateDirectory=web\nDynamicUser=yes", ["/var/lib/private/web or /var/lib/web -> /var/lib/web"]],
    [
      "CacheDirectory=a b",
      [
        "/var/cache/a or /var/cache/private/a -> /var/cache/a",
        "/var/cache/b or /var/cache/private/b -> /var/cache/b",
      ],
    ],
    ["LogsDirectory=a\nLogsDirectory=", []],
    ["ConfigurationDirectory=web\nDynamicUser=1", ["/etc/web -> /etc/web"]],
    ["RuntimeDirectory=web/%i", ["/run/web/a -> /run/web/a"]],
    ["StateDirectory=web:link:ro", ["/var/lib/web or /var/lib/private/web -> /var/lib/web"]],
    ["StateDirectory=%H", [" -> /var/lib/%H"]],
  ])("%s", (text, wanted) => {
    expect(of(text)).toEqual(wanted);
  });
});

describe("what has to be in the image", () => {
  it.each([
    ["ExecStart=/usr/bin/web --all", "/usr/bin/web", null],
    ["ExecStart=@/usr/bin/web web", "/usr/bin/web", null],
    ["ExecStart=-/usr/bin/web", "", null],
    ["ExecStart=+/usr/bin/web", "", null],
    ["ExecStart=web", "", null],
    ["ExecStart=/usr/bin/%H", "", null],
    ["ExecStart=/a\nExecStart=\nExecStart=/b", "/b", null],
    ["WorkingDirectory=/srv", "", "/srv"],
    ["WorkingDirectory=-/srv", "", null],
    ["WorkingDirectory=~", "", null],
  ])("%s", (text, programs, workingDirectory) => {
    const found = neededPaths(serviceSettings({ name: "web.service", texts: [`[Service]\n${text}\n`] }));
    expect(found).toEqual({ programs: programs === "" ? [] : [programs], workingDirectory });
  });
});
