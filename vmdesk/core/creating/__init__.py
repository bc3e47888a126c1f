"""New machines: looked at, made and, if it does not work out, taken back. The wizard and `vmdesk create` alike."""
