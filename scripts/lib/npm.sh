# Sourced by the scripts that need a tool from npm (the Stripe CLI, pyright): installs the tools of package.json.
# Without npm it does nothing: the script that needs a tool reports that it is missing.
if [[ ! -e node_modules/.bin/stripe || package.json -nt node_modules/.bin/stripe ]] && command -v npm >/dev/null; then
  npm install --no-save --no-audit --no-fund --silent && touch -c node_modules/.bin/* ||
    echo "npm could not install the tools of package.json." >&2
fi
