# SPDX-License-Identifier: GPL-2.0-only
#
# Reads, in this order, told apart by `phase`: the public headers' type names,
# the feature table, auto.conf, Module.symvers, and the BTF dump(s).

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
	sub(/[ \t]*#.*/, "")
	if ($0 == "")
		next
	if (NF < 4 || $2 !~ /^(required|optional|native)$/)
		complain(table ": line " FNR ": expected 'NAME required|optional|native KIND ARGUMENT'")
	nrows++
	row_name[nrows] = $1
	row_level[nrows] = $2
	row_kind[nrows] = $3
	sub(/^[ \t]*[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+/, "")
	gsub(/[ \t]+/, " ")
	row_arg[nrows] = $0
}

phase == "config" && /^CONFIG_/ {
	split($0, setting, "=")
	config[setting[1]] = setting[2]
}

# crc, symbol, module, export type, namespace
phase == "symvers" {
	exported[$2] = $3
	if ($5 == "CXL" || $3 ~ /cxl_core$/)
		core_export[++ncore_exports] = $2
}

phase == "btf" {
	btf_line()
	if (type > last_type)
		last_type = type
}

END {
	if (failed)
		exit 1
	if (!ntypes)
		complain("the BTF holds no type")
	write_features()
	write_layout()
	print verdict() > (work "/verdict")
}
