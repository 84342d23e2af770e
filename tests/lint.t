#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What tools find without running anything, and what can be counted: compiler warnings, sparse,
# checkpatch and kernel-doc over all C code, shellcheck over all shell code, licenses, and that the texts
# are true about the tree. Needs no guest. tests/long/lint.t has other compilers.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=lint.sh
. tests/lint.sh

sources() {
	find src scripts tests debian .ci Kbuild Makefile dkms.conf -type f ! -name '*.md' ! -name '*.xz' \
		! -path '*debian/*' -o -path '*debian/rules' | sort
}

c_sources() {
	sources | grep -E '\.[ch]$'
}

shell_scripts() {
	sources | xargs grep -lE '^#!/bin/(ba)?sh|^# shellcheck shell='
}

# What checkpatch says that is not meant, one a line: TYPE, files as an extended regular expression, why.
CHECKPATCH_ALLOWED='
COMPLEX_MACRO		.*				# tables of X macros, and lists of arguments
MACRO_ARG_UNUSED	.*				# columns of a table that this reader of it does not want
TRAILING_SEMICOLON	.*				# likewise: a row makes a statement
SPACING			src/include/overlay.*		# _Generic(), __has_include_next()
TABSTOP			src/include/overlay/.*		# _Generic()
TRAILING_STATEMENTS	src/include/overlay/.*		# _Generic()
IS_ENABLED_CONFIG	src/compat/core\.h		# answers of features.tbl are macros of the same kind
EXPORT_SYMBOL		src/compat/core\.h		# a macro that is used right after functions
USE_NEGATIVE_ERRNO	src/mem/endpoint.*\.c		# what a driver says that does not want a device
VOLATILE		tests/(qemu|guest)/.*		# user programs: registers by mmap()
STRCPY			tests/qemu/.*			# user programs
AVOID_EXTERNS		tests/qemu/.*			# functions of QEMU, which has no header for them
PREFER_DEFINED_ATTRIBUTE_MACRO	(tests/qemu|src/layout)/.*	# user programs
SPLIT_STRING		src/layout/.*			# what is said in whole sentences
'

checkpatch_allowed() {
	printf '%s' "$CHECKPATCH_ALLOWED" | awk 'NF { printf "^%s:[0-9]+: [A-Z]+:%s:\n", $2, $1 }'
}

# Prints what is left. checkpatch.pl is no module of the bookworm root: any perl does.
run_checkpatch() {
	local checkpatch found

	checkpatch=$(scripts/env/checkpatch) || return
	# shellcheck disable=SC2046 # no file of ours has blanks in its name
	"$checkpatch" --no-tree --terse --show-types --max-line-length=100 --no-summary -f $(c_sources) \
		>"$TMP/checkpatch" 2>&1 || true
	# Its verdict on all files would be lost if it said nothing for another reason.
	if ! grep -qE '^[^ ]+:[0-9]+: (WARNING|ERROR):' "$TMP/checkpatch"; then
		cat "$TMP/checkpatch"
		echo "checkpatch has not even found what is allowed"
		return 1
	fi
	found=$(grep -E ': (WARNING|ERROR|CHECK):' "$TMP/checkpatch" | grep -vE -f <(checkpatch_allowed) || true)
	echo "$found"
	[ -z "$found" ]
}

# What is allowed and never found is not needed any more.
unused_allowance() {
	local pattern

	checkpatch_allowed | while read -r pattern; do
		grep -qE "$pattern" "$TMP/checkpatch" || echo "$pattern"
	done
}

run_kernel_doc() {
	# shellcheck disable=SC2046 # no file of ours has blanks in its name
	scripts/env/in-root bookworm -- perl "$KDIR/scripts/kernel-doc" -none -Wall -Werror $(c_sources)
}

# Functions that drivers can call, and that have no kernel-doc. A macro of the same name may be what they
# write.
undocumented_exports() {
	local name

	grep -rhoE '^CORE_EXPORT\(\w+' src | sed 's/.*(//' | while read -r name; do
		grep -rqE "^ \* ${name#_}\(\) - " src || echo "$name"
	done
}

