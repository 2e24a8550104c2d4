"""The licences of what the deployed functions install, as docs/licenses.md lists them."""
