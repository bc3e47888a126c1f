"""A machine's hardware as pages with fields: what is there, what can be changed, and when that would hold."""