# What kallsyms shows of a module that neither we nor the stock driver have named, as an extended regular
# expression: the linker's, the compiler's, kbuild's, and functions of the kernel's headers that the compiler
# did not inline.
SYMBOLS_ALLOWED='^(__(pfx_|ksymtab_|kstrtab_|kstrtabns_|crc_|param_|UNIQUE_ID_|mod_|func__\.|key\.)\
|__this_module$|____versions$|__(start|stop)_alloc_tags$|(init|cleanup)_module$|orc_header$|_note_[0-9]\
|CSWTCH\.|_rs\.[0-9]|\.L|platform_device_register_resndata\>)'
SYMBOLS_ALLOWED=${SYMBOLS_ALLOWED//\\$'\n'/}

# unprefixed_symbols MODULE...: functions and objects in them that show in a call trace, and do not say
# whose they are.
unprefixed_symbols() {
	local symbols

	symbols=$(scripts/env/in-root bookworm -- nm --defined-only "$@" | awk 'NF == 3 { print $3 }')
	[ -n "$symbols" ] || echo "nm shows no symbols"
	echo "$symbols" | grep -vE '^(cxl_|_?devm_cxl_)' | grep -vE "$SYMBOLS_ALLOWED" || true
}

check_license() {
	# The example of a vendor's package has a debian/ directory, whose files have formats of their own; git
	# archive writes scripts/commit.
	local without

	without=$(sources | grep -vE '/debian/|^scripts/commit$' | xargs grep -L 'SPDX-License-Identifier: GPL-2.0-only' || true)
	echo "$without"
	[ -z "$without" ]
}

check_width() {
	! c_sources | xargs expand | awk 'length($0) > 100 && !/^ *"/' | grep .
}

# ---- the time ----

# Tests without a budget, and budgets without a test.
check_budgets() {
	local names

	names=$(cd tests && printf '%s\n' *.t {long,packages}/*.t | sed 's/\.t$//' | sort)
	diff <(echo "$names") <(awk '!/^#/ && NF { print $1 }' tests/budgets | sort)
}

# All of make check: 11 minutes of two processors.
budgets_fit() {
	local sum

	sum=$(awk '!/^#/ && NF && $1 !~ /\// { sum += $2 } END { print sum }' tests/budgets)
	echo "$sum seconds"
	[ "$sum" -le 1320 ]
}

# ---- the texts ----

# The rows of the contract: number, what is kept here, tests; separated by tabs.
contract() {
	awk -F' *\\| *' '$2 ~ /^C[0-9]+$/ { print $2 "\t" $6 "\t" $7 }' src/README.md
}

# A part that is kept names its tests, and these are there.
contract_without_test() {
	local number here tests name

	contract | while IFS=$'\t' read -r number here tests; do
		[ "$here" = "not yet" ] || [ -n "$tests" ] || echo "$number: no test"
		for name in ${tests//\`/}; do
			[ -x "tests/$name.t" ] || echo "$number: no test $name"
		done
	done
}

# Numbers that tests cite and the contract has not.
unknown_numbers() {
	grep -rhoE --include='*.t' --include='*.sh' --include='*.md' '\bC[0-9]{1,2}\b' tests | sort -u |
		grep -vxF -f <(contract | cut -f1) || true
}

# Scripts that are not in the README of their folder.
unlisted_scripts() {
	find scripts -type f ! -name README.md ! -path '*.d/*' -printf '%f\n' | while read -r name; do
		grep -qF "\`$name\`" scripts/README.md || echo "$name"
	done
}

# Links of the texts to files that are not there.
dead_links() {
	local text link

	find . -name '*.md' ! -path './build/*' | while read -r text; do
		grep -oE '\]\([^)#]+\)' "$text" | sed 's/^](//; s/)$//' | grep -v '^http' | while read -r link; do
			[ -e "$(dirname "$text")/$link" ] || echo "$text: $link"
		done
	done
}

[ -f "build/$KERNEL/Module.symvers" ] || scripts/env/in-root bookworm -- scripts/build "$KERNEL" >&2
ok "gcc-12 (W=1) and sparse have nothing to say, cxl_port built in" \
	compile_silently bookworm "$KERNEL" keep C=2 W=1
ok "gcc-12 (W=1) and sparse have nothing to say, cxl_port replaced" \
	compile_silently bookworm "$KERNEL" replace C=2 W=1 CONFIG_MODVERSIONS=
is "every symbol of the modules begins with cxl_ or devm_cxl_" \
	"$(unprefixed_symbols "$TMP"/lint-bookworm-{keep,replace}/{cxl,dax}_*.ko)" ""
for driver in src/sample tests/drivers/* tests/guest/{odd,user,hosts}; do
	[ ! -f "$driver/Kbuild" ] || ok "gcc-12 (W=1) and sparse have nothing to say about $driver" compile_driver_silently bookworm "$KERNEL" "$driver" C=2 W=1
done
ok "checkpatch has nothing to say" run_checkpatch
is "all that checkpatch may say is still needed" "$(unused_allowance)" ""
ok "kernel-doc has nothing to say" run_kernel_doc
is "all that drivers can call has kernel-doc" "$(undocumented_exports)" ""
# shellcheck disable=SC2046 # no file of ours has blanks in its name
ok "shellcheck has nothing to say" scripts/env/in-root bookworm -- shellcheck -x $(shell_scripts)
ok "every source names its license" check_license
ok "no C source is wider than 100 columns" check_width
ok "each test has a budget" check_budgets
ok "the budgets of make check fit into its time" budgets_fit
# A page of 120 lines, and the table of what the memory survives.
ok "the README has at most 150 lines, beside what make bench puts there" \
	test "$(sed '/^<!-- bench -->$/,/^<!-- \/bench -->$/ { /^<!--/!d }' README.md | wc -l)" -le 150
is "the contract is C1 to C13" "$(contract | cut -f1 | paste -sd ' ')" "$(echo C{1..13})"
is "each part of the contract that is kept names a test" "$(contract_without_test)" ""
is "tests cite no number that the contract has not" "$(unknown_numbers)" ""
is "scripts/README.md has all scripts" "$(unlisted_scripts)" ""
is "no link in the texts is dead" "$(dead_links)" ""
done_testing
