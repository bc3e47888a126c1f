"""The machine's page, tab "Hardware", in parts."""
