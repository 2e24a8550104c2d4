# Sourced by scripts/check, from the repository's top: Terraform's own checks of terraform/.

# Runs fmt, init, validate and the tests of terraform/tests in a copy: it leaves no files in the tree, and a local state,
# lock or *.tfvars has no effect. It calls no cloud, only the registry for the providers. It reports a check that could
# not run; with CI=true that is a failure.
check_terraform() {
  if ! command -v terraform >/dev/null; then
    not_checked "terraform is missing. Install 1.11 or newer: https://developer.hashicorp.com/terraform/install"
    return
  fi
  terraform fmt -check -recursive -diff terraform || return
  local copy result=0
  copy=$(mktemp -d)
  copy_terraform "$copy" && check_copy "$copy/terraform" || result=$?
  rm -rf "$copy"
  return "$result"
}

copy_terraform() {
  tar -cf - --exclude '.terraform*' --exclude '.build' --exclude '*.tfstate*' --exclude '*.tfvars' terraform | tar -xf - -C "$1"
}

check_copy() {
  local output
  if ! output=$(terraform -chdir="$1" init -backend=false -input=false -no-color 2>&1); then
    echo "$output" >&2
    # With a configured source of the providers the cause is not a missing network: then it is a failure.
    if [[ $output == *"Failed to query available provider packages"* && ! -f ${TF_CLI_CONFIG_FILE:-} ]]; then
      not_checked "terraform could not get its providers (above), so neither validate nor test ran"
      return
    fi
    return 1
  fi
  terraform -chdir="$1" validate -no-color && terraform -chdir="$1" test -no-color
}

not_checked() {
  echo "NOT CHECKED: $1." >&2
  [[ ${CI:-} != true ]]
}
