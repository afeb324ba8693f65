/** Exit codes that systemd itself uses before the program has started (systemd.exec(5), "Process exit codes"). */
const SETUP_FAILURES: Readonly<Record<string, string>> = {
  "200": "Its working directory does not exist in the image.",
  "203":
    "The program could not be started: it is not in the image, not executable, built for another CPU type, or its loader is missing.",
  "205": "A resource limit could not be set.",
  "208": "Its standard input could not be opened.",
  "209": "Its standard output could not be opened.",
  "210": "Its root directory could not be entered.",
  "216": "Its group does not exist in the image.",
  "217": "Its user does not exist in the image.",
  "218": "Its capabilities could not be set.",
  "219": "Its control group could not be set up.",
  "224": "Its PAM session could not be opened.",
  "225": "Its private network could not be set up.",
  "226":
    "Its file system view could not be put together: the image lacks a directory or file to mount on, a host path it binds does not exist, or the image file itself could not be opened. The log names the path.",
  "227": "The ban on new privileges could not be set.",
  "228": "Its system call filter could not be set.",
  "229": "Its SELinux context could not be set.",
  "231": "Its AppArmor profile could not be set.",
  "232": "Its address families could not be restricted.",
  "233": "Its runtime directory could not be made.",
  "235": "The owner of one of its directories could not be changed.",
  "237": "Its kernel keyring could not be set up.",
  "238": "Its state directory could not be made.",
  "239": "Its cache directory could not be made.",
  "240": "Its log directory could not be made.",
  "241": "Its configuration directory could not be made.",
  "242": "Its memory policy could not be set.",
  "243": "A credential that it loads is missing on the host.",
  "244": "A BPF program could not be loaded.",
};

/** Why a service failed, from `Result=` and `ExecMainStatus=` of its unit; both may be unknown (""). */
export function exitWords(result: string, status: string): string {
  switch (result) {
    case "exit-code":
      return (
        SETUP_FAILURES[status] ??
        (status === ""
          ? "The program ended with an error; see its log."
          : `The program ended with code ${status}; see its log.`)
      );
    case "signal":
    case "core-dump":
      return status === "31"
        ? "The program made a system call that its profile blocks."
        : `The program was ended by signal ${status}${result === "core-dump" ? " and left a core dump" : ""}.`;
    case "timeout":
      return "It did not start or stop in the time it has.";
    case "watchdog":
      return "It stopped telling systemd that it is alive.";
    case "start-limit-hit":
      return "It failed too often in a short time, so systemd no longer starts it.";
    case "oom-kill":
      return "It was killed because memory ran out.";
    case "resources":
      return "systemd could not set it up; often a settings file on the host (EnvironmentFile=) is missing.";
    case "protocol":
      return "It did not tell systemd that it was ready in the way its unit promises.";
    case "exec-condition":
      return "Its own start condition said no.";
    case "success":
      return "It ended by itself, without an error.";
    default:
      return result === "" ? "" : `systemd gives the reason as “${result}”.`;
  }
}
