# SPDX-License-Identifier: GPL-2.0-only
#
# Reads, in this order, told apart by `phase`: what the public headers define,
# the tables of features and members, auto.conf, Module.symvers, and the dump(s) of BTF. Writes
# layout, features and verdict into the directory `work`. `headers` is empty
# where there are none.

function complain(text)
{
	print text
	failed = 1
	exit 1
}

phase == "public" {
	public[$0] = 1
}

phase == "table" {
	note = ""
	if (match($0, /[ \t]*#.*/)) {
		note = substr($0, RSTART)
		sub(/[ \t]*#[ \t]*/, "", note)
		$0 = substr($0, 1, RSTART - 1)
	}
	if (NF == 0)
		next
	if (NF < 4 || $2 !~ /^(required|optional|native)$/)
		complain(table ": line " FNR ": expected 'NAME required|optional|native KIND ARGUMENT'")
	nrows++
	row_name[nrows] = $1
	row_level[nrows] = $2
	row_kind[nrows] = $3
	$1 = $2 = $3 = ""
	row_arg[nrows] = substr($0, 4)
	row_note[nrows] = note
}

# What the code uses of private types, each a required row without a macro of its own.
phase == "members" {
	sub(/[ \t]*#.*/, "")
	if (NF == 0)
		next
	nrows++
	row_name[nrows] = "-"
	row_level[nrows] = "required"
	row_kind[nrows] = "member"
	$1 = $1
	row_arg[nrows] = $0
}

phase == "config" && /^CONFIG_/ {
	split($0, setting, "=")
	config[setting[1]] = setting[2]
}

# crc, symbol, module, kind of export, namespace
phase == "symvers" {
	exported[$2] = $3
	if ($5 == "CXL" || $3 ~ /cxl_core$/)
		core_export[++ncore_exports] = $2
}

phase == "btf" {
	btf_line()
}

END {
	if (failed)
		exit 1
	if (!last_type)
		complain("the BTF has no types")
	write_features()
	write_layout()
	print verdict() > (work "/verdict")
}
