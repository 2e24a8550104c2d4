# Words that hide who acts. A sentence with one of them is clearer with the caller, the buyer, the operator or the reader
# as its subject.
HIDING='nobody|somebody|anybody|whoever|whomever|wherever'

# Fails on each such word in the given files and folders, and prints its place.
check_words() {
  if grep -rniwE --include='*.py' --include='*.md' "$HIDING" "$@"; then
    echo "Write who acts instead of these words: $HIDING" >&2
    return 1
  fi
}
