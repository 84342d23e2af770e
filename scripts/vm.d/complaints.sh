# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What a kernel complains with. For scripts/vm and tests/packages/lib.sh.

# Lines of the kernel log that are a complaint. They start a message, but for the time stamp.
COMPLAINTS='^(\[[ 0-9.]+\](\[[^]]*\])? )?('
COMPLAINTS+='BUG:|BUG [[:alnum:]_-]+ \(|kernel BUG at|WARNING:|Oops:|Call Trace:|Kernel panic'
COMPLAINTS+='|general protection fault|Internal error:|Unable to handle|unable to handle'
COMPLAINTS+='|INFO: possible|INFO: task .* blocked|INFO: trying to register non-static key'
COMPLAINTS+='|INFO: rcu|INFO: Slab|rcu: INFO:|rcu: .*(stall|starved)|watchdog: BUG'
COMPLAINTS+='|NMI watchdog: .*LOCKUP|DEBUG_LOCKS_WARN_ON|UBSAN:|kmemleak:.* new suspected'
COMPLAINTS+='|list_(add|del) corruption|(list_add|list_del)[. ].*(corruption|should be)'
COMPLAINTS+='|refcount_t:|Bad page|detected buffer overflow|sysfs: cannot create duplicate'
COMPLAINTS+=')|KASAN:|KFENCE:|KCSAN:|scheduling while atomic|detected stalls? on CPU'

# complaints FILE: those in a console log, as NUMBER:LINE.
complaints() {
	tr -d '\r' <"$1" | grep -n -E "$COMPLAINTS" || true
}
