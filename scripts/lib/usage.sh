# Sourced by scripts that take one option at most.

# check_usage SCRIPT OPTION ARGUMENTS…: goes on if there are no arguments, or if OPTION is the only one. Otherwise it
# prints the comment on top of the script and exits: 0 for --help, 2 for anything else.
check_usage() {
  local script=$1 option=$2
  shift 2
  if [[ $# == 0 || ($# == 1 && $1 == "$option") ]]; then
    return
  fi
  if [[ $1 == --help || $1 == -h ]]; then
    _usage "$script"
    exit 0
  fi
  echo "$script does not take: $*" >&2
  _usage "$script" >&2
  exit 2
}

_usage() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"
}
