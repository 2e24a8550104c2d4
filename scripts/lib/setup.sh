# Sourced by the other scripts, from the repository's top: installs the packages of requirements.txt in .venv, or only
# those of the file that `setup_packages` names. Needs only Python 3.11 or newer.

# pip, uv, node and httpx bring certificates of their own. What the machine trusts is trusted, too: where a proxy opens
# TLS, it has the proxy's. What is set already stays.
for bundle in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
  if [[ -r $bundle ]]; then
    export SSL_CERT_FILE=$bundle
    export PIP_CERT=${PIP_CERT:-$bundle} REQUESTS_CA_BUNDLE=${REQUESTS_CA_BUNDLE:-$bundle}
    export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-$bundle}
    break
  fi
done
export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-true}
# A demo and a test start dozens of programs: what the first has compiled, the others load.
unset PYTHONDONTWRITEBYTECODE
python=
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [[ -z $python ]]; then
  echo "Python 3.11 or newer is needed and was not found. Debian/Ubuntu: apt-get install python3 python3-venv; macOS: brew install python" >&2
  exit 1
fi
wanted=${setup_packages:-requirements.txt}
stamp=.venv/installed-$(cksum <"$wanted" | tr ' ' -)
if [[ ! -e $stamp || ! -x .venv/bin/python || ! -x .venv/bin/uv ]]; then
  echo "Setting up .venv (some seconds, once) …" >&2
  # A set-up that was interrupted may have left half a package, which uv takes as whole.
  if [[ -e .venv/incomplete || ! -x .venv/bin/uv ]] ||
    ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    rm -rf .venv
    if ! "$python" -m venv .venv; then
      rm -rf .venv
      echo "Python could not make a virtual environment. Debian/Ubuntu: apt-get install python3-venv" >&2
      exit 1
    fi
  fi
  rm -f .venv/installed-*
  touch .venv/incomplete
  if [[ ! -x .venv/bin/uv ]]; then
    sed -n '/^uv==/,/[^\\]$/p' "$wanted" >.venv/uv.txt
    .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement .venv/uv.txt || true
  fi
  # uv takes a second where pip takes thirty, but does not read pip's settings. pip may reach an index that uv does not.
  if ! { [[ -x .venv/bin/uv ]] &&
    .venv/bin/uv pip sync --quiet --require-hashes --python .venv/bin/python "$wanted"; } &&
    ! .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement "$wanted"; then
    echo "The packages of $wanted could not be installed: see above. Can this machine reach the package index?" >&2
    exit 1
  fi
  touch "$stamp"
  if [[ $wanted == requirements.txt ]]; then # it holds the others
    touch ".venv/installed-$(cksum <scripts/lib/requirements.txt | tr ' ' -)"
  fi
  rm .venv/incomplete
fi
unset python candidate stamp bundle wanted
