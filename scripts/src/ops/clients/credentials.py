"""The message for a person who is not logged in to Google: the same in every command."""

from google.auth.exceptions import GoogleAuthError

UNKNOWN = "Google does not know you: gcloud auth application-default login"


def message_of(error: BaseException) -> str:
    """The error's message, or how to log in if missing credentials caused it."""
    cause = error.__cause__
    while cause and not isinstance(cause, GoogleAuthError):
        cause = cause.__cause__
    return UNKNOWN if cause else str(error)
