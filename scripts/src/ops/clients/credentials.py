"""What is said to whoever has not logged in to Google: the same by every command."""

from google.auth.exceptions import GoogleAuthError

UNKNOWN = "Google does not know you: gcloud auth application-default login"


def told(error: BaseException) -> str:
    """An error's own words, or how to log in if it came from credentials that are not there."""
    cause = error.__cause__
    while cause and not isinstance(cause, GoogleAuthError):
        cause = cause.__cause__
    return UNKNOWN if cause else str(error)
