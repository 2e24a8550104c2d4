# Sourced by scripts/check, after setup.sh: runs checkov over terraform/, with .checkov.yaml. It has its own environment,
# .checkov, because it installs the same module as python-hcl2.
check_with_checkov() {
  local locked=scripts/lib/checkov/requirements.txt
  local stamp=.checkov/$(cat "$locked" | cksum | tr ' ' -)
  if [[ ! -e $stamp ]]; then
    rm -rf .checkov
    .venv/bin/uv venv --quiet --no-python-downloads --python .venv/bin/python .checkov
    .venv/bin/uv pip install --quiet --python .checkov/bin/python --require-hashes --requirement "$locked"
    touch "$stamp"
  fi
  .checkov/bin/checkov --config-file .checkov.yaml
}
