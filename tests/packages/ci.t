#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What scripts/package/ci has for the repository of a driver, on a Debian 12 system: the commands of the jobs are
# run as GitHub and GitLab run them, for one kernel, with the sample as the driver. Their services themselves are
# not here.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# What a job is, as shell code: its variables, then its commands. GitHub gives each step a shell, GitLab one to
# all.
JOB='
import shlex, sys, yaml
job = yaml.safe_load(open(sys.argv[1]))
if "jobs" in job:
    job = job["jobs"]["kernel"]
    variables = job["env"]
    kernels = job["strategy"]["matrix"]["kernel"]
    commands = ["bash -e -c " + shlex.quote(step["run"]) for step in job["steps"] if "run" in step]
    artifacts = [step["with"]["path"].split() for step in job["steps"] if "upload" in step.get("uses", "")][0]
else:
    job = job["kernels"]
    variables = job["variables"]
    kernels = job["parallel"]["matrix"][0]["KERNEL"]
    commands = job["before_script"] + job["script"] + job["after_script"]
    artifacts = job["artifacts"]["paths"]
lines = {
    "kernels": kernels,
    "artifacts": artifacts,
    "variables": [name + "=" + shlex.quote(value) for name, value in variables.items()],
    "commands": commands,
}
print("\n".join(lines[sys.argv[2]]))
'

# job PART: of the service at hand
job() {
	in_system python3 -c "$JOB" "/home/user/cxl-accel/scripts/package/ci/$service.yml" "$1"
}

# In the driver's repository, where a job begins. What is set is less than the job has.
run_job() {
	{
		echo 'set -e; set -a; cd /home/user/my_driver'
		job variables
		echo "CXL_ACCEL=file:///home/user/cxl-accel KERNEL=debian-12"
		echo 'set +a'
		job commands
	} >"$SYSTEM/home/user/job"
	in_system HOME="$home" runuser -u "$account" -- bash /home/user/job
}

unknown_kernels() {
	job kernels | grep -vxF -f <(sed -nE 's/^([a-z][^ \t]*).*/\1/p' scripts/matrix.list) || true
}

missing_artifacts() {
	local pattern

	job artifacts | while read -r pattern; do
		in_system sh -c "cd /home/user/my_driver && ls $pattern" >/dev/null || echo "$pattern"
	done
}

test_service() {
	local service=$1 account=$2 home=$3

	is "$service: all its kernels are of scripts/matrix.list" "$(unknown_kernels)" ''
	like "$service: it fetches the version that there is" "$(job variables)" "^CXL_ACCEL_REF=v$version\$"
	ok "$service: its commands do their work" run_job
	like "$service: the sample has passed" "$(cat "$SYSTEM/tmp/matrix/table")" '^debian-12 .* replace +passed$'
	is "$service: what it keeps is there" "$(missing_artifacts)" ''
	rm -rf "$SYSTEM"/tmp/{matrix,cxl-accel}
}

version=$(package_version)
new_system bookworm
mount_copy "$CACHE/root/bookworm" bookworm "$SYSTEM/var/cache/cxl-accel/root/bookworm"
ok 'git, and what reads the jobs' user 'sudo apt-get install --no-install-recommends git python3-yaml'
ok "cxl-accel's repository" user "git init -q && git add -A && git tag -f v$version \
	\$(git -c user.name=user -c user.email=user@example.org commit-tree -m release \$(git write-tree))"
# It belongs to somebody else than root.
printf '[safe]\n\tdirectory = *\n' >"$SYSTEM/etc/gitconfig"
ok "the driver's" user 'cp -r src/sample ../my_driver'

test_service github user /home/user
test_service gitlab root /root
ok 'a test that fails' user "echo 'exit 3' >../my_driver/test.sh"
service=github account=user home=/home/user
nok 'a test that fails: the job does' run_job
done_testing
