# Sourced by scripts/check, from the repository's top: what Terraform itself says of terraform/.

# fmt, init, validate and the tests of terraform/tests, in a copy, so that nothing of it stays in the tree and nobody's
# state, lock or *.tfvars has a say. No cloud is asked, but the registry for the providers. What could not be checked is
# said; with CI=true it is a failure.
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
  local said
  if ! said=$(terraform -chdir="$1" init -backend=false -input=false -no-color 2>&1); then
    echo "$said" >&2
    # Whoever names a configuration of the providers' sources wants them from there: then it is no lack of a network.
    if [[ $said == *"Failed to query available provider packages"* && ! -f ${TF_CLI_CONFIG_FILE:-} ]]; then
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
